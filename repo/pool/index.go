package pool

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"syscall"
)

// Index is the packages of one repository, ready for use. It may be shared by
// any number of goroutines.
type Index struct {
	key      string
	strOff   []uint32
	strBlob  []byte
	strHash  []uint32
	rels     []Rel
	packages []record
	depEnd   []uint32
	deps     []Dep
	provOff  []uint32
	prov     []entry
	obsolete []obsolete
	weak     []uint32
	files    []file
	detEnd   []uint32
	details  []byte
}

// Load makes an index of the bytes a Builder made. They stay in use and must not
// change. An error means that they are damaged or of another version and have to
// be built anew.
func Load(data []byte) (*Index, error) {
	if err := verify(data); err != nil {
		return nil, err
	}
	x, err := join(data)
	if err != nil {
		return nil, err
	}
	if err := x.check(); err != nil {
		return nil, fmt.Errorf("package index is damaged: %w", err)
	}
	return x, nil
}

// join makes an index of its sections.
func join(data []byte) (*Index, error) {
	parts, err := decode(data)
	if err != nil {
		return nil, err
	}
	x := &Index{
		key:    string(parts[secKey]),
		strOff: of[uint32](parts[secStrOff]), strBlob: parts[secStrBlob], strHash: of[uint32](parts[secStrHash]),
		rels: of[Rel](parts[secRels]), packages: of[record](parts[secPackages]),
		depEnd: of[uint32](parts[secDepEnd]), deps: of[Dep](parts[secDeps]),
		provOff: of[uint32](parts[secProvOff]), prov: of[entry](parts[secProv]),
		obsolete: of[obsolete](parts[secObsoletes]), weak: of[uint32](parts[secWeak]),
		files: of[file](parts[secFiles]), detEnd: of[uint32](parts[secDetailEnd]), details: parts[secDetails],
	}
	if err := x.checkSizes(); err != nil {
		return nil, fmt.Errorf("package index is damaged: %w", err)
	}
	return x, nil
}

// Write writes the index in the form that Load takes. Errors are those of w.
func (x *Index) Write(w io.Writer) error {
	return encode(w, &[sections][]byte{
		secKey:       []byte(x.key),
		secStrOff:    bytesOf(x.strOff),
		secStrBlob:   x.strBlob,
		secStrHash:   bytesOf(x.strHash),
		secRels:      bytesOf(x.rels),
		secPackages:  bytesOf(x.packages),
		secDepEnd:    bytesOf(x.depEnd),
		secDeps:      bytesOf(x.deps),
		secProvOff:   bytesOf(x.provOff),
		secProv:      bytesOf(x.prov),
		secObsoletes: bytesOf(x.obsolete),
		secWeak:      bytesOf(x.weak),
		secFiles:     bytesOf(x.files),
		secDetailEnd: bytesOf(x.detEnd),
		secDetails:   x.details,
	})
}

// Open maps the index file at path into memory and proves that it is whole. The
// mapping lives as long as the Index is reachable; the file may be replaced by
// rename meanwhile, but must not be written to.
func Open(path string) (*Index, error) { return mapFile(path, Load) }

// OpenSealed is Open for a file that nobody but Index.Write wrote to: it looks at
// the header only, so that the rest is read when it is needed.
func OpenSealed(path string) (*Index, error) { return mapFile(path, join) }

func mapFile(path string, load func([]byte) (*Index, error)) (*Index, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if st.Size() < int64(headerSize) || st.Size() > 1<<36 {
		return nil, fmt.Errorf("open %s: no package index", path)
	}
	data, err := syscall.Mmap(int(f.Fd()), 0, int(st.Size()), syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map %s: %w", path, err)
	}
	x, err := load(data)
	if err != nil {
		syscall.Munmap(data)
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	runtime.AddCleanup(x, func(m []byte) { syscall.Munmap(m) }, data)
	return x, nil
}

// Key is what was given to NewBuilder.
func (x *Index) Key() string { return x.key }

// Len is the number of packages.
func (x *Index) Len() int { return len(x.packages) }

// text is string i. It lives in the index.
func (x *Index) text(i uint32) []byte { return x.strBlob[x.strOff[i]:x.strOff[i+1]] }

// find returns the number of s and whether the index has it.
func (x *Index) find(s string) (uint32, bool) {
	if s == "" {
		return 0, true
	}
	mask := uint32(len(x.strHash) - 1)
	h := uint32(hash(s)) & mask
	for range x.strHash {
		i := x.strHash[h]
		if i == 0 {
			break
		}
		if string(x.text(i)) == s {
			return i, true
		}
		h = (h + 1) & mask
	}
	return 0, false
}

// list is one dependency list of a package.
func (x *Index) list(pkg uint32, kind Kind) []Dep {
	i := int(pkg)*int(kinds) + int(kind)
	var start uint32
	if i > 0 {
		start = x.depEnd[i-1]
	}
	return x.deps[start:x.depEnd[i]]
}
