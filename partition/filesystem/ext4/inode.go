package ext4

import (
	"encoding/binary"
	"time"

	"github.com/fimg/fimg/tree"
)

// encodeInode returns an inode and the blocks of its map.
func (p *plan) encodeInode(i *inode) ([]byte, []metaBlock) {
	n := i.node
	r := rawInode{Mode: uint16(n.Mode), UID: uint16(n.UID), UIDHi: uint16(n.UID >> 16),
		GID: uint16(n.GID), GIDHi: uint16(n.GID >> 16), Links: uint16(i.links), Flags: p.flags(i)}
	if i.links > 65000 {
		r.Links = 1 // dir_nlink: too many to count
	}
	p.stamp(&r, n.MTime)
	var blocks []metaBlock
	r.Block, blocks = p.blockField(i)
	size := i.size
	if n.IsDir() {
		size = p.count(i) * p.block
	}
	r.SizeLo, r.SizeHi = uint32(size), uint32(size>>32)
	p.countBlocks(&r, i)
	r.FileACL, r.FileACLHi = uint32(i.attrAt), uint16(i.attrAt>>32)
	raw, _ := binary.Append(make([]byte, 0, p.inodeSize), binary.LittleEndian, r)
	raw = append(raw[:min(int64(len(raw)), p.inodeSize)], make([]byte, max(0, p.inodeSize-int64(len(raw))))...)
	if len(i.inside) > 0 {
		binary.LittleEndian.PutUint32(raw[inodeExtraOffset:], attrMagic)
		putAttrs(raw[inodeExtraOffset+4:], i.inside, 0)
	}
	if p.ro&roMetadataCsum != 0 {
		sum := inodeChecksum(p.seed, i.number, raw)
		binary.LittleEndian.PutUint16(raw[inodeChecksumLo:], uint16(sum))
		if p.inodeSize > smallInode {
			binary.LittleEndian.PutUint16(raw[inodeChecksumHi:], uint16(sum>>16))
		}
	}
	return raw, blocks
}

// count is the number of data blocks of an inode.
func (p *plan) count(i *inode) (blocks int64) {
	for _, r := range i.runs {
		blocks += r.count
	}
	return blocks
}

// countBlocks sets the number of blocks, in sectors of 512 bytes or, where these do
// not fit, in blocks.
func (p *plan) countBlocks(r *rawInode, i *inode) {
	blocks := p.count(i) + int64(len(i.maps))
	if i == p.resize {
		blocks = p.resizeCount()
	}
	if i.attrAt != 0 {
		blocks++
	}
	sectors := blocks * p.block / 512
	if sectors >= 1<<48 {
		r.Flags |= flagHugeFile
		sectors = blocks
	}
	r.BlocksLo, r.BlocksHi = uint32(sectors), uint16(sectors>>32)
}

func (p *plan) flags(i *inode) (flags uint32) {
	for _, f := range []struct {
		from tree.Flags
		to   uint32
	}{{tree.Immutable, flagImmutable}, {tree.Append, flagAppend}, {tree.NoDump, flagNoDump}, {tree.Sync, flagSync}} {
		if i.node.Flags&f.from != 0 {
			flags |= f.to
		}
	}
	if i.indexed && i.node.IsDir() {
		flags |= flagIndex
	}
	if p.mapped(i) && p.incompat&incompatExtents != 0 {
		flags |= flagExtents
	}
	return flags
}

// mapped tells whether the block field of an inode is a map: not of devices and
// short symbolic links, and the resize inode has one of its own.
func (p *plan) mapped(i *inode) bool {
	switch i.node.Type() {
	case tree.TypeFile, tree.TypeDir:
		return i != p.resize
	case tree.TypeLink:
		return len(i.target) >= 60
	}
	return false
}

func (p *plan) blockField(i *inode) (field [60]byte, blocks []metaBlock) {
	switch {
	case i == p.resize && i != nil:
		binary.LittleEndian.PutUint32(field[4*13:], uint32(i.maps[0]))
	case p.mapped(i) && p.incompat&incompatExtents != 0:
		return extentTree(i.runs, i.maps, p.block, inodeSeed(p.seed, i.number, 0))
	case p.mapped(i):
		places := i.maps
		m := &indirect{per: p.addresses(), block: p.block, runs: i.runs, place: func() (at int64) {
			at, places = places[0], places[1:]
			return at
		}}
		return m.build()
	case i.node.Type() == tree.TypeLink:
		copy(field[:], i.target)
	case i.node.Type() == tree.TypeChar || i.node.Type() == tree.TypeBlock:
		putDevice(field[:], i.node.Major, i.node.Minor)
	}
	return field, blocks
}

// putDevice encodes a device number: the old form where it fits, else the new one
// in the second word.
func putDevice(field []byte, major, minor uint32) {
	if major < 256 && minor < 256 {
		binary.LittleEndian.PutUint32(field, major<<8|minor)
		return
	}
	binary.LittleEndian.PutUint32(field[4:], minor&0xff|major<<8|minor&^0xff<<12)
}

// device decodes what putDevice encodes.
func device(field []byte) (major, minor uint32) {
	if old := binary.LittleEndian.Uint32(field); old != 0 {
		return old >> 8 & 0xff, old & 0xff
	}
	v := binary.LittleEndian.Uint32(field[4:])
	return v >> 8 & 0xfff, v&0xff | v>>12&0xfff00
}

// stamp sets all times; the extra words hold nanoseconds and two more bits of the
// seconds.
func (p *plan) stamp(r *rawInode, t time.Time) {
	if t.IsZero() {
		t = time.Unix(0, 0)
	}
	seconds := t.Unix()
	extra := uint32(t.Nanosecond())<<2 | uint32((seconds-int64(int32(seconds)))>>32)&3
	r.ATime, r.CTime, r.MTime = uint32(seconds), uint32(seconds), uint32(seconds)
	if p.inodeSize > smallInode {
		r.ExtraISize = extraISize
		r.CRTime = uint32(seconds)
		r.ATimeExtra, r.CTimeExtra, r.MTimeExtra, r.CRTimeExtra = extra, extra, extra, extra
	}
}
