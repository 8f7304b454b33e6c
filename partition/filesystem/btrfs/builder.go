package btrfs

import (
	"context"
	"fmt"
	"io"

	"github.com/fimg/fimg/event"
	"github.com/fimg/fimg/partition/filesystem"
	"github.com/fimg/fimg/seed"
	"github.com/fimg/fimg/tree"
)

// dataExtent is what the extent tree must know of a data extent.
type dataExtent struct{ bytenr, length, root, inode, offset uint64 }

// builder is one file system being written.
type builder struct {
	ctx      context.Context
	opts     *Options
	tree     tree.Tree
	model    *model
	device   *device
	estimate estimate
	result   Result

	devUUID   seed.UUID
	chunkUUID seed.UUID

	data       *chunk // where data go now
	meta       *chunk // where metadata go now
	system     *chunk
	metaSize   uint64 // of the first metadata chunk
	compressed [ZSTD + 1]bool

	extents []dataExtent
	sums    []sumRun
	roots   []treeRoot
	blocks  []ownedBlock // all tree blocks in the order of their addresses
}

// ownedBlock is a tree block and the tree it belongs to.
type ownedBlock struct {
	blockRef
	owner uint64
}

// treeRoot is what the root tree knows of a tree.
type treeRoot struct {
	id     uint64
	block  blockRef
	blocks int
	vol    *subvolume // of a subvolume
}

// sumRun are the checksums of contiguous data.
type sumRun struct {
	bytenr uint64
	sums   []byte
}

func newBuilder(ctx context.Context, w io.WriterAt, t tree.Tree, opts Options) (*builder, error) {
	opts.Subvolumes = append([]Subvolume(nil), opts.Subvolumes...)
	if err := opts.resolve(); err != nil {
		return nil, err
	}
	m, err := buildModel(ctx, t, &opts)
	if err != nil {
		return nil, err
	}
	b := &builder{ctx: ctx, opts: &opts, tree: t, model: m,
		devUUID: opts.Seed.UUID("btrfs device"), chunkUUID: opts.Seed.UUID("btrfs chunk tree"),
		device: newDevice(uint64(opts.Size), w)}
	if b.estimate, err = m.estimate(t); err != nil {
		return nil, err
	}
	b.firstChunks()
	return b, nil
}

// copies returns the profile of metadata and system chunks.
func (b *builder) copies() uint64 {
	if b.opts.MetadataSingle {
		return 0
	}
	return chunkDup
}

// systemSize is that of the system chunk.
const systemSize = 8 * mib

// firstChunks makes the system and the first metadata chunk. The latter is as
// large as mkfs would make it, smaller where the device is tight.
func (b *builder) firstChunks() {
	b.system = b.device.add(chunkSystem|b.copies(), systemSize)
	usual := uint64(256 * mib)
	if b.opts.Size > 50<<30 {
		usual = 1 << 30
	}
	usual = min(usual, uint64(b.opts.Size)/10&^(mib-1))
	b.metaSize = b.tightMeta()
	if usual > b.metaSize && b.neededWith(usual, b.estimate.data) <= b.opts.Size {
		b.metaSize = usual
	}
	b.meta = b.device.add(chunkMetadata|b.copies(), b.metaSize)
}

// tightMeta is the size of a metadata chunk that leaves the kernel some room.
func (b *builder) tightMeta() uint64 {
	n := b.estimate.meta
	return uint64(roundUp(int64(n+n/4+16*mib), mib))
}

// needed returns the device size that is enough for so many bytes of data.
func (b *builder) needed(data uint64) int64 {
	return b.neededWith(b.tightMeta(), data)
}

func (b *builder) neededWith(meta, data uint64) int64 {
	n := uint64(systemSize) + meta
	if b.copies() != 0 {
		n *= 2
	}
	return roundUp(int64(n+data+(data>>30+4)*mib), mib) + 2*superGap(int64(n+data))
}

// superGap is what keeping chunks away from copies of the super block may cost.
func superGap(size int64) int64 {
	if size < 60*mib {
		return 0
	}
	return 8 * mib
}

// allocMeta returns the address of the next metadata block.
func (b *builder) allocMeta() uint64 {
	size := uint64(b.opts.NodeSize)
	if b.meta.used+size > b.meta.length {
		b.meta = b.device.add(chunkMetadata|b.copies(), max(b.metaSize/4&^(mib-1), 16*mib))
	}
	at := b.meta.logical + b.meta.used
	b.meta.used += size
	return at
}

// putData writes a segment to the next free place and keeps its checksums.
func (b *builder) putData(s *segment) (uint64, error) {
	n := uint64(len(s.disk))
	if b.data == nil || b.data.used+n > b.data.length {
		b.data = b.device.addData(b.dataChunk())
		for b.data.length < n {
			b.data = b.device.addData(b.dataChunk())
		}
	}
	at := b.data.logical + b.data.used
	b.data.used += n
	b.result.DataBytes += int64(n)
	b.keepSums(at, s.sums)
	return at, b.device.write(at, s.disk)
}

// dataChunk is the size of data chunks: a tenth of the device, 1 GiB at most.
func (b *builder) dataChunk() uint64 {
	return min(1<<30, max(64*mib, uint64(b.opts.Size)/10&^(mib-1)))
}

func (b *builder) keepSums(at uint64, sums []byte) {
	if len(sums) == 0 {
		return
	}
	if k := len(b.sums); k > 0 {
		last := &b.sums[k-1]
		covered := uint64(len(last.sums)/b.opts.Checksum.size()) * uint64(b.opts.SectorSize)
		if last.bytenr+covered == at {
			last.sums = append(last.sums, sums...)
			return
		}
	}
	b.sums = append(b.sums, sumRun{at, append([]byte(nil), sums...)})
}

// emit seals a tree block and writes it.
func (b *builder) emit(t *treeWriter, n *node, at blockRef) error {
	h := header{FSID: b.opts.UUID, Bytenr: at.bytenr, Flags: headerFlags, ChunkTreeUUID: b.chunkUUID,
		Generation: generation, Owner: t.owner, NrItems: uint32(n.count), Level: at.level}
	h.append(n.buf[:0])
	b.opts.Checksum.seal(n.buf)
	return b.device.write(at.bytenr, n.buf)
}

// newTree begins a tree whose blocks are allocated as they are finished.
func (b *builder) newTree(owner uint64) *treeWriter {
	return &treeWriter{owner: owner, size: b.opts.NodeSize, place: b.allocMeta, emit: b.emit}
}

// closeTree finishes a tree and notes its root and blocks.
func (b *builder) closeTree(t *treeWriter, vol *subvolume) error {
	root, err := t.finish()
	if err != nil {
		return err
	}
	b.roots = append(b.roots, treeRoot{t.owner, root, len(t.blocks), vol})
	for _, r := range t.blocks {
		b.blocks = append(b.blocks, ownedBlock{r, t.owner})
	}
	return nil
}

// run writes everything.
func (b *builder) run() (Result, error) {
	if err := b.writeSubvolumes(); err != nil {
		return Result{}, err
	}
	if err := b.writeMetadata(); err != nil {
		return Result{}, err
	}
	b.result.Metadata = int64(len(b.blocks) * b.opts.NodeSize)
	b.result.UsedBytes = b.result.DataBytes + b.result.Metadata
	b.result.Needed = b.needed(uint64(b.result.DataBytes))
	if b.device.overflown() {
		return b.result, &filesystem.TooSmallError{What: "btrfs file system", Needed: b.result.Needed, Have: b.opts.Size}
	}
	return b.result, b.writeSupers()
}

// progressStep is after how many bytes progress is told.
const progressStep = 16 * mib

// progress counts bytes of content before compression.
func (b *builder) progress(n int64) {
	before := b.result.RawBytes
	b.result.RawBytes += n
	if before/progressStep != b.result.RawBytes/progressStep {
		b.opts.Events.Emit(event.Event{Kind: event.Progress, Phase: "btrfs", Unit: "bytes",
			Done: b.result.RawBytes, Total: int64(b.estimate.data)})
	}
}

// writeSubvolumes writes all file trees and all data.
func (b *builder) writeSubvolumes() error {
	p := b.startPipeline(b.ctx)
	defer p.stop()
	for _, v := range b.model.vols {
		v.tree = b.newTree(v.id)
		for _, ino := range v.inodes {
			if err := b.ctx.Err(); err != nil {
				return err
			}
			if err := b.writeInode(p, v, ino); err != nil {
				return fmt.Errorf("write %s: %w", ino.node.Path, err)
			}
			b.result.Inodes++
		}
		if err := b.closeTree(v.tree, v); err != nil {
			return err
		}
		v.rfer += uint64(len(v.tree.blocks) * b.opts.NodeSize)
		v.tree = nil
	}
	return nil
}

func (b *builder) writeInode(p *pipeline, v *subvolume, ino *inode) error {
	var out written
	var err error
	switch {
	case hasData(ino):
		out, err = p.file(v, ino)
	case ino.node.Type() == tree.TypeLink:
		out = linkTarget(ino.node.Target)
	}
	if err != nil {
		return err
	}
	return v.putInode(b.opts, ino, out)
}
