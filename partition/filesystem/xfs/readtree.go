package xfs

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/fimg/fimg/tree"
)

// maxDepth and maxNames bound a walk.
const (
	maxDepth = 4096 / 2
	maxNames = 1 << 24
)

// walker is the state of one walk.
type walker struct {
	*FS
	ctx   context.Context
	fn    func(*tree.Node) error
	links map[uint64]uint64
	seen  map[uint64]bool // directories: each has one name
	depth int
	names int
}

// Walk implements tree.Tree.
func (fs *FS) Walk(ctx context.Context, fn func(*tree.Node) error) error {
	w := &walker{FS: fs, ctx: ctx, fn: fn, links: map[uint64]uint64{}, seen: map[uint64]bool{}}
	return w.visit(".", fs.super.RootInode)
}

func (w *walker) visit(name string, number uint64) error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	i, err := w.inode(number)
	if err != nil {
		return err
	}
	n, err := w.node(name, i)
	if err != nil {
		return err
	}
	if err := w.fn(n); err != nil || !n.IsDir() {
		return err
	}
	if w.seen[number] || w.depth >= maxDepth {
		return damaged("directory %s has two names or is too deep", name)
	}
	w.seen[number] = true
	w.depth++
	defer func() { w.depth-- }()
	list, err := w.list(i)
	if err != nil {
		return err
	}
	if w.names += len(list); w.names > maxNames {
		return damaged("too many names")
	}
	for _, f := range list {
		if err := w.visit(path.Join(name, f.name), f.number); err != nil {
			return err
		}
	}
	return nil
}

// node makes a Node of an inode.
func (w *walker) node(name string, i *diskInode) (*tree.Node, error) {
	n := &tree.Node{Path: name, Mode: uint32(i.Mode), UID: i.UID, GID: i.GID, MTime: i.modified()}
	for _, f := range []struct {
		bit  uint16
		flag tree.Flags
	}{{flagImmutable, tree.Immutable}, {flagAppend, tree.Append}, {flagNoDump, tree.NoDump}, {flagSync, tree.Sync}} {
		if i.Flags&f.bit != 0 {
			n.Flags |= f.flag
		}
	}
	var err error
	switch n.Type() {
	case tree.TypeFile:
		n.Size = int64(i.Size)
	case tree.TypeLink:
		n.Target, err = w.target(i)
	case tree.TypeChar, tree.TypeBlock:
		device := binary.BigEndian.Uint32(i.data)
		n.Major, n.Minor = device>>18, device&(1<<18-1)
	case tree.TypeDir, tree.TypeFIFO, tree.TypeSocket:
	default:
		return nil, damaged("inode %d of %s has no file type", i.Number, name)
	}
	if err != nil {
		return nil, err
	}
	if i.Links > 1 && !n.IsDir() {
		if w.links[i.Number] == 0 {
			w.links[i.Number] = uint64(len(w.links) + 1)
		}
		n.Link = w.links[i.Number]
	}
	n.Xattrs, err = w.attrs(i)
	return n, err
}

// modified is the modification time.
func (i *diskInode) modified() time.Time {
	if i.Flags2&flag2BigTime != 0 {
		return time.Unix(int64(i.MTime/1e9)-1<<31, int64(i.MTime%1e9)).UTC()
	}
	return time.Unix(int64(int32(i.MTime>>32)), int64(min(uint32(i.MTime), 999999999))).UTC()
}

// Open implements tree.Tree: the file is found by its path.
func (fs *FS) Open(n *tree.Node) (tree.File, error) {
	number := fs.super.RootInode
	for part := range strings.SplitSeq(n.Path, "/") {
		list, err := fs.cached(number)
		if err != nil {
			return nil, err
		}
		at, ok := slices.BinarySearchFunc(list, part, func(f found, name string) int { return cmp.Compare(f.name, name) })
		if !ok {
			return nil, fmt.Errorf("read xfs: %s: no such file", n.Path)
		}
		number = list[at].number
	}
	i, err := fs.inode(number)
	if err != nil {
		return nil, err
	}
	if uint32(i.Mode)&tree.TypeMask != tree.TypeFile {
		return nil, fmt.Errorf("read xfs: %s: not a regular file", n.Path)
	}
	list, err := fs.dataExtents(i)
	if err != nil {
		return nil, err
	}
	return &openFile{fs, int64(i.Size), list}, nil
}
