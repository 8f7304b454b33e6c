package btrfs

import "fmt"

// fillRoots writes the tree of trees.
func (b *builder) fillRoots(t *treeWriter) error {
	items := b.defaultItems()
	for _, r := range b.roots {
		if r.id != rootTreeID && r.id != chunkTreeID {
			items = append(items, treeItem{key{r.id, typeRootItem, 0}, appendStruct(nil, b.rootItem(r))})
		}
	}
	for _, v := range b.model.vols[1:] {
		data := le.AppendUint64(nil, v.dir.num)
		data = le.AppendUint64(data, v.index)
		data = le.AppendUint16(data, uint16(len(v.name)))
		data = append(data, v.name...)
		items = append(items, treeItem{key{v.parent.id, typeRootRef, v.id}, data},
			treeItem{key{v.id, typeRootBackref, v.parent.id}, data})
	}
	return addSorted(t, items)
}

// defaultItems is the directory of the root tree, whose one entry names the
// default subvolume.
func (b *builder) defaultItems() []treeItem {
	dir := inodeItem{Generation: generation, Nbytes: uint64(b.opts.NodeSize), Nlink: 1, Mode: 0o40755,
		Atime: stamp(b.opts.Time), Ctime: stamp(b.opts.Time), Mtime: stamp(b.opts.Time), Otime: stamp(b.opts.Time)}
	target := key{b.defaultVolume(), typeRootItem, ^uint64(0)}
	return []treeItem{
		{key{rootTreeDirID, typeInodeItem, 0}, appendStruct(nil, dir)},
		{key{rootTreeDirID, typeInodeRef, rootTreeDirID}, nameRef("..")},
		{key{rootTreeDirID, typeDirItem, nameHash("default")}, appendDirItem(nil, target, entryDir, "default", nil)},
		{key{fsTreeID, typeInodeRef, rootTreeDirID}, nameRef("default")},
	}
}

func nameRef(name string) []byte {
	data := append(make([]byte, 8), byte(len(name)), 0)
	return append(data, name...)
}

func (b *builder) defaultVolume() uint64 {
	for _, v := range b.model.vols {
		if v.spec.Default {
			return v.id
		}
	}
	return fsTreeID
}

func (b *builder) rootItem(r treeRoot) rootItem {
	it := rootItem{
		Inode: inodeItem{Generation: 1, Size: 3, Nbytes: uint64(b.opts.NodeSize), Nlink: 1, Mode: 0o40755,
			Flags: inodeRootInit},
		Generation: generation, GenerationV2: generation, Bytenr: r.block.bytenr, Level: r.block.level,
		BytesUsed: uint64(r.blocks * b.opts.NodeSize), Refs: 1,
	}
	if r.id == dataRelocTreeID {
		it.RootDirID = firstFreeID
	}
	if v := r.vol; v != nil {
		it.RootDirID = firstFreeID
		it.UUID = b.volumeUUID(v)
		it.Ctransid, it.Otransid = generation, generation
		it.Ctime, it.Otime = stamp(b.opts.Time), stamp(b.opts.Time)
		if v.spec.ReadOnly {
			it.Flags |= rootFlagReadOnly
		}
	}
	return it
}

// Flags of the state of quotas.
const (
	quotaOn       = 1 << 0
	quotaSimple   = 1 << 3
	limitMaxRefer = 1 << 0
)

// writeQuotas writes the quota tree: the state, and what every subvolume
// references. As nothing is shared, all of it is exclusive.
func (b *builder) writeQuotas() error {
	state := le.AppendUint64(nil, 1)
	state = le.AppendUint64(state, generation)
	if b.opts.Quota == QuotaSimple {
		state = le.AppendUint64(state, quotaOn|quotaSimple)
		state = le.AppendUint64(state, 0)
		state = le.AppendUint64(state, generation)
	} else {
		state = le.AppendUint64(state, quotaOn)
		state = le.AppendUint64(state, 0)
	}
	items := []treeItem{{key{0, typeQgroupStatus, 0}, state}}
	for _, v := range b.model.vols {
		items = append(items, treeItem{key{0, typeQgroupInfo, v.id}, quotaInfo(v)},
			treeItem{key{0, typeQgroupLimit, v.id}, quotaLimit(v)})
	}
	t := b.newTree(quotaTreeID)
	if err := addSorted(t, items); err != nil {
		return err
	}
	return b.closeTree(t, nil)
}

func quotaInfo(v *subvolume) []byte {
	info := le.AppendUint64(nil, generation)
	for range 4 {
		info = le.AppendUint64(info, v.rfer)
	}
	return info
}

func quotaLimit(v *subvolume) []byte {
	limit := make([]byte, 5*8)
	if v.spec.Limit > 0 {
		le.PutUint64(limit, limitMaxRefer)
		le.PutUint64(limit[8:], uint64(v.spec.Limit))
	}
	return limit
}

func (b *builder) rootOf(id uint64) treeRoot {
	for _, r := range b.roots {
		if r.id == id {
			return r
		}
	}
	return treeRoot{}
}

// features returns the compatible read-only and incompatible flags.
func (b *builder) features() (compatRO, incompat uint64) {
	incompat = incompatMixedBackref | incompatExtendedIref | incompatSkinnyMetadata
	for _, f := range []struct {
		on   bool
		flag uint64
	}{
		{b.opts.NodeSize > 4096, incompatBigMetadata},
		{b.compressed[LZO] || b.opts.Compression.Algo == LZO, incompatCompressLZO},
		{b.compressed[ZSTD] || b.opts.Compression.Algo == ZSTD, incompatCompressZSTD},
		{b.defaultVolume() != fsTreeID, incompatDefaultSubvol},
		{b.opts.Quota == QuotaSimple, incompatSimpleQuota},
		{!b.opts.NoHolesDisabled, incompatNoHoles},
	} {
		if f.on {
			incompat |= f.flag
		}
	}
	if !b.opts.NoFreeSpaceTree {
		compatRO |= compatROFreeSpaceTree | compatROFreeSpaceValid
	}
	if b.opts.BlockGroupTree {
		compatRO |= compatROBlockGroupTree
	}
	return compatRO, incompat
}

// super makes the super block.
func (b *builder) super() superBlock {
	root, chunks := b.rootOf(rootTreeID).block, b.rootOf(chunkTreeID).block
	s := superBlock{
		FSID: b.opts.UUID, Flags: 1, Magic: superMagic, Generation: generation,
		Root: root.bytenr, RootLevel: root.level, ChunkRoot: chunks.bytenr, ChunkRootLevel: chunks.level,
		TotalBytes: b.totalBytes(), BytesUsed: uint64(b.result.UsedBytes),
		RootDirObjectID: rootTreeDirID, NumDevices: 1,
		SectorSize: uint32(b.opts.SectorSize), NodeSize: uint32(b.opts.NodeSize),
		LeafSize: uint32(b.opts.NodeSize), StripeSize: uint32(b.opts.SectorSize),
		ChunkRootGeneration: generation, CsumType: uint16(b.opts.Checksum),
		DevItem: b.devItem(), UUIDTreeGeneration: generation,
	}
	s.CompatROFlags, s.IncompatFlags = b.features()
	if b.opts.NoFreeSpaceTree {
		s.CacheGeneration = ^uint64(0)
	}
	copy(s.Label[:], b.opts.Label)
	var k [17]byte
	key{firstChunkID, typeChunkItem, b.system.logical}.put(k[:])
	s.SysChunkArraySize = uint32(copy(s.SysChunkArray[:], append(k[:], b.chunkItem(b.system)...)))
	s.Backups[0] = b.backup(&s)
	return s
}

func (b *builder) backup(s *superBlock) backupRoot {
	r := backupRoot{TreeRoot: s.Root, TreeRootGen: generation, TreeLevel: s.RootLevel,
		ChunkRoot: s.ChunkRoot, ChunkRootGen: generation, ChunkLevel: s.ChunkRootLevel,
		TotalBytes: s.TotalBytes, BytesUsed: s.BytesUsed, NumDevices: 1,
		ExtentRootGen: generation, FSRootGen: generation, DevRootGen: generation, CsumRootGen: generation}
	for _, f := range []struct {
		id    uint64
		root  *uint64
		level *uint8
	}{
		{extentTreeID, &r.ExtentRoot, &r.ExtentLevel}, {fsTreeID, &r.FSRoot, &r.FSLevel},
		{devTreeID, &r.DevRoot, &r.DevLevel}, {csumTreeID, &r.CsumRoot, &r.CsumLevel},
	} {
		block := b.rootOf(f.id).block
		*f.root, *f.level = block.bytenr, block.level
	}
	return r
}

// writeSupers writes the super block and those of its copies that lie within the
// device.
func (b *builder) writeSupers() error {
	if b.device.out == nil {
		return nil
	}
	s := b.super()
	for _, at := range superCopies {
		if at+superSize > s.TotalBytes {
			break
		}
		s.Bytenr = at
		block := appendStruct(nil, &s)
		b.opts.Checksum.seal(block)
		if _, err := b.device.out.WriteAt(block, int64(at)); err != nil {
			return fmt.Errorf("write super block: %w", err)
		}
	}
	return nil
}
