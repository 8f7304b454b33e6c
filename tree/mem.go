package tree

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
)

// Mem is a tree held in memory: for tests, and for the small trees fimg makes
// itself (an ESP, a container's metadata). Missing parents are an error of Walk.
type Mem struct {
	nodes   map[string]*Node
	content map[string]File
}

// NewMem returns a tree with only a root directory of mode 0755.
func NewMem() *Mem {
	m := &Mem{nodes: map[string]*Node{}, content: map[string]File{}}
	m.Add(Node{Path: ".", Mode: TypeDir | 0o755}, nil)
	return m
}

// Add puts a node into the tree, replacing one of the same path. Content is that
// of a regular file and sets its size.
func (m *Mem) Add(n Node, content []byte) {
	if n.IsFile() {
		n.Size = int64(len(content))
		m.content[n.Path] = &memFile{bytes.NewReader(content), []Range{{Offset: 0, Length: n.Size}}}
	}
	m.nodes[n.Path] = &n
}

// AddFile puts a regular file of n.Size bytes into the tree whose content is f.
func (m *Mem) AddFile(n Node, f File) {
	m.nodes[n.Path] = &n
	m.content[n.Path] = f
}

// MkdirAll adds the directories of p that are missing, owned by root, mode 0755.
func (m *Mem) MkdirAll(p string) {
	for ; p != "."; p = path.Dir(p) {
		if _, ok := m.nodes[p]; !ok {
			m.Add(Node{Path: p, Mode: TypeDir | 0o755}, nil)
		}
	}
}

// Walk implements Tree.
func (m *Mem) Walk(ctx context.Context, fn func(*Node) error) error {
	for _, p := range m.order() {
		if err := ctx.Err(); err != nil {
			return err
		}
		if parent, ok := m.nodes[path.Dir(p)]; !ok || !parent.IsDir() {
			return fmt.Errorf("walk %s: parent is not a directory of the tree", p)
		}
		n := *m.nodes[p]
		n.Xattrs = slices.Clone(n.Xattrs)
		if err := fn(&n); err != nil {
			return err
		}
	}
	return nil
}

func (m *Mem) order() []string {
	paths := make([]string, 0, len(m.nodes))
	for p := range m.nodes {
		paths = append(paths, p)
	}
	slices.SortFunc(paths, Compare)
	return paths
}

// Compare orders paths as Walk does: a directory first, then its content, and
// siblings bytewise.
func Compare(a, b string) int {
	if a == "." || b == "." {
		return cmp.Compare(btoi(a != "."), btoi(b != "."))
	}
	return slices.Compare(strings.Split(a, "/"), strings.Split(b, "/"))
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Open implements Tree.
func (m *Mem) Open(n *Node) (File, error) {
	f, ok := m.content[n.Path]
	if !ok {
		return nil, fmt.Errorf("open content %s: no such file in the tree", n.Path)
	}
	return f, nil
}

type memFile struct {
	*bytes.Reader
	data []Range
}

func (*memFile) Close() error             { return nil }
func (f *memFile) Data() ([]Range, error) { return f.data, nil }
