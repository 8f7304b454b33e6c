package pool

import (
	"bytes"
	"fmt"

	"github.com/fimg/fimg/repo/repodata"
)

// The bounds of an index. A repository beyond them is refused.
const (
	maxPackages = 4 << 20
	maxStrings  = 1 << 30
	maxBlob     = 1<<32 - 1
)

// Builder makes the index of one repository. It is used by one goroutine; the
// same packages in the same order give the same bytes.
type Builder struct {
	key      string
	strings  interner
	rels     relations
	packages []record
	depEnd   []uint32 // end of each list in deps, kinds per package
	deps     []Dep
	files    []file
	details  []byte
	detEnd   []uint32
	pre      []Dep
	scratch  []byte

	expected  int // packages, zero when unknown
	reserveAt int // number of packages at which memory is reserved for the others
}

// NewBuilder returns an empty builder. The key is kept in the index and given
// back by Index.Key: whoever caches indexes puts there what the metadata was.
func NewBuilder(key string) *Builder {
	b := &Builder{key: key}
	b.strings.init()
	b.rels.init()
	return b
}

// Add appends one package. Nothing of p is kept. Errors name the package; the
// builder must not be used further after one.
func (b *Builder) Add(p *repodata.Package) error {
	if len(b.packages) == b.reserveAt {
		b.reserve()
	}
	if len(b.packages) >= maxPackages {
		return fmt.Errorf("add package %s: more than %d packages", p.Name, maxPackages)
	}
	r := record{
		Name: b.strings.add(p.Name), Arch: b.strings.add(p.Arch),
		EVR: b.evr(p.Epoch, p.Version, p.Release), Vendor: b.strings.add(p.Vendor),
	}
	b.packages = append(b.packages, r)
	if err := b.lists(p, r); err != nil {
		return fmt.Errorf("add package %s: %w", p.Name, err)
	}
	b.addFiles(p.Files)
	b.addDetails(p)
	if b.strings.full() || len(b.details) > maxBlob || len(b.deps) > maxBlob/4 {
		return fmt.Errorf("add package %s: index grows too big", p.Name)
	}
	return nil
}

// lists appends the dependency lists in the order of their kinds.
func (b *Builder) lists(p *repodata.Package, r record) error {
	b.pre = b.pre[:0]
	lists := [...][]repodata.Dep{p.Requires, p.Provides, p.Conflicts, p.Obsoletes,
		p.Recommends, p.Suggests, p.Supplements, p.Enhances}
	for kind, list := range lists {
		start := len(b.deps)
		for i := range list {
			d, err := b.dep(&list[i])
			if err != nil {
				return err
			}
			if Kind(kind) == Requires && bytes.HasPrefix(list[i].Name, rpmlib) {
				continue
			}
			if Kind(kind) == Requires && list[i].Pre {
				b.pre = append(b.pre, d)
			}
			b.appendUnique(start, d)
		}
		if Kind(kind) == Provides && b.strings.text(r.Arch) != "src" {
			b.appendUnique(start, b.rel(Rel{Dep(r.Name), Dep(r.EVR), opEQ}))
		}
		b.depEnd = append(b.depEnd, uint32(len(b.deps)))
	}
	b.deps = append(b.deps, b.pre...)
	b.depEnd = append(b.depEnd, uint32(len(b.deps)))
	return nil
}

var rpmlib = []byte("rpmlib(")

// appendUnique appends d to the list beginning at start unless it is the last
// element or, in a short list, any.
func (b *Builder) appendUnique(start int, d Dep) {
	list := b.deps[start:]
	for i := len(list) - 1; i >= 0 && i >= len(list)-64; i-- {
		if list[i] == d {
			return
		}
	}
	b.deps = append(b.deps, d)
}

// dep interns one dependency.
func (b *Builder) dep(d *repodata.Dep) (Dep, error) {
	if len(d.Name) > 0 && d.Name[0] == '(' {
		return b.rich(string(d.Name))
	}
	name := Dep(b.strings.add(d.Name))
	op := comparison(d.Flags)
	if op == 0 {
		return name, nil
	}
	return b.rel(Rel{name, Dep(b.evr(d.Epoch, d.Version, d.Release)), op}), nil
}

func comparison(f repodata.Flags) (op Op) {
	if f&repodata.Less != 0 {
		op |= opLT
	}
	if f&repodata.Greater != 0 {
		op |= opGT
	}
	if f&repodata.Equal != 0 {
		op |= opEQ
	}
	return op
}

func (b *Builder) rel(r Rel) Dep { return Dep(b.rels.add(r)) | relBit }

// evr interns "epoch:version-release" without an epoch of zero.
func (b *Builder) evr(epoch, version, release []byte) uint32 {
	s := b.scratch[:0]
	if e := bytes.TrimLeft(epoch, "0"); len(e) > 0 {
		s = append(append(s, e...), ':')
	}
	s = append(s, version...)
	if len(release) > 0 {
		s = append(append(s, '-'), release...)
	}
	b.scratch = s
	return b.strings.add(s)
}

// addFiles enters the file list of the last package.
func (b *Builder) addFiles(files []repodata.File) {
	pkg := uint32(len(b.packages) - 1)
	for i := range files {
		dir, base := splitPath(files[i].Path)
		if len(base) == 0 {
			continue
		}
		d := b.strings.add(dir)
		b.files = append(b.files, file{d, b.strings.add(base), pkg})
	}
}

// splitPath takes "/usr/bin/sh" apart into "/usr/bin" and "sh".
func splitPath(path []byte) (dir, base []byte) {
	i := bytes.LastIndexByte(path, '/')
	if i < 0 {
		return nil, path
	}
	return path[:i], path[i+1:]
}
