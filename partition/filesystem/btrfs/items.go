package btrfs

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/fimg/fimg/tree"
)

// written is what the data of a file turned into.
type written struct {
	nbytes     uint64
	noCompress bool
	extents    []fileExtent
}

// fileExtent is an EXTENT_DATA item; inline data follow an inline one.
type fileExtent struct {
	offset uint64
	item   extentData
	inline []byte
}

func stamp(t time.Time) timespec {
	if t.IsZero() {
		return timespec{}
	}
	return timespec{t.Unix(), uint32(t.Nanosecond())}
}

// entryKinds maps the type bits of a mode to the type of a directory entry.
var entryKinds = map[uint32]uint8{
	tree.TypeFile: entryFile, tree.TypeDir: entryDir, tree.TypeChar: entryChar,
	tree.TypeBlock: entryBlock, tree.TypeFIFO: entryFIFO,
	tree.TypeSocket: entrySocket, tree.TypeLink: entryLink,
}

// putInode writes all items of an inode, in key order.
func (v *subvolume) putInode(o *Options, ino *inode, w written) error {
	item := v.inodeItem(o, ino, w)
	v.scratch = item.append(v.scratch[:0])
	if err := v.tree.add(key{ino.num, typeInodeItem, 0}, v.scratch); err != nil {
		return err
	}
	for _, put := range []func(*Options, *inode) error{v.putRefs, v.putXattrs, v.putEntries} {
		if err := put(o, ino); err != nil {
			return err
		}
	}
	if o.NoHolesDisabled && ino.node.IsFile() {
		w.extents = withHoles(w.extents, uint64(roundUp(ino.node.Size, int64(o.SectorSize))))
	}
	return v.putExtents(ino, w)
}

func (v *subvolume) inodeItem(o *Options, ino *inode, w written) inodeItem {
	n := ino.node
	it := inodeItem{
		Generation: generation, Transid: generation,
		UID: n.UID, GID: n.GID, Mode: n.Mode, Nlink: uint32(len(ino.names)),
		Flags: v.inodeFlags(o, n, w), Nbytes: w.nbytes,
		Atime: stamp(n.MTime), Mtime: stamp(n.MTime),
		Ctime: stamp(o.Time), Otime: stamp(o.Time),
	}
	switch n.Type() {
	case tree.TypeFile:
		it.Size = uint64(n.Size)
	case tree.TypeLink:
		it.Size = uint64(len(n.Target))
	case tree.TypeDir:
		it.Nlink = 1
		for _, e := range ino.entries {
			it.Size += 2 * uint64(len(e.name))
		}
	case tree.TypeChar, tree.TypeBlock:
		it.Rdev = uint64(n.Major)<<20 | uint64(n.Minor)
	}
	return it
}

// inodeFlags translates chattr flags; what is stored without copy-on-write has no
// checksums either.
func (v *subvolume) inodeFlags(o *Options, n *tree.Node, w written) uint64 {
	var flags uint64
	for _, f := range []struct {
		from tree.Flags
		to   uint64
	}{
		{tree.Immutable, inodeImmutable}, {tree.Append, inodeAppend},
		{tree.NoDump, inodeNoDump}, {tree.Sync, inodeSync},
	} {
		if n.Flags&f.from != 0 {
			flags |= f.to
		}
	}
	switch {
	case v.noCOW(o, n) && n.IsFile():
		return flags | inodeNoDataCOW | inodeNoDataSum
	case v.noCOW(o, n):
		return flags | inodeNoDataCOW
	}
	if algo, ok := property(n); ok && (n.IsFile() || n.IsDir()) {
		if algo == None {
			return flags | inodeNoCompress
		}
		flags |= inodeCompress
	}
	if w.noCompress {
		flags |= inodeNoCompress
	}
	return flags
}

// noCOW tells whether an inode is stored without copy-on-write.
func (v *subvolume) noCOW(o *Options, n *tree.Node) bool {
	return (n.IsFile() || n.IsDir()) && (v.spec.NoCOW || n.Flags&tree.NoCOW != 0) || n.IsFile() && o.NoDataCOW
}

// putRefs writes the names of an inode: those in one directory into one item as
// long as it fits into a node, the others as extended references.
func (v *subvolume) putRefs(_ *Options, ino *inode) error {
	names := slices.Clone(ino.names)
	slices.SortStableFunc(names, func(a, b inodeName) int { return cmp.Compare(a.parent.num, b.parent.num) })
	var far []inodeName
	for len(names) > 0 {
		var data []byte
		parent := names[0].parent.num
		for len(names) > 0 && names[0].parent.num == parent {
			if n := names[0]; len(data)+10+len(n.name) <= leafRoom(v.tree.size) {
				data = le.AppendUint64(data, n.index)
				data = le.AppendUint16(data, uint16(len(n.name)))
				data = append(data, n.name...)
			} else {
				far = append(far, n)
			}
			names = names[1:]
		}
		if err := v.tree.add(key{ino.num, typeInodeRef, parent}, data); err != nil {
			return err
		}
	}
	return v.putExtrefs(ino, far)
}

func (v *subvolume) putExtrefs(ino *inode, names []inodeName) error {
	items := make([]hashed, 0, len(names))
	for _, n := range names {
		data := le.AppendUint64(nil, n.parent.num)
		data = le.AppendUint64(data, n.index)
		data = le.AppendUint16(data, uint16(len(n.name)))
		items = append(items, hashed{refHash(n.parent.num, n.name), append(data, n.name...)})
	}
	return v.putHashed(ino.num, typeInodeExtref, items)
}

// hashed is a structure whose key has a hash for its offset.
type hashed struct {
	hash uint64
	data []byte
}

// putHashed writes structures in the order of their hashes; those of one hash
// share an item.
func (v *subvolume) putHashed(num uint64, kind uint8, items []hashed) error {
	slices.SortStableFunc(items, func(a, b hashed) int { return cmp.Compare(a.hash, b.hash) })
	for i := 0; i < len(items); {
		data, j := items[i].data, i+1
		for ; j < len(items) && items[j].hash == items[i].hash; j++ {
			data = append(data, items[j].data...)
		}
		if err := v.tree.add(key{num, kind, items[i].hash}, data); err != nil {
			return err
		}
		i = j
	}
	return nil
}

func (v *subvolume) putXattrs(o *Options, ino *inode) error {
	var items []hashed
	for _, x := range ino.node.Xattrs {
		if strings.HasPrefix(x.Name, "btrfs.") && (x.Name != propertyName || v.noCOW(o, ino.node)) {
			continue
		}
		items = append(items, hashed{nameHash(x.Name), appendDirItem(nil, key{}, entryXattr, x.Name, x.Value)})
	}
	return v.putHashed(ino.num, typeXattrItem, items)
}

// putEntries writes what is in a directory, by hash and then by index.
func (v *subvolume) putEntries(_ *Options, ino *inode) error {
	if len(ino.entries) == 0 {
		return nil
	}
	items := make([]hashed, len(ino.entries))
	for i, e := range ino.entries {
		items[i] = hashed{nameHash(e.name), e.encode()}
	}
	index := slices.Clone(items)
	if err := v.putHashed(ino.num, typeDirItem, items); err != nil {
		return err
	}
	for i, it := range index {
		if err := v.tree.add(key{ino.num, typeDirIndex, uint64(i) + 2}, it.data); err != nil {
			return err
		}
	}
	return nil
}

func (e entry) encode() []byte {
	if e.sub != nil {
		return appendDirItem(nil, key{e.sub.id, typeRootItem, 0}, entryDir, e.name, nil)
	}
	return appendDirItem(nil, key{e.inode.num, typeInodeItem, 0}, entryKinds[e.inode.node.Type()], e.name, nil)
}

func (v *subvolume) putExtents(ino *inode, w written) error {
	for i := range w.extents {
		e := &w.extents[i]
		v.scratch = append(e.item.append(v.scratch[:0]), e.inline...)
		if err := v.tree.add(key{ino.num, typeExtentData, e.offset}, v.scratch); err != nil {
			return err
		}
	}
	return nil
}

// withHoles fills what lies between extents with explicit holes, as file systems
// without the feature no-holes want it.
func withHoles(extents []fileExtent, end uint64) []fileExtent {
	var all []fileExtent
	at := uint64(0)
	for _, e := range append(extents, fileExtent{offset: end}) {
		if n := e.offset - at; e.offset > at {
			hole := extentData{Generation: generation, RAMBytes: n, NumBytes: n, Type: extentRegular}
			all = append(all, fileExtent{offset: at, item: hole})
		}
		if at = e.offset + e.item.NumBytes; e.item.Type == extentInline {
			at = end
		}
		if e.offset < end {
			all = append(all, e)
		}
	}
	return all
}

// linkTarget is the content of a symbolic link.
func linkTarget(target string) written {
	n := uint64(len(target))
	item := extentData{Generation: generation, RAMBytes: n, Type: extentInline}
	return written{nbytes: n, extents: []fileExtent{{item: item, inline: []byte(target)}}}
}
