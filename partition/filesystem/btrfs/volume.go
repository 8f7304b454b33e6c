package btrfs

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fimg/fimg/partition/filesystem/inodes"
	"github.com/fimg/fimg/tree"
)

// Volume is one subvolume as a tree of its own.
type Volume struct {
	fs     *FS
	id     uint64
	nested bool // enter subvolumes below
}

// Volume returns the subvolume with the path from the top level, the empty one
// being the top level itself. Subvolumes inside it show as empty directories.
func (f *FS) Volume(path string) (*Volume, error) {
	for _, v := range f.vols {
		if v.Path == clean(path) && (v.ID == fsTreeID || v.Path != "") {
			return &Volume{fs: f, id: v.ID}, nil
		}
	}
	return nil, fmt.Errorf("read btrfs: there is no subvolume %q", path)
}

// location is an inode of a subvolume.
type location struct{ vol, num uint64 }

// Walk implements tree.Tree.
func (v *Volume) Walk(ctx context.Context, fn func(*tree.Node) error) error {
	source := inodes.Source[location, *readInode]{Root: location{v.id, firstFreeID}, Inode: v.fs.inode, Names: v.entries, Damaged: corrupt,
		Node: func(i *readInode) (*tree.Node, error) { return i.node, nil }}
	return source.Walk(ctx, fn)
}

// dirEntry is a name in a directory.
type dirEntry = inodes.Name[location]

// entries lists a directory. That of a subvolume that is not entered is empty.
func (v *Volume) entries(i *readInode) (list []dirEntry, err error) {
	dir := i.at
	if dir.vol != v.id && !v.nested {
		return nil, nil
	}
	from, to := key{dir.num, typeDirIndex, 0}, key{dir.num, typeDirIndex, ^uint64(0)}
	err = v.fs.scan(dir.vol, from, to, func(_ key, b []byte) error {
		e, err := v.fs.parseEntries(dir.vol, b)
		list = append(list, e...)
		return err
	})
	return list, err
}

// parseEntries reads the directory entries of one item.
func (f *FS) parseEntries(vol uint64, b []byte) ([]dirEntry, error) {
	var list []dirEntry
	err := eachDirItem(b, func(k key, name string, _ []byte) error {
		if name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\x00") {
			return corrupt("name %q in a directory", name)
		}
		e := dirEntry{Name: name, To: location{vol, k.ObjectID}}
		switch {
		case k.Type == typeInodeItem:
		case k.Type == typeRootItem && f.vols[k.ObjectID] != nil:
			e.To = location{k.ObjectID, firstFreeID}
		default:
			return nil // what is left of a deleted subvolume
		}
		list = append(list, e)
		return nil
	})
	return list, err
}

// eachDirItem splits an item into directory entries or attributes.
func eachDirItem(b []byte, fn func(k key, name string, data []byte) error) error {
	for len(b) > 0 {
		if len(b) < dirItemSize {
			return corrupt("directory item is cut short")
		}
		data, name := int(le.Uint16(b[25:])), int(le.Uint16(b[27:]))
		end := dirItemSize + name + data
		if len(b) < end {
			return corrupt("directory item is cut short")
		}
		if err := fn(getKey(b), string(b[dirItemSize:dirItemSize+name]), b[dirItemSize+name:end]); err != nil {
			return err
		}
		b = b[end:]
	}
	return nil
}

// readInode is an inode with what file contents need.
type readInode struct {
	at    location
	node  *tree.Node
	item  inodeItem
	found bool
}

// inode reads an inode, its attributes and, of a symbolic link, the target.
func (f *FS) inode(at location) (*readInode, error) {
	ino := &readInode{at: at, node: &tree.Node{}}
	from, to := key{at.num, typeInodeItem, 0}, key{at.num, typeXattrItem, ^uint64(0)}
	err := f.scan(at.vol, from, to, func(k key, b []byte) error {
		switch k.Type {
		case typeInodeItem:
			return ino.parse(b)
		case typeXattrItem:
			return ino.attributes(b)
		}
		return nil
	})
	if err == nil && !ino.found {
		err = corrupt("inode %d is missing", at.num)
	}
	if err == nil && ino.node.Type() == tree.TypeLink {
		err = f.target(ino)
	}
	return ino, err
}

func (ino *readInode) attributes(b []byte) error {
	return eachDirItem(b, func(_ key, name string, value []byte) error {
		ino.node.SetXattr(name, slices.Clone(value))
		return nil
	})
}

// parse reads an INODE_ITEM.
func (ino *readInode) parse(b []byte) error {
	it, n := &ino.item, ino.node
	if _, err := binary.Decode(b, le, it); err != nil {
		return corrupt("inode %d is cut short", ino.at.num)
	}
	ino.found = true
	n.Mode, n.UID, n.GID = it.Mode, it.UID, it.GID
	n.MTime = time.Unix(it.Mtime.Sec, int64(it.Mtime.Nsec%1e9)).UTC()
	n.Flags = nodeFlags(it.Flags)
	switch n.Type() {
	case tree.TypeFile:
		if it.Size > 1<<62 {
			return corrupt("inode %d has size %d", ino.at.num, it.Size)
		}
		n.Size = int64(it.Size)
	case tree.TypeChar, tree.TypeBlock:
		n.Major, n.Minor = uint32(it.Rdev>>20), uint32(it.Rdev&(1<<20-1))
	}
	if it.Nlink > 1 && !n.IsDir() {
		n.Link = 1 // the walk numbers them
	}
	return nil
}

func nodeFlags(flags uint64) tree.Flags {
	var out tree.Flags
	for _, f := range []struct {
		from uint64
		to   tree.Flags
	}{
		{inodeImmutable, tree.Immutable}, {inodeAppend, tree.Append}, {inodeNoDataCOW, tree.NoCOW},
		{inodeNoDump, tree.NoDump}, {inodeSync, tree.Sync},
	} {
		if flags&f.from != 0 {
			out |= f.to
		}
	}
	return out
}

// target reads where a symbolic link points to.
func (f *FS) target(ino *readInode) error {
	k := key{ino.at.num, typeExtentData, 0}
	return f.scan(ino.at.vol, k, k, func(_ key, b []byte) error {
		if len(b) < inlineHeader || b[20] != extentInline || b[16] != 0 || len(b) > inlineHeader+4096 {
			return corrupt("link %d has no readable target", ino.at.num)
		}
		ino.node.Target = string(b[inlineHeader:])
		return nil
	})
}

// Open implements tree.Tree.
func (v *Volume) Open(n *tree.Node) (tree.File, error) {
	at := location{v.id, firstFreeID}
	for part := range strings.SplitSeq(clean(n.Path), "/") {
		next, err := v.fs.lookup(at, part)
		if err != nil {
			return nil, fmt.Errorf("open content %s: %w", n.Path, err)
		}
		at = next
	}
	ino, err := v.fs.inode(at)
	if err != nil {
		return nil, fmt.Errorf("open content %s: %w", n.Path, err)
	}
	if !ino.node.IsFile() {
		return nil, fmt.Errorf("open content %s: it is no regular file", n.Path)
	}
	return v.fs.open(ino)
}

// lookup finds a name in a directory by its hash.
func (f *FS) lookup(dir location, name string) (location, error) {
	k := key{dir.num, typeDirItem, nameHash(name)}
	var found *dirEntry
	err := f.scan(dir.vol, k, k, func(_ key, b []byte) error {
		list, err := f.parseEntries(dir.vol, b)
		for _, e := range list {
			if e.Name == name {
				found = &e
			}
		}
		return err
	})
	if err != nil {
		return location{}, err
	}
	if found == nil {
		return location{}, fmt.Errorf("there is no %q", name)
	}
	return found.To, nil
}
