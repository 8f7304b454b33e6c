package ext4

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/fimg/fimg/tree"
)

// attrs returns the extended attributes of an inode, sorted by name.
func (fs *FS) attrs(i *diskInode) ([]tree.Xattr, error) {
	var list []tree.Xattr
	if at := smallInode + int(i.ExtraISize); len(i.raw) > smallInode && at+4 < len(i.raw) &&
		binary.LittleEndian.Uint32(i.raw[at:]) == attrMagic {
		area := i.raw[at+4:]
		if err := fs.entries(i, area, area, &list); err != nil {
			return nil, err
		}
	}
	if block := int64(i.FileACL) | int64(i.FileACLHi)<<32; block != 0 {
		raw, err := fs.attrBlock(i, block)
		if err != nil {
			return nil, err
		}
		if err := fs.entries(i, raw[attrHeaderSize:], raw, &list); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(list, func(a, b tree.Xattr) int { return cmp.Compare(a.Name, b.Name) })
	return list, nil
}

func (fs *FS) attrBlock(i *diskInode, block int64) ([]byte, error) {
	raw, err := fs.readBlock(block)
	if err != nil {
		return nil, err
	}
	var h attrHeader
	_, _ = binary.Decode(raw, binary.LittleEndian, &h)
	if h.Magic != attrMagic {
		return nil, damaged("attribute block of inode %d", i.number)
	}
	if fs.sums() {
		binary.LittleEndian.PutUint32(raw[16:], 0)
		if crc(crc64le(fs.seed, uint64(block)), raw) != h.Checksum {
			return nil, damaged("checksum of the attribute block of inode %d", i.number)
		}
	}
	return raw, nil
}

// entries decodes attributes; value offsets count from the start of values.
func (fs *FS) entries(i *diskInode, area, values []byte, list *[]tree.Xattr) error {
	for len(area) >= 4 && binary.LittleEndian.Uint32(area) != 0 {
		var e attrEntry
		if len(area) < attrEntrySize {
			return damaged("attributes of inode %d", i.number)
		}
		_, _ = binary.Decode(area, binary.LittleEndian, &e)
		size := attrEntrySize + pad4(int(e.NameLen))
		end := uint64(e.ValueAt) + uint64(e.ValueSize)
		if size > len(area) || e.ValueInode == 0 && e.ValueSize > 0 && end > uint64(len(values)) {
			return damaged("attributes of inode %d", i.number)
		}
		value := []byte{}
		switch {
		case e.ValueInode != 0:
			return damaged("inode %d has an attribute in an inode, which is not supported", i.number)
		case e.ValueSize > 0:
			value = bytes.Clone(values[e.ValueAt:end])
		}
		if x, ok := attrOf(e.NameIndex, string(area[attrEntrySize:attrEntrySize+int(e.NameLen)]), value); ok {
			*list = append(*list, x)
		}
		area = area[size:]
	}
	return nil
}

// attrOf undoes newAttr; the start of inline data is no attribute.
func attrOf(index uint8, name string, value []byte) (tree.Xattr, bool) {
	for _, p := range prefixes() {
		if p.index != index || index == 7 && name == "data" {
			continue
		}
		if index == 2 || index == 3 {
			acl, ok := unpackACL(value)
			return tree.Xattr{Name: p.name, Value: acl}, ok
		}
		return tree.Xattr{Name: p.name + name, Value: value}, true
	}
	return tree.Xattr{}, false
}
