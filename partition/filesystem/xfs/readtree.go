package xfs

import (
	"context"
	"encoding/binary"
	"time"

	"github.com/fimg/fimg/partition/filesystem/inodes"
	"github.com/fimg/fimg/tree"
)

// source shows the inodes of a file system.
func (fs *FS) source() *inodes.Source[uint64, *diskInode] {
	return &inodes.Source[uint64, *diskInode]{Root: fs.super.RootInode, Inode: fs.inode, Node: fs.node, Names: fs.list, Damaged: damaged,
		Mode: func(i *diskInode) uint32 { return uint32(i.Mode) }}
}

// Walk implements tree.Tree.
func (fs *FS) Walk(ctx context.Context, fn func(*tree.Node) error) error {
	return fs.files.Walk(ctx, fn)
}

// node makes a Node of an inode.
func (fs *FS) node(i *diskInode) (*tree.Node, error) {
	n := &tree.Node{Mode: uint32(i.Mode), UID: i.UID, GID: i.GID, MTime: i.modified()}
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
		n.Target, err = fs.target(i)
	case tree.TypeChar, tree.TypeBlock:
		device := binary.BigEndian.Uint32(i.data)
		n.Major, n.Minor = device>>18, device&(1<<18-1)
	case tree.TypeDir, tree.TypeFIFO, tree.TypeSocket:
	default:
		return nil, damaged("inode %d has no file type", i.Number)
	}
	if err != nil {
		return nil, err
	}
	if i.Links > 1 && !n.IsDir() {
		n.Link = 1 // the walk numbers them
	}
	n.Xattrs, err = fs.attrs(i)
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
	i, err := fs.files.Find(n.Path)
	if err != nil {
		return nil, err
	}
	list, err := fs.dataExtents(i)
	if err != nil {
		return nil, err
	}
	return &openFile{fs, int64(i.Size), list}, nil
}
