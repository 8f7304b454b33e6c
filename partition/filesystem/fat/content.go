package fat

import (
	"context"
	"fmt"
	"maps"
	"math"
	"path"
	"slices"
	"strings"

	"github.com/fimg/fimg/tree"
)

// file is a file or directory on its way into the file system.
type file struct {
	node     *tree.Node // of its times; of its content too, see source
	source   *tree.Node // whose content to open
	name     string
	short    [11]byte
	long     bool // the name needs long entries
	children map[string]*file
	sorted   []*file
	cluster  uint32 // first one, zero for none
	count    int64  // of clusters
}

// content is a whole tree as FAT sees it.
type content struct {
	root  *file
	links map[uint64]*tree.Node
}

// collect reads the tree's names.
func collect(ctx context.Context, t tree.Tree) (*content, error) {
	c := &content{root: &file{children: map[string]*file{}}, links: map[uint64]*tree.Node{}}
	if err := t.Walk(ctx, c.add); err != nil {
		return nil, err
	}
	if c.root.node == nil {
		c.root.node = &tree.Node{Path: ".", Mode: tree.TypeDir | 0o755}
	}
	return c, c.root.nameChildren()
}

// add takes one node, merging names that differ only in case.
func (c *content) add(n *tree.Node) error {
	if n.Path == "." {
		c.root.node = n
		return nil
	}
	if !n.IsDir() && !n.IsFile() {
		return &NameError{n.Path, "FAT has neither symbolic links nor devices"}
	}
	if n.IsFile() && n.Size > math.MaxUint32 {
		return &NameError{n.Path, "FAT has no files of 4 GiB and more"}
	}
	if levels := strings.Count(n.Path, "/"); levels > maxDepth || n.IsDir() && levels == maxDepth {
		return &NameError{n.Path, fmt.Sprintf("it is more than %d directories deep", maxDepth)}
	}
	parent, err := c.find(path.Dir(n.Path))
	if err != nil {
		return err
	}
	name := path.Base(n.Path)
	if reason := checkName(name); reason != "" {
		return &NameError{n.Path, reason}
	}
	f := parent.children[fold(name)]
	switch {
	case f == nil:
		f = &file{name: name}
		parent.children[fold(name)] = f
	case f.node.IsDir() != n.IsDir():
		return &NameError{n.Path, "a file and a directory have the same name but for its case"}
	}
	f.node, f.source = n, c.origin(n)
	if n.IsDir() && f.children == nil {
		f.children = map[string]*file{}
	}
	return nil
}

// origin is the node that carries the content of n.
func (c *content) origin(n *tree.Node) *tree.Node {
	if n.Link == 0 || !n.IsFile() {
		return n
	}
	if first, ok := c.links[n.Link]; ok {
		return first
	}
	c.links[n.Link] = n
	return n
}

func (c *content) find(dir string) (*file, error) {
	f := c.root
	if dir == "." {
		return f, nil
	}
	for name := range strings.SplitSeq(dir, "/") {
		next := f.children[fold(name)]
		if next == nil || next.children == nil {
			return nil, fmt.Errorf("write fat: %s: no such directory in the tree", dir)
		}
		f = next
	}
	return f, nil
}

// nameChildren sorts a directory and gives out its short names, those first that
// need no invention.
func (f *file) nameChildren() error {
	f.sorted = slices.SortedFunc(maps.Values(f.children), func(a, b *file) int { return strings.Compare(a.name, b.name) })
	names := shortNames{taken: map[string]bool{}}
	for _, c := range f.sorted {
		names.taken[fold(c.name)] = true
	}
	for _, c := range f.sorted {
		short, ok := plainShort(c.name)
		if c.short, c.long = short, !ok; !ok {
			c.short = names.make(c.name)
		}
		if c.children != nil {
			if err := c.nameChildren(); err != nil {
				return err
			}
		}
	}
	if f.slots()*dirEntrySize > 2<<20 {
		return &NameError{f.node.Path, "a directory has more entries than FAT allows"}
	}
	return nil
}

// slots is the number of 32-byte entries of a directory.
func (f *file) slots() int64 {
	n := int64(2)
	for _, c := range f.sorted {
		n++
		if c.long {
			n += entryCount(c.name) - 1
		}
	}
	return n
}

// each calls fn for every file and directory, the root first.
func (f *file) each(fn func(f, parent *file) error) error {
	var visit func(f, parent *file) error
	visit = func(f, parent *file) error {
		if err := fn(f, parent); err != nil {
			return err
		}
		for _, c := range f.sorted {
			if err := visit(c, f); err != nil {
				return err
			}
		}
		return nil
	}
	return visit(f, nil)
}
