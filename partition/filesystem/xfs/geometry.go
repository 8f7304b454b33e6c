package xfs

import (
	"math/bits"

	"github.com/fimg/fimg/partition/filesystem"
	"github.com/fimg/fimg/partition/filesystem/contents"
)

const (
	mib = 1 << 20

	minSize        = 300 * mib // what mkfs.xfs asks for
	maxGroupBlocks = 1<<28 - 1 // just below 1 TiB
	minGroupBlocks = 16 * mib / block
	minLogBlocks   = 64 * mib / block
	leastLogBlocks = 16 * mib / block
	maxLogBlocks   = (1<<31 - 10*mib) / block
	listBlocks     = 4 // on the free list of a group
	chunkInodes    = 64
)

// geometry is the division of the file system.
type geometry struct {
	opts        Options
	blocks      int64
	groups      int64
	groupBlocks int64
	groupLog    uint
	heads       int64 // blocks of the headers of a group
	logBlocks   int64
	perBlock    int64 // inodes
}

func newGeometry(o Options) (*geometry, error) {
	g := &geometry{opts: o, blocks: o.Size / block, heads: ceil(4*int64(o.SectorSize), block), perBlock: int64(block / o.InodeSize)}
	if o.Size < minSize {
		return nil, &filesystem.TooSmallError{What: "xfs file system", Needed: minSize, Have: o.Size}
	}
	if err := g.divide(); err != nil {
		return nil, err
	}
	g.logBlocks = o.LogSize / block
	if o.LogSize == 0 {
		g.logBlocks = min(max(minLogBlocks, g.blocks/2048), maxLogBlocks, g.groupBlocks-256)
	}
	if g.logBlocks < leastLogBlocks || g.logBlocks > min(maxLogBlocks, g.length(g.logGroup())-64) {
		return nil, badOption("a log of %d bytes", g.logBlocks*block)
	}
	g.groupLog = uint(bits.Len64(uint64(g.groupBlocks - 1)))
	return g, nil
}

// divide chooses the allocation groups: four, or more where they would reach 1 TiB.
func (g *geometry) divide() error {
	switch {
	case g.opts.GroupSize > 0:
		g.groupBlocks = g.opts.GroupSize / block
	case g.opts.Groups > 0:
		g.groupBlocks = ceil(g.blocks, g.opts.Groups)
	default:
		g.groupBlocks = min(ceil(g.blocks, 4), maxGroupBlocks)
	}
	if g.groupBlocks < minGroupBlocks || g.groupBlocks > maxGroupBlocks {
		return badOption("allocation groups of %d bytes", g.groupBlocks*block)
	}
	g.groups = ceil(g.blocks, g.groupBlocks)
	if g.groups > 1 && g.length(g.groups-1) < minGroupBlocks {
		g.groups--
		g.blocks = g.groups * g.groupBlocks
	}
	return nil
}

// length is the number of blocks of a group.
func (g *geometry) length(group int64) int64 {
	return min(g.groupBlocks, g.blocks-group*g.groupBlocks)
}

// logGroup is the group that holds the log, behind the roots of its trees.
func (g *geometry) logGroup() int64 { return g.groups / 2 }

// The roots of a group's trees follow its headers.
func (g *geometry) byBlockRoot() int64 { return g.heads }
func (g *geometry) bySizeRoot() int64  { return g.heads + 1 }
func (g *geometry) inodeRoot() int64   { return g.heads + 2 }
func (g *geometry) freeRoot() int64    { return g.heads + 3 }
func (g *geometry) refcountRoot() int64 {
	if g.opts.has(FreeInodes) {
		return g.heads + 4
	}
	return g.heads + 3
}

// roots is the block behind them.
func (g *geometry) roots() int64 {
	if g.opts.has(Reflink) {
		return g.refcountRoot() + 1
	}
	return g.refcountRoot()
}

// list is the first block of the free list of a group.
func (g *geometry) list(group int64) int64 {
	if group == g.logGroup() {
		return g.roots() + g.logBlocks
	}
	return g.roots()
}

// reserve is what a group keeps free: as much as the kernel sets aside for the
// growth of the trees of free inodes and of shared extents.
func (g *geometry) reserve(group int64) int64 { return g.length(group)/128 + 64 }

// chunkBlocks is the size of 64 inodes, inodeAlign what their place is a multiple of.
func (g *geometry) chunkBlocks() int64 { return chunkInodes / g.perBlock }
func (g *geometry) sparseAlign() int64 { return int64(g.opts.InodeSize) * 8192 / 256 / block }
func (g *geometry) inodeAlign() int64 {
	if g.opts.has(Sparse) {
		return g.chunkBlocks()
	}
	return g.sparseAlign()
}

// chunks is where the inodes of a group begin.
func (g *geometry) chunks(group int64) int64 {
	return roundUp(g.list(group)+listBlocks, g.inodeAlign())
}

// address is a block as the file system numbers it, from its place on disk.
func (g *geometry) address(at int64) uint64 {
	return uint64(at/g.groupBlocks)<<g.groupLog | uint64(at%g.groupBlocks)
}

// inodeNumber is the number of the index-th inode of a group.
func (g *geometry) inodeNumber(group, index int64) uint64 {
	at := g.chunks(group) + index/g.perBlock
	return (uint64(group)<<g.groupLog|uint64(at))*uint64(g.perBlock) + uint64(index%g.perBlock)
}

// allocator gives out the blocks of the groups in ascending order.
type allocator struct {
	*geometry
	cursor []int64 // next free block of each group
	limit  []int64
}

// use is the number of blocks in use behind the fixed ones, one entry for each
// group, as inodes take them.
func newAllocator(g *geometry, inodeBlocks []int64) *allocator {
	a := &allocator{geometry: g}
	for group, n := range inodeBlocks {
		a.cursor = append(a.cursor, g.chunks(int64(group))+n)
		a.limit = append(a.limit, g.length(int64(group))-g.reserve(int64(group)))
	}
	return a
}

// take gives out up to count blocks in one piece, of the group or, when that is
// full, of the next one that is not; none when all are. The place counts from the
// start of the file system.
func (a *allocator) take(group, count int64) contents.Interval { return a.find(group, 1, count) }

// piece gives out exactly count blocks, or none.
func (a *allocator) piece(group, count int64) contents.Interval { return a.find(group, count, count) }

func (a *allocator) find(group, least, count int64) contents.Interval {
	for i := range a.groups {
		g := (group + i) % a.groups
		if n := min(count, a.limit[g]-a.cursor[g]); n >= least {
			at := a.cursor[g]
			a.cursor[g] += n
			return contents.Interval{At: g*a.groupBlocks + at, Count: n}
		}
	}
	return contents.Interval{}
}
