package fat

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"unicode/utf16"

	"github.com/fimg/fimg/partition/filesystem"
	"github.com/fimg/fimg/tree"
)

// Limits of what a reader accepts; the writer goes no deeper.
const (
	maxDepth   = 128
	maxEntries = 1 << 20 // of the whole file system
)

// FS is an opened FAT. It is a filesystem.Reader; everything belongs to root, with
// mode 0755 as mounted with umask 022.
type FS struct {
	*volume
	r     io.ReaderAt
	table []byte
}

// Open reads the boot sector and the allocation table of a device of size bytes.
// Errors about its content are ErrFormat.
func Open(r io.ReaderAt, size int64) (*FS, error) {
	raw := make([]byte, 512)
	if _, err := r.ReadAt(raw, 0); err != nil {
		return nil, fmt.Errorf("read fat: %w", err)
	}
	v, err := decodeBoot(raw, size)
	if err != nil {
		return nil, err
	}
	fs := &FS{volume: v, r: r, table: make([]byte, ((v.clusters+2)*int64(v.bits)+7)/8)}
	if _, err := r.ReadAt(fs.table, v.reserved*int64(v.sector)); err != nil {
		return nil, fmt.Errorf("read fat: allocation table: %w", err)
	}
	return fs, nil
}

// Info implements filesystem.Reader.
func (fs *FS) Info() filesystem.Info {
	free := int64(0)
	for c := uint32(2); int64(c) < fs.clusters+2; c++ {
		if fs.follow(c) == 0 {
			free++
		}
	}
	label := fs.label
	if label == "NO NAME" {
		label = ""
	}
	return filesystem.Info{Type: "vfat", Label: label, UUID: fmt.Sprintf("%04X-%04X", fs.serial>>16, fs.serial&0xffff),
		Size: fs.total * int64(fs.sector), Free: free * fs.clusterSize(), BlockSize: int(fs.clusterSize()),
		Features: []string{fmt.Sprintf("fat%d", fs.bits)}}
}

// follow returns the entry of a cluster that exists.
func (fs *FS) follow(c uint32) uint32 {
	switch fs.bits {
	case 32:
		return binary.LittleEndian.Uint32(fs.table[4*c:]) & 0x0fffffff
	case 16:
		return uint32(binary.LittleEndian.Uint16(fs.table[2*c:]))
	}
	pair := uint32(fs.table[c+c/2])
	if i := int(c + c/2 + 1); i < len(fs.table) {
		pair |= uint32(fs.table[i]) << 8
	}
	return pair >> (c % 2 * 4) & 0xfff
}

func (fs *FS) isEnd(v uint32) bool { return v >= uint32(1)<<min(fs.bits, 28)-8 }

// extent is a run of consecutive clusters.
type extent struct {
	first uint32
	count int64
}

// chain follows a chain of at most limit clusters.
func (fs *FS) chain(first uint32, limit int64) ([]extent, error) {
	var list []extent
	for c, n := first, int64(0); !fs.isEnd(c); n++ {
		if c < 2 || int64(c) >= fs.clusters+2 || n >= limit {
			return nil, damaged("chain from cluster %d is broken or too long", first)
		}
		if last := len(list) - 1; last >= 0 && list[last].first+uint32(list[last].count) == c {
			list[last].count++
		} else {
			list = append(list, extent{c, 1})
		}
		c = fs.follow(c)
	}
	return list, nil
}

// readDir returns the raw entries of a directory; cluster zero is the root.
func (fs *FS) readDir(cluster uint32) ([]byte, error) {
	if cluster == 0 && fs.bits != 32 {
		raw := make([]byte, fs.rootEntries*dirEntrySize)
		_, err := fs.r.ReadAt(raw, fs.rootOffset())
		return raw, err
	}
	if cluster == 0 {
		cluster = fs.rootCluster
	}
	list, err := fs.chain(cluster, min(fs.clusters, ceil(2<<20, fs.clusterSize())))
	if err != nil {
		return nil, err
	}
	var raw []byte
	for _, e := range list {
		part := make([]byte, e.count*fs.clusterSize())
		if _, err := fs.r.ReadAt(part, fs.offset(e.first)); err != nil {
			return nil, fmt.Errorf("read fat: directory: %w", err)
		}
		raw = append(raw, part...)
	}
	return raw, nil
}

// item is a decoded entry.
type item struct {
	dirEntry
	name string
}

// items decodes a directory, sorted by name; dots and labels are left out.
func items(raw []byte) ([]item, error) {
	var list []item
	var long longName
	for ; len(raw) >= dirEntrySize && raw[0] != 0; raw = raw[dirEntrySize:] {
		var e dirEntry
		_, _ = binary.Decode(raw, binary.LittleEndian, &e)
		switch {
		case raw[0] == 0xe5:
			long = longName{}
			continue
		case e.Attr&0x3f == attrLong:
			long.add(raw)
			continue
		case e.Attr&attrVolume == 0 && raw[0] != '.':
			name := long.name(e.Name)
			if reason := checkName(name); reason != "" || name == "." || name == ".." {
				return nil, damaged("directory entry %q: %s", name, reason)
			}
			list = append(list, item{e, name})
		}
		long = longName{}
	}
	slices.SortFunc(list, func(a, b item) int { return strings.Compare(a.name, b.name) })
	return list, nil
}

// longName gathers the pieces of a long name.
type longName struct {
	units []uint16
	next  uint8 // order of the piece expected
	sum   uint8
}

func (l *longName) add(raw []byte) {
	var e longEntry
	_, _ = binary.Decode(raw, binary.LittleEndian, &e)
	switch {
	case e.Order&0x40 != 0 && e.Order&0x3f >= 1 && e.Order&0x3f <= 20:
		*l = longName{next: e.Order & 0x3f, sum: e.Checksum}
	case l.next == 0 || e.Order != l.next || e.Checksum != l.sum:
		*l = longName{}
		return
	}
	piece := slices.Concat(e.Name1[:], e.Name2[:], e.Name3[:])
	l.units = append(piece, l.units...)
	l.next--
}

// name is the long name if it is whole and belongs to the short one.
func (l *longName) name(short [11]byte) string {
	if len(l.units) == 0 || l.next != 0 || l.sum != checksum(short) {
		return latin(unpackShort(short))
	}
	units := l.units
	if i := slices.Index(units, 0); i >= 0 {
		units = units[:i]
	}
	return string(utf16.Decode(units))
}

// latin makes a short name in an unknown code page printable.
func latin(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x80 {
			return r
		}
		return '_'
	}, strings.ToValidUTF8(s, "_"))
}

func trimLabel(raw []byte) string { return latin(strings.TrimRight(string(raw), " \x00")) }

// Walk implements tree.Tree.
func (fs *FS) Walk(ctx context.Context, fn func(*tree.Node) error) error {
	if err := fn(&tree.Node{Path: ".", Mode: tree.TypeDir | 0o755}); err != nil {
		return err
	}
	left := maxEntries
	return fs.walk(ctx, ".", 0, 0, &left, fn)
}

func (fs *FS) walk(ctx context.Context, dir string, cluster uint32, depth int, left *int, fn func(*tree.Node) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	raw, err := fs.readDir(cluster)
	if err != nil {
		return err
	}
	list, err := items(raw)
	if err != nil {
		return err
	}
	if *left -= len(list); *left < 0 || depth > maxDepth {
		return damaged("too many or too deep directories")
	}
	for _, it := range list {
		if err := fn(it.node(dir)); err != nil {
			return err
		}
		if it.Attr&attrDir == 0 {
			continue
		}
		if it.cluster() == 0 {
			return damaged("directory %s has no cluster", it.name)
		}
		if err := fs.walk(ctx, path.Join(dir, it.name), it.cluster(), depth+1, left, fn); err != nil {
			return err
		}
	}
	return nil
}

func (it *item) node(dir string) *tree.Node {
	n := &tree.Node{Path: path.Join(dir, it.name), Mode: tree.TypeFile | 0o755, MTime: it.modified(), Size: int64(it.Size)}
	if it.Attr&attrDir != 0 {
		n.Mode, n.Size = tree.TypeDir|0o755, 0
	}
	if it.Attr&attrReadOnly != 0 {
		n.Mode &^= 0o222
	}
	return n
}
