package btrfs

import (
	"cmp"
	"fmt"
	"slices"
)

// plannedTree is a tree whose items depend on where all trees end up, its own
// blocks included. It is built dry until its shape no longer changes.
type plannedTree struct {
	id     uint64
	fill   func(*treeWriter) error
	blocks []blockRef
}

// writeMetadata writes everything but the file trees and the super blocks.
func (b *builder) writeMetadata() error {
	if err := b.writeSums(); err != nil {
		return err
	}
	trees := []func() error{b.writeDataReloc, b.writeUUIDs}
	if b.opts.Quota != QuotaOff {
		trees = append(trees, b.writeQuotas)
	}
	for _, write := range trees {
		if err := write(); err != nil {
			return err
		}
	}
	b.makeRoom()
	return b.writePlanned()
}

// writeSums writes the checksum tree.
func (b *builder) writeSums() error {
	t := b.newTree(csumTreeID)
	size, sector := b.opts.Checksum.size(), uint64(b.opts.SectorSize)
	most := min((leafRoom(b.opts.NodeSize)-itemHeaderSize)/size-1, 4096)
	for _, r := range b.sums {
		for at := r.bytenr; len(r.sums) > 0; {
			n := min(most, len(r.sums)/size)
			if room := (t.level(0).leafRoom() - itemHeaderSize) / size; room > 0 {
				n = min(n, room)
			}
			if err := t.add(key{extentCsumID, typeExtentCsum, at}, r.sums[:n*size]); err != nil {
				return err
			}
			at, r.sums = at+uint64(n)*sector, r.sums[n*size:]
		}
	}
	b.sums = nil
	return b.closeTree(t, nil)
}

// writeDataReloc writes the empty tree balance moves data through.
func (b *builder) writeDataReloc() error {
	v := &subvolume{id: dataRelocTreeID, root: (&model{opts: b.opts}).emptyDir()}
	v.number()
	v.tree = b.newTree(v.id)
	if err := v.putInode(b.opts, v.root, written{}); err != nil {
		return err
	}
	return b.closeTree(v.tree, nil)
}

func (b *builder) volumeUUID(v *subvolume) [16]byte {
	return b.opts.Seed.UUID("btrfs subvolume " + v.location)
}

// writeUUIDs writes the index of subvolumes by UUID.
func (b *builder) writeUUIDs() error {
	t := b.newTree(uuidTreeID)
	var items []treeItem
	for _, v := range b.model.vols {
		u := b.volumeUUID(v)
		k := key{le.Uint64(u[:]), typeUUIDSubvol, le.Uint64(u[8:])}
		items = append(items, treeItem{k, le.AppendUint64(nil, v.id)})
	}
	if err := addSorted(t, items); err != nil {
		return err
	}
	return b.closeTree(t, nil)
}

// treeItem is an item on its way into a tree.
type treeItem struct {
	key  key
	data []byte
}

func addSorted(t *treeWriter, items []treeItem) error {
	slices.SortFunc(items, func(a, b treeItem) int { return a.key.compare(b.key) })
	for _, it := range items {
		if err := t.add(it.key, it.data); err != nil {
			return err
		}
	}
	return nil
}

// makeRoom starts a new metadata chunk when the trees still to come might not fit
// into the present one, so that no chunk appears while they are planned.
func (b *builder) makeRoom() {
	items := uint64(len(b.extents)+2*len(b.blocks)) * (extentRefBytes + itemHeaderSize)
	items += uint64(len(b.device.chunks)+64)*512 + uint64(len(b.model.vols))*2048
	need := items*9/8 + 64*uint64(b.opts.NodeSize)
	if b.meta.length-b.meta.used < need {
		b.meta = b.device.add(chunkMetadata|b.copies(), uint64(roundUp(int64(need+16*mib), mib)))
	}
}

// planned lists the last trees in the order of their blocks.
func (b *builder) planned() []*plannedTree {
	trees := []*plannedTree{{id: chunkTreeID, fill: b.fillChunks}, {id: devTreeID, fill: b.fillDevice}}
	if b.opts.BlockGroupTree {
		trees = append(trees, &plannedTree{id: blockGroupTreeID, fill: b.fillBlockGroups})
	}
	if !b.opts.NoFreeSpaceTree {
		trees = append(trees, &plannedTree{id: freeSpaceTreeID, fill: b.fillFreeSpace})
	}
	return append(trees, &plannedTree{id: extentTreeID, fill: b.fillExtents},
		&plannedTree{id: rootTreeID, fill: b.fillRoots})
}

// writePlanned finds the shape of the last trees and writes them.
func (b *builder) writePlanned() error {
	trees := b.planned()
	blocks, roots, used := b.blocks, b.roots, b.meta.used
	for range 100 {
		b.meta.used, b.system.used = used, 0
		b.blocks, b.roots = slices.Clone(blocks), slices.Clone(roots)
		b.placePlanned(trees)
		stable, err := b.buildDry(trees)
		if err != nil {
			return err
		}
		if stable {
			return b.buildReal(trees)
		}
	}
	return fmt.Errorf("write metadata: its shape does not settle")
}

// placePlanned gives the blocks of the planned trees their addresses.
func (b *builder) placePlanned(trees []*plannedTree) {
	for _, p := range trees {
		for i := range p.blocks {
			p.blocks[i].bytenr = b.allocFor(p.id)
			b.blocks = append(b.blocks, ownedBlock{p.blocks[i], p.id})
		}
		if k := len(p.blocks); k > 0 {
			b.roots = append(b.roots, treeRoot{p.id, p.blocks[k-1], k, nil})
		} else {
			b.roots = append(b.roots, treeRoot{id: p.id})
		}
	}
	slices.SortFunc(b.blocks, func(x, y ownedBlock) int { return cmp.Compare(x.bytenr, y.bytenr) })
}

func (b *builder) allocFor(id uint64) uint64 {
	if id != chunkTreeID {
		return b.allocMeta()
	}
	at := b.system.logical + b.system.used
	b.system.used += uint64(b.opts.NodeSize)
	return at
}

// buildDry fills all planned trees without writing and tells whether they came out
// as planned.
func (b *builder) buildDry(trees []*plannedTree) (bool, error) {
	stable := true
	for _, p := range trees {
		got, err := b.build(p, func(*treeWriter, *node, blockRef) error { return nil })
		if err != nil {
			return false, err
		}
		if !slices.EqualFunc(got, p.blocks, func(x, y blockRef) bool { return x.level == y.level }) {
			p.blocks, stable = got, false
		}
	}
	return stable, nil
}

func (b *builder) buildReal(trees []*plannedTree) error {
	for _, p := range trees {
		if _, err := b.build(p, b.emit); err != nil {
			return err
		}
	}
	return nil
}

// build fills a planned tree, its blocks being where they are planned.
func (b *builder) build(p *plannedTree, emit func(*treeWriter, *node, blockRef) error) ([]blockRef, error) {
	t := &treeWriter{owner: p.id, size: b.opts.NodeSize, emit: emit}
	t.place = func() uint64 {
		if i := len(t.blocks); i < len(p.blocks) {
			return p.blocks[i].bytenr
		}
		return 0
	}
	if err := p.fill(t); err != nil {
		return nil, err
	}
	_, err := t.finish()
	return t.blocks, err
}
