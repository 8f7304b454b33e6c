package xfs

import "math/bits"

// super is the superblock of a group. Copies say that they are in progress, as
// those of mkfs.xfs do.
func (w *writer) super(group int64) superblock {
	o := &w.opts
	s := superblock{Magic: superMagic, BlockSize: block, Blocks: uint64(w.blocks), UUID: o.UUID,
		LogStart:    w.address(w.logGroup()*w.groupBlocks + w.roots()),
		RootInode:   w.inodes[0].number,
		BitmapInode: w.inodes[1].number, SummaryInode: w.inodes[2].number, RealtimeExtent: 1,
		GroupBlocks: uint32(w.groupBlocks), Groups: uint32(w.geometry.groups), LogBlocks: uint32(w.logBlocks),
		Version: versionBits, SectorSize: uint16(o.SectorSize), InodeSize: uint16(o.InodeSize), InodesPerBlock: uint16(w.perBlock),
		BlockLog: blockLog, SectorLog: log2(o.SectorSize), InodeLog: log2(o.InodeSize), InodesPerBlockLog: log2(int(w.perBlock)),
		GroupLog: uint8(w.groupLog), MaxInodes: w.maxInodes(), InodeAlign: uint32(w.inodeAlign()),
		LogStripe: 1, Features2: features2, BadFeatures2: features2}
	copy(s.Label[:], o.Label)
	if o.SectorSize > 512 {
		s.Version |= versionSector
		s.LogSectorLog, s.LogSectorSize, s.LogStripe = s.SectorLog, s.SectorSize, uint32(o.SectorSize)
	}
	s.ROCompat, s.Incompat = w.featureBits()
	if o.has(Sparse) {
		s.SparseAlign = uint32(w.sparseAlign())
	}
	if group > 0 {
		s.InProgress = 1
	}
	w.count(&s)
	return s
}

func log2(n int) uint8 { return uint8(bits.Len(uint(n)) - 1) }

func (w *writer) featureBits() (readOnly, incompatible uint32) {
	incompatible = inFileType
	for _, f := range []struct {
		feature Features
		ro, in  uint32
	}{{FreeInodes, roFreeInodes, 0}, {Reflink, roReflink, 0}, {InodeCounts, roInodeCounts, 0},
		{Sparse, 0, inSparse}, {BigTime, 0, inBigTime}, {BigExtents, 0, inBigExtents}} {
		if w.opts.has(f.feature) {
			readOnly, incompatible = readOnly|f.ro, incompatible|f.in
		}
	}
	return readOnly, incompatible
}

// maxInodes is the percentage of space that inodes may take, as mkfs.xfs chooses it.
func (w *writer) maxInodes() uint8 {
	switch {
	case w.opts.MaxInodes > 0:
		return uint8(w.opts.MaxInodes)
	case w.blocks < 1<<40/block:
		return 25
	case w.blocks < 50<<40/block:
		return 5
	}
	return 1
}

// count fills in the counters of the whole file system.
func (w *writer) count(s *superblock) {
	for n := range w.groups {
		s.Inodes += uint64(w.groups[n].chunks * chunkInodes)
		s.FreeInodes += uint64(w.groups[n].freeInodes())
		s.FreeBlocks += listBlocks
		for _, i := range w.freeSpace(int64(n)) {
			s.FreeBlocks += uint64(i.Count)
		}
	}
}
