package xfs

import (
	"context"
	"fmt"
	"path"
	"time"

	"github.com/fimg/fimg/partition/filesystem/contents"
	"github.com/fimg/fimg/tree"
)

// inode is one inode on its way to the disk.
type inode struct {
	node    *tree.Node
	links   uint32
	parent  *inode
	entries []entry             // of a directory
	data    []contents.Interval // blocks that have data
	attrs   []attr
	flags   uint16 // beside those of the node

	// The plan fills in these.
	group  int64
	number uint64
	shape  dirShape
	fork   int // bytes of the data fork
	leaf   *attrLeaf
	runs   []contents.Run
	maps   []int64 // places of the blocks of the extent tree
	attrAt []contents.Run
}

// entry is a name in a directory.
type entry struct {
	name  string
	child *inode
}

// content is the tree as inodes: the root and two of the file system's own, then
// the others in walk order.
type content struct {
	opts   Options
	inodes []*inode
	dirs   map[string]*inode
	links  map[uint64]*inode
}

// collect walks the tree.
func collect(ctx context.Context, t tree.Tree, o Options) (*content, error) {
	c := &content{opts: o, dirs: map[string]*inode{}, links: map[uint64]*inode{}}
	if err := t.Walk(ctx, c.add); err != nil {
		return nil, err
	}
	if c.dirs["."] == nil {
		if err := c.add(&tree.Node{Path: ".", Mode: tree.TypeDir | 0o755, MTime: o.Time}); err != nil {
			return nil, err
		}
	}
	var nodes []*tree.Node
	for _, i := range c.inodes {
		nodes = append(nodes, i.node)
	}
	data, err := contents.Probe(ctx, t, nodes, block, o.Workers)
	if err != nil {
		return nil, err
	}
	for n, i := range c.inodes {
		if i.node.IsFile() {
			i.data = data[n]
		}
	}
	return c, nil
}

// own are the bitmap and summary of a real-time section that has no blocks.
func (c *content) own() (bitmap, summary *inode) {
	make := func() *inode {
		return &inode{node: &tree.Node{Mode: tree.TypeFile, MTime: c.opts.Time}, links: 1}
	}
	bitmap, summary = make(), make()
	bitmap.flags = flagNewBitmap
	return bitmap, summary
}

func (c *content) add(n *tree.Node) error {
	if n.Link != 0 && !n.IsDir() {
		if first := c.links[n.Link]; first != nil {
			first.links++
			return c.enter(n, first)
		}
	}
	i := &inode{node: n, links: 1}
	if err := c.describe(i); err != nil {
		return err
	}
	if n.Link != 0 && !n.IsDir() {
		c.links[n.Link] = i
	}
	if n.IsDir() {
		i.links = 2
		c.dirs[n.Path] = i
	}
	if n.Path == "." {
		i.parent = i
		bitmap, summary := c.own()
		c.inodes = append([]*inode{i, bitmap, summary}, c.inodes...)
		return nil
	}
	c.inodes = append(c.inodes, i)
	return c.enter(n, i)
}

// enter puts a name into its directory.
func (c *content) enter(n *tree.Node, i *inode) error {
	dir := c.dirs[path.Dir(n.Path)]
	name := path.Base(n.Path)
	switch {
	case dir == nil:
		return &ContentError{n.Path, "its directory is not in the tree"}
	case len(name) > 255:
		return &ContentError{n.Path, "the name is longer than 255 bytes"}
	}
	dir.entries = append(dir.entries, entry{name, i})
	if n.IsDir() {
		i.parent = dir
		dir.links++
	}
	return nil
}

const (
	maxTarget = 1024 // the longest symbolic link
	maxMajor  = 1<<9 - 1
	maxMinor  = 1<<18 - 1
)

// describe refuses what cannot be and fills in what the node alone decides.
func (c *content) describe(i *inode) error {
	n := i.node
	switch {
	case fileType(n.Type()) == 0:
		return &ContentError{n.Path, fmt.Sprintf("unknown file type %o", n.Mode)}
	case n.IsFile() && (n.Size < 0 || n.Size > 1<<62):
		return &ContentError{n.Path, fmt.Sprintf("a file of %d bytes is too large", n.Size)}
	case n.Type() == tree.TypeLink && (n.Target == "" || len(n.Target) > maxTarget):
		return &ContentError{n.Path, "target of the symbolic link is empty or longer than 1024 bytes"}
	case n.Major > maxMajor || n.Minor > maxMinor:
		return &ContentError{n.Path, fmt.Sprintf("device %d:%d is out of range", n.Major, n.Minor)}
	}
	for _, x := range n.Xattrs {
		a, ok := newAttr(x)
		if !ok {
			return &ContentError{n.Path, "extended attribute " + x.Name + " is of no kind xfs has"}
		}
		i.attrs = append(i.attrs, a)
	}
	return c.times(n)
}

// times refuses what an inode cannot say: before 1901, and after 2486 or without
// bigtime 2038.
func (c *content) times(n *tree.Node) error {
	last := time.Unix(1<<31-1, 0)
	if c.opts.has(BigTime) {
		last = time.Date(2486, 7, 2, 0, 0, 0, 0, time.UTC)
	}
	if !n.MTime.IsZero() && (n.MTime.Before(time.Unix(-1<<31, 0)) || n.MTime.After(last)) {
		return &ContentError{n.Path, "time " + n.MTime.UTC().Format(time.RFC3339) + " is out of range"}
	}
	return nil
}
