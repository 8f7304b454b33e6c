package ext4

import (
	"encoding/binary"
	"time"

	"github.com/fimg/fimg/tree"
)

// groupState is what a group's descriptor counts.
type groupState struct {
	used   int64 // blocks
	inodes int64
	dirs   int64
	last   int64 // highest inode used, from 1
	desc   groupDesc
}

// groupsAndSupers writes inode tables, bitmaps, descriptors and superblocks.
func (w *writer) groupsAndSupers() error {
	states := make([]groupState, w.groups)
	if err := w.inodeTables(states); err != nil {
		return err
	}
	if err := w.bitmaps(states); err != nil {
		return err
	}
	free, freeInodes := int64(0), int64(0)
	descs := make([]byte, w.gdt*w.block)
	for g := range states {
		s := &states[g]
		free += w.length(int64(g)) - s.used
		freeInodes += w.geometry.inodes - s.inodes
		w.describeGroup(int64(g), s)
		raw, _ := binary.Append(nil, binary.LittleEndian, s.desc)
		raw = raw[:w.descSize]
		binary.LittleEndian.PutUint16(raw[descChecksumOffset:], descChecksum(w.features, w.seed, w.opts.UUID, uint32(g), raw))
		copy(descs[int64(g)*w.descSize:], raw)
	}
	return w.copies(descs, w.super(free, freeInodes))
}

// inodeTables writes the used part of every table, and the maps of the inodes.
func (w *writer) inodeTables(states []groupState) error {
	per := w.geometry.inodes
	var maps []metaBlock
	for _, i := range w.plan.inodes {
		raw, blocks := w.encodeInode(i)
		maps = append(maps, blocks...)
		group, index := int64(i.number-1)/per, int64(i.number-1)%per
		if err := w.out.Write(raw, w.places[group].inodeTable*w.block+index*w.inodeSize); err != nil {
			return err
		}
		s := &states[group]
		s.inodes, s.last = s.inodes+1, index+1
		if i.node.Type() == tree.TypeDir {
			s.dirs++
		}
	}
	for _, b := range maps {
		if err := w.meta(b.raw, b.at); err != nil {
			return err
		}
	}
	return nil
}

// bitmaps writes both bitmaps of every group that needs them.
func (w *writer) bitmaps(states []groupState) error {
	w.alloc.taken = w.fixed
	used := w.alloc.used()
	present := map[int64][]int64{}
	for _, i := range w.plan.inodes {
		g := int64(i.number-1) / w.geometry.inodes
		present[g] = append(present[g], int64(i.number-1)%w.geometry.inodes)
	}
	for g := range states {
		group := int64(g)
		if err := w.blockBitmap(group, &states[g], &used); err != nil {
			return err
		}
		if err := w.inodeBitmap(group, &states[g], present[group]); err != nil {
			return err
		}
	}
	return nil
}

// lazy tells whether groups may be marked uninitialised.
func (w *writer) lazy() bool { return w.ro&(roMetadataCsum|roUninitBG) != 0 }

// blockBitmap writes the bitmap of one group from the sorted intervals, of which
// those before the group are dropped. One with nothing but its own superblock and
// descriptors is left to the kernel.
func (w *writer) blockBitmap(group int64, s *groupState, used *[]interval) error {
	raw := make([]byte, w.block)
	start, end := w.start(group), w.start(group)+w.length(group)
	for len(*used) > 0 && (*used)[0].end() <= start {
		*used = (*used)[1:]
	}
	for _, i := range *used {
		if i.at >= end {
			break
		}
		from, to := max(i.at, start), min(i.end(), end)
		setBits(raw, from-start, to-start)
		s.used += to - from
	}
	if group != 0 && group != w.groups-1 && w.lazy() && s.used == w.base(group) {
		s.desc.Flags |= groupBlockUninit
		return nil
	}
	setBits(raw, end-start, 8*w.block)
	if w.ro&roMetadataCsum != 0 {
		sum := crc(w.seed, raw[:w.perGroup/8])
		s.desc.BlockBitmapSum, s.desc.BlockBitmapSum2 = uint16(sum), uint16(sum>>16)
	}
	return w.meta(raw, w.places[group].blockBitmap)
}

// inodeBitmap writes the bitmap of one group, unless it has no inodes.
func (w *writer) inodeBitmap(group int64, s *groupState, present []int64) error {
	raw, per := make([]byte, w.block), w.geometry.inodes
	for _, n := range present {
		setBits(raw, n, n+1)
	}
	if group == 0 { // the reserved inodes, whether they are there or not
		s.inodes = firstInode - 1
		setBits(raw, 0, firstInode-1)
		for _, n := range present {
			if n >= firstInode-1 {
				s.inodes++
			}
		}
		s.last = max(s.last, firstInode-1)
	}
	if w.lazy() {
		s.desc.Flags |= groupInodeZeroed
		if s.inodes == 0 {
			s.desc.Flags |= groupInodeUninit
			return nil
		}
	}
	setBits(raw, per, 8*w.block)
	if w.ro&roMetadataCsum != 0 {
		sum := crc(w.seed, raw[:per/8])
		s.desc.InodeBitmapSum, s.desc.InodeBitmapSum2 = uint16(sum), uint16(sum>>16)
	}
	return w.meta(raw, w.places[group].inodeBitmap)
}

func setBits(raw []byte, from, to int64) {
	for n := from; n < to; n++ {
		if n%8 == 0 && to-n >= 8 {
			raw[n/8] = 0xff
			n += 7
			continue
		}
		raw[n/8] |= 1 << (n % 8)
	}
}

// describeGroup fills in a descriptor.
func (w *writer) describeGroup(group int64, s *groupState) {
	m, d := w.places[group], &s.desc
	d.BlockBitmapLo, d.BlockBitmapHi = uint32(m.blockBitmap), uint32(m.blockBitmap>>32)
	d.InodeBitmapLo, d.InodeBitmapHi = uint32(m.inodeBitmap), uint32(m.inodeBitmap>>32)
	d.InodeTableLo, d.InodeTableHi = uint32(m.inodeTable), uint32(m.inodeTable>>32)
	free, inodes := w.length(group)-s.used, w.geometry.inodes-s.inodes
	d.FreeBlocksLo, d.FreeBlocksHi = uint16(free), uint16(free>>16)
	d.FreeInodesLo, d.FreeInodesHi = uint16(inodes), uint16(inodes>>16)
	d.DirsLo, d.DirsHi = uint16(s.dirs), uint16(s.dirs>>16)
	if w.lazy() {
		unused := w.geometry.inodes - s.last
		d.UnusedInodesLo, d.UnusedInodesHi = uint16(unused), uint16(unused>>16)
	}
}

// copies writes the superblock and the descriptors to every group that has them.
func (w *writer) copies(descs []byte, s *superblock) error {
	for g := range w.groups {
		at := w.start(g)
		if w.hasSuper(g) {
			s.GroupNumber = uint16(g)
			offset := at * w.block
			if g == 0 {
				offset = superOffset
			}
			if err := w.out.Write(s.encode(), offset); err != nil {
				return err
			}
			at++
		}
		part := descs
		if w.incompat&incompatMetaBG != 0 {
			index, ok := w.metaDesc(g)
			if !ok {
				continue
			}
			part = descs[index*w.block : (index+1)*w.block]
		} else if !w.hasSuper(g) {
			continue
		}
		if err := w.meta(part, at); err != nil {
			return err
		}
	}
	return nil
}

// super makes the superblock.
func (w *writer) super(free, freeInodes int64) *superblock {
	percent := 5.0
	if w.opts.Reserved != nil {
		percent = *w.opts.Reserved
	}
	reserved := int64(float64(w.blocks) * percent / 100)
	now := uint32(max(0, w.opts.Time.Unix()))
	if w.opts.Time.Equal(time.Time{}) {
		now = 0
	}
	s := &superblock{InodesCount: uint32(w.geometry.inodes * w.groups), BlocksLo: uint32(w.blocks), BlocksHi: uint32(w.blocks >> 32),
		ReservedLo: uint32(reserved), ReservedHi: uint32(reserved >> 32), FreeBlocksLo: uint32(free), FreeBlocksHi: uint32(free >> 32),
		FreeInodes: uint32(freeInodes), FirstDataBlock: uint32(w.first), LogBlockSize: log2(w.block) - 10, LogClusterSize: log2(w.block) - 10,
		BlocksPerGroup: uint32(w.perGroup), ClustersPerGroup: uint32(w.perGroup), InodesPerGroup: uint32(w.geometry.inodes),
		WriteTime: now, LastCheck: now, MakeTime: now, MaxMountCount: 0xffff, Magic: superMagic, State: 1, Errors: w.opts.Errors,
		Revision: 1, FirstInode: firstInode, InodeSize: uint16(w.inodeSize), Compat: w.compat, Incompat: w.incompat, ROCompat: w.ro,
		UUID: w.opts.UUID, ReservedGDT: uint16(w.reserved), HashSeed: w.opts.HashSeed, HashVersion: hashHalfMD4,
		MountOptions: 0xc /* user_xattr, acl */, Flags: flagUnsignedHash, RAIDStride: uint16(w.opts.Stride), RAIDStripeWidth: w.opts.StripeWidth}
	copy(s.Label[:], w.opts.Label)
	copy(s.LastMounted[:], w.opts.LastMounted)
	w.superExtras(s)
	return s
}

// superExtras fills in what depends on features.
func (w *writer) superExtras(s *superblock) {
	if w.inodeSize > smallInode {
		s.MinExtraISize, s.WantExtraISize = extraISize, extraISize
	}
	if w.incompat&incompat64bit != 0 {
		s.DescSize = uint16(w.descSize)
	}
	if w.flex > 1 {
		s.LogGroupsPerFlex = uint8(log2(w.flex))
	}
	if w.ro&roMetadataCsum != 0 {
		s.ChecksumType = 1
	}
	if w.incompat&incompatCsumSeed != 0 {
		s.ChecksumSeed = w.seed
	}
	if w.compat&compatSparseSuper2 != 0 {
		s.BackupGroups = w.backups
	}
	if w.incompat&incompatEncrypt != 0 {
		s.EncryptAlgorithms = [4]uint8{1, 4}
	}
	if w.orphans != nil {
		s.OrphanFile = w.orphans.number
	}
	if w.journal != nil {
		s.JournalInode, s.JournalBackup = inodeJournal, 1
		field, _ := w.blockField(w.journal)
		for i := range 15 {
			s.JournalBlocks[i] = binary.LittleEndian.Uint32(field[4*i:])
		}
		s.JournalBlocks[15], s.JournalBlocks[16] = uint32(w.journal.size>>32), uint32(w.journal.size)
	}
}

func log2(n int64) (bits uint32) {
	for ; n > 1; n >>= 1 {
		bits++
	}
	return bits
}
