package fat

import (
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/fimg/fimg/tree"
)

// Open implements tree.Tree for a path in any case.
func (fs *FS) Open(n *tree.Node) (tree.File, error) {
	it, err := fs.lookup(path.Clean(n.Path))
	if err != nil {
		return nil, err
	}
	if it.Attr&attrDir != 0 {
		return nil, fmt.Errorf("open %s: is a directory", n.Path)
	}
	f := &openFile{fs: fs, size: int64(it.Size)}
	if f.size == 0 {
		return f, nil
	}
	want := ceil(f.size, fs.clusterSize())
	if f.extents, err = fs.chain(it.cluster(), want); err != nil {
		return nil, err
	}
	for _, e := range f.extents {
		want -= e.count
	}
	if want != 0 {
		return nil, damaged("%s is shorter than its size", n.Path)
	}
	return f, nil
}

func (fs *FS) lookup(name string) (item, error) {
	cluster := uint32(0)
	parts := strings.Split(name, "/")
	for i, part := range parts {
		raw, err := fs.readDir(cluster)
		if err != nil {
			return item{}, err
		}
		it, err := pick(raw, part)
		if err != nil {
			return it, fmt.Errorf("open %s: %w", name, err)
		}
		if i == len(parts)-1 {
			return it, nil
		}
		if it.Attr&attrDir == 0 || it.cluster() == 0 {
			break
		}
		cluster = it.cluster()
	}
	return item{}, fmt.Errorf("open %s: not a directory on the way", name)
}

func pick(raw []byte, name string) (item, error) {
	list, err := items(raw)
	if err != nil {
		return item{}, err
	}
	for _, it := range list {
		if fold(it.name) == fold(name) {
			return it, nil
		}
	}
	return item{}, fmt.Errorf("%s: no such file", name)
}

// openFile is the content of a file.
type openFile struct {
	fs      *FS
	size    int64
	extents []extent
}

func (f *openFile) Close() error { return nil }

// Data implements tree.File; FAT has no holes.
func (f *openFile) Data() ([]tree.Range, error) {
	if f.size == 0 {
		return nil, nil
	}
	return []tree.Range{{Offset: 0, Length: f.size}}, nil
}

// ReadAt implements io.ReaderAt.
func (f *openFile) ReadAt(p []byte, at int64) (n int, err error) {
	if at < 0 || at >= f.size {
		return 0, io.EOF
	}
	short := int64(len(p)) > f.size-at
	p = p[:min(int64(len(p)), f.size-at)]
	start := int64(0)
	for _, e := range f.extents {
		length := e.count * f.fs.clusterSize()
		if len(p) > n && at < start+length {
			part := p[n:min(int64(len(p)), int64(n)+start+length-at)]
			m, err := f.fs.r.ReadAt(part, f.fs.offset(e.first)+at-start)
			n, at = n+m, at+int64(m)
			if err != nil && m < len(part) {
				return n, err
			}
		}
		start += length
	}
	if short {
		return n, io.EOF
	}
	return n, nil
}
