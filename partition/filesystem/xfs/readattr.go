package xfs

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/fimg/fimg/tree"
)

const (
	attrIncomplete = 1 << 7
	maxValue       = 1 << 16
	maxAttrBlocks  = 1 << 12 // of one inode
)

// attrs reads the extended attributes of an inode, sorted by name.
func (fs *FS) attrs(i *diskInode) (list []tree.Xattr, err error) {
	switch {
	case i.attr == nil:
		return nil, nil
	case i.AttrFormat == formatLocal:
		list, err = fs.localAttrs(i)
	default:
		list, err = fs.blockAttrs(i)
	}
	slices.SortFunc(list, func(a, b tree.Xattr) int { return strings.Compare(a.Name, b.Name) })
	return list, err
}

func (fs *FS) localAttrs(i *diskInode) (list []tree.Xattr, err error) {
	raw := i.attr
	if len(raw) < 4 {
		return nil, damaged("attributes of inode %d", i.Number)
	}
	count := int(raw[2])
	raw = raw[4:]
	for range count {
		if len(raw) < 3 || len(raw) < 3+int(raw[0])+int(raw[1]) {
			return nil, damaged("attributes of inode %d", i.Number)
		}
		name, value := int(raw[0]), int(raw[1])
		list = addAttr(list, raw[2], string(raw[3:3+name]), raw[3+name:3+name+value])
		raw = raw[3+name+value:]
	}
	return list, nil
}

// addAttr adds an attribute under the name that listxattr(2) shows; those that
// are only half there, and pointers to parents, have none.
func addAttr(list []tree.Xattr, flags uint8, name string, value []byte) []tree.Xattr {
	value = append([]byte{}, value...)
	switch space := flags &^ attrLocal; {
	case space == attrRoot && strings.HasPrefix(name, "SGI_ACL_"):
		acl, ok := unpackACL(value)
		kind := map[string]string{"SGI_ACL_FILE": "access", "SGI_ACL_DEFAULT": "default"}[name]
		if ok && kind != "" {
			list = append(list, tree.Xattr{Name: "system.posix_acl_" + kind, Value: acl})
		}
	case space == attrRoot:
		list = append(list, tree.Xattr{Name: "trusted." + name, Value: value})
	case space == attrSecure:
		list = append(list, tree.Xattr{Name: "security." + name, Value: value})
	case space == 0:
		list = append(list, tree.Xattr{Name: "user." + name, Value: value})
	}
	return list
}

// unpackACL undoes packACL.
func unpackACL(stored []byte) ([]byte, bool) {
	const named, unset = 2 | 8, 1<<32 - 1
	if len(stored) < 4 || len(stored) != 4+12*int(min(binary.BigEndian.Uint32(stored), maxValue)) {
		return nil, false
	}
	out := binary.LittleEndian.AppendUint32(nil, 2)
	for e := stored[4:]; len(e) > 0; e = e[12:] {
		tag, id := binary.BigEndian.Uint32(e), binary.BigEndian.Uint32(e[4:])
		if tag&named == 0 {
			id = unset
		}
		out = binary.LittleEndian.AppendUint16(out, uint16(tag))
		out = binary.LittleEndian.AppendUint16(out, binary.BigEndian.Uint16(e[8:]))
		out = binary.LittleEndian.AppendUint32(out, id)
	}
	return out, true
}

// blockAttrs reads all leaves among the attribute blocks; the nodes above them are
// not needed.
func (fs *FS) blockAttrs(i *diskInode) (list []tree.Xattr, err error) {
	extents, err := fs.attrExtents(i)
	if err != nil {
		return nil, err
	}
	blocks := uint64(0)
	for _, e := range extents {
		if blocks += e.count; blocks > maxAttrBlocks {
			return nil, damaged("attributes of inode %d are too many", i.Number)
		}
		for n := range e.count {
			raw, err := fs.blocks(e.place+n, 1)
			if err != nil {
				return nil, err
			}
			if list, err = fs.attrBlock(i, raw, extents, list); err != nil {
				return nil, err
			}
		}
	}
	return list, nil
}

// attrBlock adds the attributes of a leaf; nodes and values need only be the
// inode's own, so that no two inodes share blocks.
func (fs *FS) attrBlock(i *diskInode, raw []byte, extents []extent, list []tree.Xattr) ([]tree.Xattr, error) {
	var v valueHeader
	var h treeHeader
	_, _ = binary.Decode(raw, binary.BigEndian, &v)
	_, _ = binary.Decode(raw, binary.BigEndian, &h)
	switch {
	case v.Magic == valueMagic && v.Inode == i.Number, h.Magic == nodeMagic && h.Inode == i.Number:
		return list, nil
	case h.Magic == attrLeafMagic:
		return fs.attrLeaf(i, raw, extents, list)
	}
	return nil, damaged("attribute block of inode %d", i.Number)
}

func (fs *FS) attrLeaf(i *diskInode, raw []byte, extents []extent, list []tree.Xattr) ([]tree.Xattr, error) {
	var h treeHeader
	_, _ = binary.Decode(raw, binary.BigEndian, &h)
	bad := damaged("attribute block of inode %d", i.Number)
	if h.Inode != i.Number || attrHead+8*int(h.Count) > len(raw) || !fs.sealed(raw, treeChecksum) {
		return nil, bad
	}
	for n := range int(h.Count) {
		entry := raw[attrHead+8*n:]
		at, flags := int(binary.BigEndian.Uint16(entry[4:])), entry[6]
		if flags&attrIncomplete != 0 {
			continue
		}
		name, value, err := fs.nameAndValue(i, raw[min(at, len(raw)):], flags, extents)
		if err != nil {
			return nil, err
		}
		list = addAttr(list, flags, name, value)
	}
	return list, nil
}

// nameAndValue reads an attribute of a leaf: its value follows the name, or lies in
// blocks of its own.
func (fs *FS) nameAndValue(i *diskInode, raw []byte, flags uint8, extents []extent) (string, []byte, error) {
	bad := damaged("attribute of inode %d", i.Number)
	if flags&attrLocal != 0 {
		if len(raw) < 3 || len(raw) < 3+int(raw[2])+int(binary.BigEndian.Uint16(raw)) {
			return "", nil, bad
		}
		name := 3 + int(raw[2])
		return string(raw[3:name]), raw[name : name+int(binary.BigEndian.Uint16(raw))], nil
	}
	if len(raw) < 9 || len(raw) < 9+int(raw[8]) {
		return "", nil, bad
	}
	block, size := binary.BigEndian.Uint32(raw), binary.BigEndian.Uint32(raw[4:])
	if size > maxValue {
		return "", nil, bad
	}
	value, err := fs.value(i, uint64(block), int(size), extents)
	return string(raw[9 : 9+int(raw[8])]), value, err
}

// value reads a value from blocks of its own.
func (fs *FS) value(i *diskInode, logical uint64, size int, extents []extent) (value []byte, err error) {
	f := &openFile{fs, 1 << 40, extents}
	raw := make([]byte, fs.super.BlockSize)
	for ; len(value) < size; logical++ {
		if _, err := f.ReadAt(raw, int64(logical)<<fs.super.BlockLog); err != nil {
			return nil, err
		}
		var h valueHeader
		_, _ = binary.Decode(raw, binary.BigEndian, &h)
		if h.Magic != valueMagic || h.Inode != i.Number || int64(h.Offset) != int64(len(value)) || h.Bytes == 0 ||
			int64(h.Bytes) > int64(min(len(raw)-valueHead, size-len(value))) || !fs.sealed(raw, valueChecksum) {
			return nil, damaged("attribute of inode %d", i.Number)
		}
		value = append(value, raw[valueHead:valueHead+h.Bytes]...)
	}
	return value, nil
}

// target reads a symbolic link.
func (fs *FS) target(i *diskInode) (string, error) {
	switch {
	case i.Size == 0 || i.Size > maxTarget:
		return "", damaged("symbolic link %d of %d bytes", i.Number, i.Size)
	case i.Format == formatLocal && i.Size <= uint64(len(i.data)):
		return string(i.data[:i.Size]), nil
	}
	list, err := fs.dataExtents(i)
	if err != nil {
		return "", err
	}
	var target bytes.Buffer
	for _, e := range list[:min(len(list), 8)] {
		raw, err := fs.blocks(e.place, min(e.count, 8))
		if err != nil {
			return "", err
		}
		for part := range slices.Chunk(raw, int(fs.super.BlockSize)) {
			var h linkHeader
			_, _ = binary.Decode(part, binary.BigEndian, &h)
			if h.Magic != linkMagic || h.Inode != i.Number || int64(h.Bytes) > int64(len(part)-linkHead) || !fs.sealed(part, linkChecksum) {
				return "", damaged("symbolic link %d", i.Number)
			}
			target.Write(part[linkHead : linkHead+h.Bytes])
		}
	}
	if target.Len() != int(i.Size) {
		return "", damaged("symbolic link %d", i.Number)
	}
	return target.String(), nil
}
