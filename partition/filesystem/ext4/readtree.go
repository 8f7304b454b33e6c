package ext4

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/fimg/fimg/partition/filesystem/inodes"
	"github.com/fimg/fimg/tree"
)

// source shows the inodes of a file system.
func (fs *FS) source() *inodes.Source[uint32, *diskInode] {
	return &inodes.Source[uint32, *diskInode]{Root: inodeRoot, Inode: fs.inode, Node: fs.node, Names: fs.list, Damaged: damaged,
		Mode: func(i *diskInode) uint32 { return uint32(i.Mode) }}
}

// Walk implements tree.Tree. lost+found is shown like any other directory.
func (fs *FS) Walk(ctx context.Context, fn func(*tree.Node) error) error {
	return fs.files.Walk(ctx, fn)
}

// node makes a Node of an inode.
func (fs *FS) node(i *diskInode) (*tree.Node, error) {
	n := &tree.Node{Mode: uint32(i.Mode), UID: uint32(i.UID) | uint32(i.UIDHi)<<16,
		GID: uint32(i.GID) | uint32(i.GIDHi)<<16, MTime: i.modified()}
	for _, f := range []struct {
		bit  uint32
		flag tree.Flags
	}{{flagImmutable, tree.Immutable}, {flagAppend, tree.Append}, {flagNoDump, tree.NoDump}, {flagSync, tree.Sync}} {
		if i.Flags&f.bit != 0 {
			n.Flags |= f.flag
		}
	}
	var err error
	switch n.Type() {
	case tree.TypeFile:
		n.Size = i.size
	case tree.TypeLink:
		n.Target, err = fs.target(i)
	case tree.TypeChar, tree.TypeBlock:
		n.Major, n.Minor = device(i.Block[:])
	case tree.TypeDir, tree.TypeFIFO, tree.TypeSocket:
	default:
		return nil, damaged("inode %d has no file type", i.number)
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

// modified is the modification time with its extra bits.
func (i *diskInode) modified() time.Time {
	seconds := int64(int32(i.MTime))
	if i.ExtraISize < 12 {
		return time.Unix(seconds, 0).UTC()
	}
	return time.Unix(seconds+int64(i.MTimeExtra&3)<<32, int64(min(i.MTimeExtra>>2, 999999999))).UTC()
}

func (fs *FS) target(i *diskInode) (string, error) {
	if i.size > 4096 || i.Flags&flagInline != 0 && i.size > 60 {
		return "", damaged("inode %d: symbolic link of %d bytes", i.number, i.size)
	}
	if i.size < 60 {
		return string(i.Block[:i.size]), nil
	}
	runs, err := fs.runs(i)
	if err != nil {
		return "", err
	}
	raw := make([]byte, i.size)
	if _, err := (&openFile{fs, i.size, runs}).ReadAt(raw, 0); err != nil {
		return "", fmt.Errorf("read ext4: inode %d: %w", i.number, err)
	}
	return string(raw), nil
}

// list returns the names of a directory without the dots.
func (fs *FS) list(i *diskInode) ([]inodes.Name[uint32], error) {
	if i.Flags&flagInline != 0 {
		return nil, damaged("inode %d has inline data, which is not supported", i.number)
	}
	runs, err := fs.runs(i)
	if err != nil {
		return nil, err
	}
	if i.size > maxDirectory {
		return nil, damaged("directory of %d bytes", i.size)
	}
	var list []inodes.Name[uint32]
	for _, r := range runs {
		for n := range r.count {
			if (r.logical+n)*fs.g.block >= i.size {
				break
			}
			raw, err := fs.readBlock(r.physical + n)
			if err != nil {
				return nil, err
			}
			if list, err = fs.leaf(i, raw, r.logical+n, list); err != nil {
				return nil, err
			}
		}
	}
	return list, nil
}

// leaf adds the names of a directory block. Blocks of the index look like empty
// ones and are not needed; theirs and the root's checksum is of another kind.
func (fs *FS) leaf(i *diskInode, raw []byte, logical int64, list []inodes.Name[uint32]) ([]inodes.Name[uint32], error) {
	if fs.sums() && !(i.Flags&flagIndex != 0 && (logical == 0 || isNode(raw))) {
		tail := raw[len(raw)-tailSize:]
		if tail[7] != 0xde || crc(i.seed, raw[:len(raw)-tailSize]) != binary.LittleEndian.Uint32(tail[8:]) {
			return nil, damaged("checksum of a directory block of inode %d", i.number)
		}
	}
	for at := 0; at < len(raw); {
		number, size, length := binary.LittleEndian.Uint32(raw[at:]), int(binary.LittleEndian.Uint16(raw[at+4:])), int(raw[at+6])
		if size == 65535 || size == 0 {
			size = 65536
		}
		if size < 8 || size%4 != 0 || size > len(raw)-at || length > size-8 {
			return nil, damaged("directory of inode %d", i.number)
		}
		name := string(raw[at+8 : at+8+length])
		if at += size; number == 0 || name == "." || name == ".." {
			if at > len(raw)-8 {
				break
			}
			continue
		}
		list = append(list, inodes.Name[uint32]{Name: name, To: number})
		if at > len(raw)-8 {
			break
		}
	}
	return list, nil
}

// isNode tells whether a block is one of an index: a single empty entry.
func isNode(raw []byte) bool {
	size := int(binary.LittleEndian.Uint16(raw[4:]))
	return binary.LittleEndian.Uint32(raw) == 0 && (size == len(raw) || len(raw) == 65536 && (size == 65535 || size == 0))
}

// Open implements tree.Tree.
func (fs *FS) Open(n *tree.Node) (tree.File, error) {
	i, err := fs.regular(n.Path)
	if err != nil {
		return nil, err
	}
	runs, err := fs.runs(i)
	return &openFile{fs, i.size, runs}, err
}

// Extents tells where the content of a regular file lies, for boot loaders that
// read a disk by numbers of blocks: its size in bytes and its extents in order.
// What no extent holds is zero.
func (fs *FS) Extents(name string) (int64, []Extent, error) {
	i, err := fs.regular(name)
	if err != nil {
		return 0, nil, err
	}
	runs, err := fs.runs(i)
	list := make([]Extent, len(runs))
	for n, r := range runs {
		list[n] = Extent{File: r.logical * fs.g.block, Offset: r.physical * fs.g.block, Length: r.count * fs.g.block}
	}
	return i.size, list, err
}

// Extent is a run of whole blocks of a file, in bytes.
type Extent struct {
	File   int64 // offset in the file
	Offset int64 // offset in the file system
	Length int64
}

// regular finds the inode of a regular file.
func (fs *FS) regular(name string) (*diskInode, error) {
	i, err := fs.files.Find(name)
	if err == nil && i.Flags&flagInline != 0 {
		err = fmt.Errorf("open %s: it has inline data, which is not supported", name)
	}
	return i, err
}
