package xfs

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/fimg/fimg/tree"
)

// Name spaces of attributes.
const (
	attrRoot   = 2
	attrSecure = 4
	attrLocal  = 1 // the value lies beside the name
)

const (
	attrLeafMagic = 0x3bee
	attrHead      = 80
	valueMagic    = 0x5841524d // XARM
	valueHead     = 56
	valueRoom     = block - valueHead
	valueChecksum = 12
	longestLocal  = block * 3 / 4 // of an entry with its value
)

// attr is an attribute as it is stored.
type attr struct {
	space uint8
	name  string
	value []byte
}

// newAttr converts an attribute; ok is false for name spaces xfs does not have.
func newAttr(x tree.Xattr) (a attr, ok bool) {
	if len(x.Value) > 1<<16 {
		return a, false
	}
	for _, p := range []struct {
		prefix string
		space  uint8
	}{{"security.", attrSecure}, {"trusted.", attrRoot}, {"user.", 0}} {
		if name, found := strings.CutPrefix(x.Name, p.prefix); found && name != "" {
			return attr{p.space, name, x.Value}, len(name) <= 255
		}
	}
	name := map[string]string{"system.posix_acl_access": "SGI_ACL_FILE", "system.posix_acl_default": "SGI_ACL_DEFAULT"}[x.Name]
	if name == "" {
		return a, false
	}
	value, ok := packACL(x.Value)
	return attr{attrRoot, name, value}, ok
}

// packACL turns the value that getxattr(2) shows into what is stored: a count, and
// for each entry tag, id and permissions.
func packACL(value []byte) ([]byte, bool) {
	const version, unset = 2, 1<<32 - 1
	if len(value) < 4 || (len(value)-4)%8 != 0 || binary.LittleEndian.Uint32(value) != version {
		return nil, false
	}
	out := binary.BigEndian.AppendUint32(nil, uint32(len(value)-4)/8)
	for e := value[4:]; len(e) > 0; e = e[8:] {
		tag, id := binary.LittleEndian.Uint16(e), binary.LittleEndian.Uint32(e[4:])
		if id == unset {
			id = 0
		}
		out = binary.BigEndian.AppendUint32(out, uint32(tag))
		out = binary.BigEndian.AppendUint32(out, id)
		out = binary.BigEndian.AppendUint16(out, binary.LittleEndian.Uint16(e[2:]))
		out = append(out, 0, 0)
	}
	return out, true
}

// localAttrs encodes attributes that lie in the inode, nil when one cannot.
func localAttrs(list []attr) []byte {
	raw := []byte{0, 0, byte(len(list)), 0}
	for _, a := range list {
		if len(a.value) > 255 {
			return nil
		}
		raw = append(raw, byte(len(a.name)), byte(len(a.value)), a.space)
		raw = append(append(raw, a.name...), a.value...)
	}
	binary.BigEndian.PutUint16(raw, uint16(len(raw)))
	return raw
}

// attrLeaf is the block of attributes that do not lie in the inode; long values
// have blocks behind it.
type attrLeaf struct {
	list   []attr // by hash
	blocks int64  // of values
}

func pad4(n int) int { return (n + 3) &^ 3 }

func (a attr) localSize() int { return pad4(3 + len(a.name) + len(a.value)) }
func (a attr) isLocal() bool  { return a.localSize() < longestLocal }
func (a attr) size() int {
	if a.isLocal() {
		return a.localSize()
	}
	return pad4(9 + len(a.name))
}

func (a attr) valueBlocks() int64 {
	if a.isLocal() {
		return 0
	}
	return ceil(int64(len(a.value)), valueRoom)
}

// newLeaf arranges attributes in a block; ok is false if they do not fit.
func newLeaf(list []attr) (l *attrLeaf, ok bool) {
	l = &attrLeaf{list: slices.Clone(list)}
	slices.SortStableFunc(l.list, func(a, b attr) int { return cmp.Compare(nameHash(a.name), nameHash(b.name)) })
	used := attrHead
	for _, a := range l.list {
		used += 8 + a.size()
		l.blocks += a.valueBlocks()
	}
	return l, used <= block
}

// encode returns the leaf and the blocks of values, for an inode whose attribute
// blocks lie at the places.
func (l *attrLeaf) encode(p *plan, i *inode, places []int64) [][]byte {
	raw := padded(treeHeader{Magic: attrLeafMagic, Block: uint64(places[0] * perSector), UUID: p.opts.UUID, Inode: i.number,
		Count: uint16(len(l.list))}, block)
	out := [][]byte{raw}
	entry, at := attrHead, block
	for _, a := range l.list {
		at -= a.size()
		flags := a.space
		if a.isLocal() {
			flags |= attrLocal
			binary.BigEndian.PutUint16(raw[at:], uint16(len(a.value)))
			raw[at+2] = byte(len(a.name))
			copy(raw[at+3:], a.name)
			copy(raw[at+3+len(a.name):], a.value)
		} else {
			binary.BigEndian.PutUint32(raw[at:], uint32(len(out)))
			binary.BigEndian.PutUint32(raw[at+4:], uint32(len(a.value)))
			raw[at+8] = byte(len(a.name))
			copy(raw[at+9:], a.name)
			out = append(out, p.values(i, a.value, places[len(out):])...)
		}
		binary.BigEndian.PutUint32(raw[entry:], nameHash(a.name))
		binary.BigEndian.PutUint16(raw[entry+4:], uint16(at))
		raw[entry+6] = flags
		entry += 8
	}
	binary.BigEndian.PutUint16(raw[58:], uint16(block-at)) // bytes of names and values
	binary.BigEndian.PutUint16(raw[60:], uint16(at))       // the first of them
	binary.BigEndian.PutUint16(raw[64:], uint16(entry))    // free room
	binary.BigEndian.PutUint16(raw[66:], uint16(at-entry))
	seal(raw, treeChecksum)
	return out
}

// valueHeader is struct xfs_attr3_rmt_hdr.
type valueHeader struct {
	Magic, Offset, Bytes, Checksum uint32
	UUID                           [16]byte
	Inode, Block, LSN              uint64
}

// values encodes the blocks of a long value.
func (p *plan) values(i *inode, value []byte, places []int64) (out [][]byte) {
	offset := 0
	for part := range slices.Chunk(value, valueRoom) {
		raw := padded(valueHeader{Magic: valueMagic, Offset: uint32(offset), Bytes: uint32(len(part)), UUID: p.opts.UUID,
			Inode: i.number, Block: uint64(places[len(out)] * perSector)}, block)
		copy(raw[valueHead:], part)
		out = append(out, seal(raw, valueChecksum))
		offset += len(part)
	}
	return out
}
