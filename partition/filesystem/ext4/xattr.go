package ext4

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/fimg/fimg/tree"
)

// attrMagic begins attributes in an inode and in a block ("Extended Attributes").
const attrMagic = 0xea020000

// attrHeader is struct ext4_xattr_header of an attribute block.
type attrHeader struct {
	Magic    uint32
	RefCount uint32
	Blocks   uint32
	Hash     uint32
	Checksum uint32
	_        [3]uint32
}

// attrEntry is struct ext4_xattr_entry; the name follows, padded to four bytes.
type attrEntry struct {
	NameLen    uint8
	NameIndex  uint8
	ValueAt    uint16 // from the first entry, in a block from its start
	ValueInode uint32
	ValueSize  uint32
	Hash       uint32
}

const (
	attrHeaderSize = 32
	attrEntrySize  = 16
	maxAttrRefs    = 1024
)

// attr is an attribute as it is stored.
type attr struct {
	index uint8
	name  string
	value []byte
}

func (a attr) entrySize() int { return attrEntrySize + pad4(len(a.name)) }
func (a attr) size() int      { return a.entrySize() + pad4(len(a.value)) }
func pad4(n int) int          { return (n + 3) &^ 3 }

// prefixes are the name indexes, longest names first.
func prefixes() []attr {
	return []attr{{2, "system.posix_acl_access", nil}, {3, "system.posix_acl_default", nil},
		{6, "security.", nil}, {4, "trusted.", nil}, {7, "system.", nil}, {1, "user.", nil}}
}

// newAttr converts an attribute; ok is false for namespaces ext4 does not have.
func newAttr(x tree.Xattr) (attr, bool) {
	for _, p := range prefixes() {
		rest, found := strings.CutPrefix(x.Name, p.name)
		if !found || p.index <= 3 && p.index >= 2 && rest != "" || p.index > 3 && rest == "" {
			continue
		}
		if p.index == 2 || p.index == 3 {
			value, ok := packACL(x.Value)
			return attr{p.index, "", value}, ok
		}
		return attr{p.index, rest, x.Value}, len(rest) <= 255
	}
	return attr{}, false
}

// attrSets divides attributes between the inode and a block: those that fit go
// into the inode in the order of their names. Space is that in the inode.
func attrSets(list []tree.Xattr, space, block int) (inside, outside []attr, reason string) {
	left, used := space-8, attrHeaderSize+4 // magic and the end mark
	for _, x := range list {
		a, ok := newAttr(x)
		if !ok {
			return nil, nil, "extended attribute " + x.Name + " is of no kind ext4 has"
		}
		if a.size() <= left {
			inside, left = append(inside, a), left-a.size()
			continue
		}
		if used += a.size(); used > block {
			return nil, nil, "extended attribute " + x.Name + " does not fit into a block"
		}
		outside = append(outside, a)
	}
	slices.SortFunc(outside, func(a, b attr) int {
		return cmp.Or(cmp.Compare(a.index, b.index), cmp.Compare(len(a.name), len(b.name)), cmp.Compare(a.name, b.name))
	})
	return inside, outside, ""
}

// putAttrs writes entries from the start of area and values from its end; base is
// what value offsets count from, as seen from area.
func putAttrs(area []byte, list []attr, base int) (hashes []uint32) {
	at, end := 0, len(area)
	for _, a := range list {
		end -= pad4(len(a.value))
		copy(area[end:], a.value)
		e := attrEntry{NameLen: uint8(len(a.name)), NameIndex: a.index, ValueSize: uint32(len(a.value)), Hash: a.hash()}
		if len(a.value) > 0 {
			e.ValueAt = uint16(end + base)
		}
		_, _ = binary.Encode(area[at:], binary.LittleEndian, e)
		copy(area[at+attrEntrySize:], a.name)
		at += a.entrySize()
		hashes = append(hashes, e.Hash)
	}
	return hashes
}

// hash is e_hash: of the name's bytes and the value's words.
func (a attr) hash() uint32 {
	h := uint32(0)
	for _, c := range []byte(a.name) {
		h = h<<5 ^ h>>27 ^ uint32(c)
	}
	value := append(bytes.Clone(a.value), make([]byte, pad4(len(a.value))-len(a.value))...)
	for ; len(value) > 0; value = value[4:] {
		h = h<<16 ^ h>>16 ^ binary.LittleEndian.Uint32(value)
	}
	return h
}

// attrBlock encodes an attribute block for its place and number of users.
func attrBlock(list []attr, size int, refs uint32, fsSeed uint32, block int64, sum bool) []byte {
	raw := make([]byte, size)
	h := attrHeader{Magic: attrMagic, RefCount: refs, Blocks: 1}
	for _, e := range putAttrs(raw[attrHeaderSize:], list, attrHeaderSize) {
		h.Hash = h.Hash<<16 ^ h.Hash>>16 ^ e
		if e == 0 {
			h.Hash = 0
			break
		}
	}
	_, _ = binary.Encode(raw, binary.LittleEndian, h)
	if sum {
		h.Checksum = crc(crc64le(fsSeed, uint64(block)), raw)
		_, _ = binary.Encode(raw, binary.LittleEndian, h)
	}
	return raw
}

// attrKey is equal for attribute blocks that can be shared.
func attrKey(list []attr) string {
	var b []byte
	for _, a := range list {
		b = append(b, a.index)
		b = binary.LittleEndian.AppendUint32(b, uint32(len(a.name)))
		b = append(b, a.name...)
		b = binary.LittleEndian.AppendUint32(b, uint32(len(a.value)))
		b = append(b, a.value...)
	}
	return string(b)
}
