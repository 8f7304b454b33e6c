package xfs

import (
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/fimg/fimg/partition/filesystem/contents"
)

const (
	freeRecords    = (block - groupNodeSize) / 8
	inodeRecords   = (block - groupNodeSize) / 16
	inodeTreeNodes = (block - groupNodeSize) / 8 // keys with pointers
)

// treeBlocks is the number of blocks of a tree of inodes, its root counted.
func treeBlocks(records, inLeaf int64) int64 {
	n := max(1, ceil(records, inLeaf))
	total := n
	for n > 1 {
		n = ceil(n, inodeTreeNodes)
		total += n
	}
	return total
}

// freeSpace are the free rows of blocks of a group, beside its free list.
func (p *plan) freeSpace(group int64) (list []contents.Interval) {
	gap := contents.Interval{At: p.list(group) + listBlocks}
	gap.Count = p.chunks(group) - gap.At
	rest := contents.Interval{At: p.alloc.cursor[group]}
	rest.Count = p.length(group) - rest.At
	if gap.End() == rest.At {
		gap.Count, rest.Count = gap.Count+rest.Count, 0
	}
	for _, i := range []contents.Interval{gap, rest} {
		if i.Count > 0 {
			list = append(list, i)
		}
	}
	return list
}

// freeInodes is the number of free inodes of a group.
func (g *group) freeInodes() int64 { return g.chunks*chunkInodes - int64(len(g.inodes)) }

// writeGroup writes the headers of a group and its trees.
func (w *writer) writeGroup(group int64) error {
	g, base := &w.groups[group], group*w.groupBlocks
	free := w.freeSpace(group)
	if err := w.meta(w.headers(group, free), base); err != nil {
		return err
	}
	if err := w.freeTrees(group, free); err != nil {
		return err
	}
	levels, err := w.inodeTree(group)
	if err != nil {
		return err
	}
	if w.opts.has(FreeInodes) {
		var list [][]byte
		if g.freeInodes() > 0 {
			list = [][]byte{w.inodeRecord(group, g.chunks-1)}
		}
		if err := w.leaf(group, w.freeRoot(), freeTreeMagic, list); err != nil {
			return err
		}
	}
	if w.opts.has(Reflink) {
		if err := w.leaf(group, w.refcountRoot(), refcountMagic, nil); err != nil {
			return err
		}
	}
	return w.inodeHeader(group, levels)
}

// headers are the superblock, the header of the free space and the free list; the
// header of inodes has a place between them.
func (w *writer) headers(group int64, free []contents.Interval) []byte {
	sector := w.opts.SectorSize
	raw := make([]byte, w.heads*block)
	_, _ = binary.Encode(raw, binary.BigEndian, w.super(group))
	seal(raw[:sector], superChecksum)
	_, _ = binary.Encode(raw[sector:], binary.BigEndian, w.freeHeader(group, free))
	seal(raw[sector:2*sector], freeChecksum)
	list := raw[3*sector : 4*sector]
	_, _ = binary.Encode(list, binary.BigEndian, listHeader{Magic: listMagic, Group: uint32(group), UUID: w.opts.UUID})
	for at := listSize; at+4 <= len(list); at += 4 {
		n := (at - listSize) / 4
		v := uint32(noBlock)
		if n < listBlocks {
			v = uint32(w.list(group)) + uint32(n)
		}
		binary.BigEndian.PutUint32(list[at:], v)
	}
	seal(list, listChecksum)
	return raw
}

func (w *writer) freeHeader(group int64, free []contents.Interval) freeHeader {
	h := freeHeader{Magic: freeMagic, Version: 1, Group: uint32(group), Length: uint32(w.length(group)),
		Roots: [3]uint32{uint32(w.byBlockRoot()), uint32(w.bySizeRoot())}, Levels: [3]uint32{1, 1},
		Last: listBlocks - 1, Count: listBlocks, UUID: w.opts.UUID}
	for _, i := range free {
		h.Free += uint32(i.Count)
		h.Longest = max(h.Longest, uint32(i.Count))
	}
	if w.opts.has(Reflink) {
		h.RefcountBlocks, h.RefcountRoot, h.RefcountLevel = 1, uint32(w.refcountRoot()), 1
	}
	return h
}

// inodeHeader writes the header of the inodes of a group into its sector.
func (w *writer) inodeHeader(group int64, levels uint32) error {
	g := &w.groups[group]
	h := inodeHeader{Magic: inodesMagic, Version: 1, Group: uint32(group), Length: uint32(w.length(group)),
		Count: uint32(g.chunks * chunkInodes), Root: uint32(w.inodeRoot()), Level: levels, Free: uint32(g.freeInodes()),
		NewInode: noBlock, DirInode: noBlock, UUID: w.opts.UUID}
	if levels > 1 {
		h.Root = uint32(w.inodeTreeRoot(group))
	}
	if g.chunks > 0 {
		h.NewInode = uint32(w.firstInode(group) + (g.chunks-1)*chunkInodes)
	}
	for i := range h.Unlinked {
		h.Unlinked[i] = noBlock
	}
	if w.opts.has(FreeInodes) {
		h.FreeRoot, h.FreeLevel = uint32(w.freeRoot()), 1
	}
	if w.opts.has(InodeCounts) {
		h.TreeBlocks, h.FreeTreeBlocks = uint32(1+g.extra), 1
	}
	raw := seal(padded(h, w.opts.SectorSize), inodesChecksum)
	return w.out.Write(raw, group*w.groupBlocks*block+2*int64(w.opts.SectorSize))
}

// freeTrees writes the two trees of free space: by place and by size.
func (w *writer) freeTrees(group int64, free []contents.Interval) error {
	if err := w.leaf(group, w.byBlockRoot(), byBlockMagic, freeRecordsOf(free)); err != nil {
		return err
	}
	free = slices.Clone(free)
	slices.SortFunc(free, func(a, b contents.Interval) int {
		return cmp.Or(cmp.Compare(a.Count, b.Count), cmp.Compare(a.At, b.At))
	})
	return w.leaf(group, w.bySizeRoot(), bySizeMagic, freeRecordsOf(free))
}

func freeRecordsOf(list []contents.Interval) (out [][]byte) {
	for _, i := range list {
		out = append(out, encode([2]uint32{uint32(i.At), uint32(i.Count)}))
	}
	return out
}

// node lays out a block of one of the trees of a group.
func (w *writer) node(group, at int64, h groupNode) []byte {
	h.Block = uint64((group*w.groupBlocks + at) * perSector)
	h.UUID, h.Group = w.opts.UUID, uint32(group)
	return padded(h, block)
}

// leaf writes a tree that is one block.
func (w *writer) leaf(group, at int64, magic uint32, records [][]byte) error {
	raw := w.node(group, at, groupNode{Magic: magic, Records: uint16(len(records)), Left: noBlock, Right: noBlock})
	copy(raw[groupNodeSize:], slices.Concat(records...))
	return w.meta(seal(raw, groupNodeChecksum), group*w.groupBlocks+at)
}

// firstInode is the number of a group's first inode within the group.
func (g *geometry) firstInode(group int64) int64 { return g.chunks(group) * g.perBlock }

// rawChunk is struct xfs_inobt_rec of 64 inodes that are all there.
type rawChunk struct {
	First uint32
	Holes uint16
	Count uint8 // zero without sparse inodes: then all of this is the number of free ones
	Free  uint8
	Mask  uint64 // of the free ones
}

func (w *writer) inodeRecord(group, chunk int64) []byte {
	r := rawChunk{First: uint32(w.firstInode(group) + chunk*chunkInodes)}
	if w.opts.has(Sparse) {
		r.Count = chunkInodes
	}
	if g := &w.groups[group]; chunk == g.chunks-1 {
		r.Free = uint8(g.freeInodes())
		r.Mask = ^uint64(0) << (chunkInodes - r.Free)
		if r.Free == 0 {
			r.Mask = 0
		}
	}
	return encode(r)
}

// inodeTreeRoot is the last of the blocks behind the inodes of a group, which is
// the root of their tree if that has more than a block.
func (w *writer) inodeTreeRoot(group int64) int64 {
	g := &w.groups[group]
	return w.chunks(group) + g.chunks*w.chunkBlocks() + g.extra - 1
}

// inodeTree writes the tree of the inodes of a group and returns its height. Its
// first block is the one that every group has for it, the others lie behind the
// inodes.
func (w *writer) inodeTree(group int64) (levels uint32, err error) {
	g := &w.groups[group]
	next := w.chunks(group) + g.chunks*w.chunkBlocks()
	places := []int64{w.inodeRoot()}
	for range g.extra {
		places = append(places, next)
		next++
	}
	var below []treeRecord
	for n := range g.chunks {
		below = append(below, treeRecord{key: uint32(w.firstInode(group) + n*chunkInodes), raw: w.inodeRecord(group, n)})
	}
	if g.chunks == 0 {
		return 1, w.leaf(group, places[0], inodeTreeMagic, nil)
	}
	for most := inodeRecords; ; most = inodeTreeNodes {
		count := (len(below) + most - 1) / most
		if below, err = w.inodeLevel(group, int(levels), below, most, places[:count]); err != nil {
			return 0, err
		}
		levels++
		if places = places[count:]; len(below) == 1 {
			return levels, nil
		}
	}
}

// treeRecord is a record of a leaf or, without one, the pointer of a node.
type treeRecord struct {
	key uint32
	raw []byte
	at  uint32
}

// inodeLevel writes one level and returns the records of the next one.
func (w *writer) inodeLevel(group int64, level int, list []treeRecord, most int, places []int64) (above []treeRecord, err error) {
	for part := range spread(list, len(places)) {
		n := len(above)
		h := groupNode{Magic: inodeTreeMagic, Level: uint16(level), Records: uint16(len(part)), Left: noBlock, Right: noBlock}
		if n > 0 {
			h.Left = uint32(places[n-1])
		}
		if n < len(places)-1 {
			h.Right = uint32(places[n+1])
		}
		raw := w.node(group, places[n], h)
		for i, r := range part {
			if level == 0 {
				copy(raw[groupNodeSize+16*i:], r.raw)
				continue
			}
			binary.BigEndian.PutUint32(raw[groupNodeSize+4*i:], r.key)
			binary.BigEndian.PutUint32(raw[groupNodeSize+4*(most+i):], r.at)
		}
		if err := w.meta(seal(raw, groupNodeChecksum), group*w.groupBlocks+places[n]); err != nil {
			return nil, err
		}
		above = append(above, treeRecord{key: part[0].key, at: uint32(places[n])})
	}
	return above, nil
}
