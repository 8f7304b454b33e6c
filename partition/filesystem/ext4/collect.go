package ext4

import (
	"context"
	"fmt"
	"path"
	"slices"
	"time"

	"github.com/fimg/fimg/partition/filesystem/contents"
	"github.com/fimg/fimg/tree"
)

// inode is one inode on its way to the disk.
type inode struct {
	node    *tree.Node // what it looks like
	number  uint32
	links   uint32
	size    int64
	data    []interval // blocks of the file that have data
	inside  []attr     // attributes in the inode
	outside []attr     // attributes in a block
	entries []dirent   // of a directory
	parent  uint32
	least   int   // blocks of a directory
	blocks  int64 // of a directory, counted once
	target  []byte

	// The plan fills in these.
	runs    []run
	maps    []int64 // places of the blocks of the map
	attrAt  int64
	indexed bool
}

// content is the tree as inodes, in the order of their numbers.
type content struct {
	opts   Options
	feats  features
	inodes []*inode
	dirs   map[string]*inode
	links  map[uint64]*inode
	next   uint32
}

// collect walks the tree and numbers its inodes.
func collect(ctx context.Context, t tree.Tree, o Options, f features) (*content, error) {
	c := &content{opts: o, feats: f, dirs: map[string]*inode{}, links: map[uint64]*inode{}, next: firstInode + 1}
	if f.compat&compatOrphanFile != 0 {
		c.next++ // the orphan file follows lost+found
	}
	if err := t.Walk(ctx, c.add); err != nil {
		return nil, err
	}
	if c.dirs["."] == nil {
		if err := c.add(c.own(".", 0o755)); err != nil {
			return nil, err
		}
	}
	if c.dirs["lost+found"] == nil {
		own := c.own("lost+found", 0o700)
		own.Xattrs = o.LostFound
		if err := c.add(own); err != nil {
			return nil, err
		}
	}
	c.dirs["lost+found"].least = max(1, 16384/o.BlockSize)
	if o.RootOwner != nil {
		c.dirs["."].node.UID, c.dirs["."].node.GID = o.RootOwner.UID, o.RootOwner.GID
	}
	slices.SortFunc(c.inodes, func(a, b *inode) int { return int(int64(a.number) - int64(b.number)) })
	return c, c.probe(ctx, t)
}

// probe finds out where files have holes.
func (c *content) probe(ctx context.Context, t tree.Tree) error {
	var nodes []*tree.Node
	for _, i := range c.inodes {
		nodes = append(nodes, i.node)
	}
	found, err := contents.Probe(ctx, t, nodes, int64(c.opts.BlockSize), c.opts.Workers)
	if err != nil {
		return fmt.Errorf("write ext4: %w", err)
	}
	for n, i := range c.inodes {
		if !i.node.IsFile() {
			continue
		}
		i.data = nil
		for _, d := range found[n] {
			i.data = append(i.data, interval{d.At, d.Count})
		}
	}
	return nil
}

// own is a directory the tree does not have.
func (c *content) own(name string, mode uint32) *tree.Node {
	return &tree.Node{Path: name, Mode: tree.TypeDir | mode, MTime: c.opts.Time}
}

func (c *content) add(n *tree.Node) error {
	if n.Link != 0 && !n.IsDir() {
		if first := c.links[n.Link]; first != nil {
			first.links++
			if first.links > 65000 {
				return &ContentError{n.Path, "more than 65000 hard links"}
			}
			return c.enter(n, first)
		}
	}
	i := &inode{node: n, links: 1}
	if err := c.describe(i); err != nil {
		return err
	}
	c.number(i)
	c.inodes = append(c.inodes, i)
	if n.Link != 0 && !n.IsDir() {
		c.links[n.Link] = i
	}
	if n.IsDir() {
		i.links = 2
		c.dirs[n.Path] = i
	}
	if n.Path == "." {
		i.parent = i.number
		return nil
	}
	return c.enter(n, i)
}

// number gives an inode its number.
func (c *content) number(i *inode) {
	switch {
	case i.node.Path == ".":
		i.number = inodeRoot
	case i.node.Path == "lost+found" && i.node.IsDir():
		i.number = firstInode
	default:
		i.number = c.next
		c.next++
	}
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
	kind := uint8(0)
	if c.feats.incompat&incompatFiletype != 0 {
		kind = fileType(n.Type())
	}
	dir.entries = append(dir.entries, dirent{name, i.number, kind})
	if n.IsDir() {
		i.parent = dir.number
		dir.links++
		if dir.links > 65000 && c.feats.ro&roDirNlink == 0 {
			return &ContentError{n.Path, "more than 65000 directories in one need dir_nlink"}
		}
	}
	return nil
}

func fileType(kind uint32) uint8 {
	return map[uint32]uint8{tree.TypeFile: 1, tree.TypeDir: 2, tree.TypeChar: 3, tree.TypeBlock: 4,
		tree.TypeFIFO: 5, tree.TypeSocket: 6, tree.TypeLink: 7}[kind]
}

// describe fills in what the node alone decides, and refuses what cannot be.
func (c *content) describe(i *inode) error {
	n := i.node
	if fileType(n.Type()) == 0 {
		return &ContentError{n.Path, fmt.Sprintf("unknown file type %o", n.Mode)}
	}
	space := c.opts.InodeSize - inodeExtraOffset
	if len(n.Xattrs) > 0 {
		var reason string
		i.inside, i.outside, reason = attrSets(n.Xattrs, space, c.opts.BlockSize)
		if reason != "" {
			return &ContentError{n.Path, reason}
		}
		c.feats.compat |= compatExtAttr
	}
	switch {
	case n.IsFile():
		return c.file(i)
	case n.Type() == tree.TypeLink:
		i.target, i.size = []byte(n.Target), int64(len(n.Target))
		if len(n.Target) >= c.opts.BlockSize || len(n.Target) == 0 {
			return &ContentError{n.Path, "target of the symbolic link is empty or longer than a block"}
		}
		if len(n.Target) >= 60 {
			i.data = []interval{{0, 1}}
		}
	}
	return c.times(n)
}

// file checks the size of a regular file.
func (c *content) file(i *inode) error {
	n, block := i.node, int64(c.opts.BlockSize)
	limit := block << 32
	if c.feats.incompat&incompatExtents == 0 {
		limit = min((&indirect{per: block / 4}).limit()*block, 2<<40)
	}
	if n.Size < 0 || n.Size > limit {
		return &ContentError{n.Path, fmt.Sprintf("a file of %d bytes is too large", n.Size)}
	}
	if i.size = n.Size; n.Size > 1<<31-1 {
		c.feats.ro |= roLargeFile
	}
	return c.times(n)
}

// times refuses what an inode cannot say: before 1901, and after 2446 or without
// large inodes 2038.
func (c *content) times(n *tree.Node) error {
	last := time.Unix(1<<34-1<<31-1, 0)
	if c.opts.InodeSize == smallInode {
		last = time.Unix(1<<31-1, 0)
	}
	if !n.MTime.IsZero() && (n.MTime.Before(time.Unix(-1<<31, 0)) || n.MTime.After(last)) {
		return &ContentError{n.Path, "time " + n.MTime.UTC().Format(time.RFC3339) + " is out of range"}
	}
	return nil
}
