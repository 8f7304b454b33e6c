package xfs

import (
	"encoding/binary"
	"time"

	"github.com/fimg/fimg/tree"
)

// encodeInode returns an inode; blocks of its extent tree go to put.
func (p *plan) encodeInode(i *inode, put func(raw []byte, at int64) error) ([]byte, error) {
	n := i.node
	r := rawInode{Magic: inodeMagic, Mode: uint16(n.Mode), Version: 3, UID: n.UID, GID: n.GID, Links: i.links,
		Size: uint64(i.size()), Blocks: i.blocks(), Flags: i.flags, NextUnlinked: noBlock, Changes: 1,
		Number: i.number, UUID: p.opts.UUID, AttrFormat: formatList}
	p.stamp(&r, n.MTime)
	p.flags(&r, n)
	fork, err := p.dataFork(&r, i, put)
	if err != nil {
		return nil, err
	}
	raw := padded(r, p.opts.InodeSize)
	copy(raw[inodeHead:], fork)
	if len(i.attrs) > 0 {
		p.attrFork(raw, i)
	}
	return seal(raw, inodeChecksum), nil
}

// dataFork fills in the format and returns what the inode holds of it.
func (p *plan) dataFork(r *rawInode, i *inode, put func(raw []byte, at int64) error) ([]byte, error) {
	n := i.node
	switch {
	case n.IsDir() && i.shape.local:
		r.Format = formatLocal
		return i.local(), nil
	case n.Type() == tree.TypeLink && !i.isLong():
		r.Format = formatLocal
		return []byte(n.Target), nil
	case !n.IsFile() && !n.IsDir() && n.Type() != tree.TypeLink:
		r.Format = formatDevice
		return binary.BigEndian.AppendUint32(nil, n.Major<<18|n.Minor), nil
	}
	list := p.extents(i.runs)
	if p.opts.has(BigExtents) {
		r.BigExtents = uint64(len(list))
	} else {
		r.Extents = uint32(len(list))
	}
	if len(i.maps) > 0 {
		r.Format = formatTree
		return p.extentTree(i, list, put)
	}
	r.Format = formatList
	raw := make([]byte, extentSize*len(list))
	putExtents(raw, list)
	return raw, nil
}

// attrFork puts the attributes, or the place of their block, into an inode.
func (p *plan) attrFork(raw []byte, i *inode) {
	raw[82] = byte(i.fork / 8)
	area := raw[inodeHead+i.fork:]
	if i.leaf == nil {
		raw[83] = formatLocal
		copy(area, localAttrs(i.attrs))
		return
	}
	list := p.extents(i.attrAt)
	putExtents(area, list)
	if p.opts.has(BigExtents) {
		binary.BigEndian.PutUint32(raw[76:], uint32(len(list)))
	} else {
		binary.BigEndian.PutUint16(raw[80:], uint16(len(list)))
	}
}

// size is the size an inode tells.
func (i *inode) size() int64 {
	switch {
	case i.node.IsFile():
		return i.node.Size
	case i.node.IsDir() && i.shape.local:
		return int64(i.shape.size)
	case i.node.IsDir():
		return i.shape.data * block
	case i.node.Type() == tree.TypeLink:
		return int64(len(i.node.Target))
	}
	return 0
}

// blocks counts everything an inode has outside itself.
func (i *inode) blocks() uint64 {
	n := int64(len(i.maps))
	for _, r := range i.runs {
		n += r.Count
	}
	for _, r := range i.attrAt {
		n += r.Count
	}
	return uint64(n)
}

func (p *plan) flags(r *rawInode, n *tree.Node) {
	for _, f := range []struct {
		from tree.Flags
		to   uint16
	}{{tree.Immutable, flagImmutable}, {tree.Append, flagAppend}, {tree.NoDump, flagNoDump}, {tree.Sync, flagSync}} {
		if n.Flags&f.from != 0 {
			r.Flags |= f.to
		}
	}
	if p.opts.has(BigTime) {
		r.Flags2 |= flag2BigTime
	}
	if p.opts.has(BigExtents) {
		r.Flags2 |= flag2BigExtents
	}
}

// stamp sets all times: nanoseconds since 1901, or without bigtime seconds and
// nanoseconds.
func (p *plan) stamp(r *rawInode, t time.Time) {
	if t.IsZero() {
		t = time.Unix(0, 0)
	}
	v := uint64(uint32(t.Unix()))<<32 | uint64(t.Nanosecond())
	if p.opts.has(BigTime) {
		v = uint64(t.Unix()+1<<31)*1e9 + uint64(t.Nanosecond())
	}
	r.ATime, r.MTime, r.CTime, r.CRTime = v, v, v, v
}

// unused is an inode that is free.
func (p *plan) unused(number uint64) []byte {
	r := rawInode{Magic: inodeMagic, Version: 3, NextUnlinked: noBlock, Number: number, UUID: p.opts.UUID}
	return seal(padded(r, p.opts.InodeSize), inodeChecksum)
}
