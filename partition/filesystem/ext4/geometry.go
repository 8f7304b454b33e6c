package ext4

import (
	"math"

	"github.com/fimg/fimg/partition/filesystem"
)

// geometry says where everything is that does not depend on the tree.
type geometry struct {
	features
	block     int64 // bytes
	blocks    int64 // of the file system
	first     int64 // first data block: 1 for blocks of 1024 bytes
	perGroup  int64 // blocks
	groups    int64
	inodes    int64 // per group
	inodeSize int64
	table     int64 // blocks of one inode table
	descSize  int64
	gdt       int64 // blocks of descriptors
	reserved  int64 // blocks for more of them
	flex      int64 // groups
	backups   [2]uint32
	places    []groupMeta
	fixed     []interval // sorted: everything above
}

// groupMeta says where a group's bitmaps and inodes are.
type groupMeta struct{ blockBitmap, inodeBitmap, inodeTable int64 }

func (g *geometry) start(group int64) int64  { return g.first + group*g.perGroup }
func (g *geometry) length(group int64) int64 { return min(g.perGroup, g.blocks-g.start(group)) }
func (g *geometry) perDesc() int64           { return g.block / g.descSize }
func (g *geometry) addresses() int64         { return g.block / 4 }
func (g *geometry) has(bits features) bool {
	return g.compat&bits.compat|g.incompat&bits.incompat|g.ro&bits.ro != 0
}

// hasSuper tells whether a group begins with a copy of the superblock.
func (g *geometry) hasSuper(group int64) bool {
	switch {
	case group == 0:
		return true
	case g.compat&compatSparseSuper2 != 0:
		return group == int64(g.backups[0]) || group == int64(g.backups[1])
	case g.ro&roSparseSuper == 0 || group == 1:
		return true
	}
	return isPower(group, 3) || isPower(group, 5) || isPower(group, 7)
}

func isPower(n, base int64) bool {
	for n > 1 && n%base == 0 {
		n /= base
	}
	return n == 1
}

// metaDesc returns which block of descriptors a group carries with meta_bg: that of
// its meta group, in the first, second and last group of it.
func (g *geometry) metaDesc(group int64) (index int64, ok bool) {
	index, at := group/g.perDesc(), group%g.perDesc()
	return index, at == 0 || at == 1 || at == g.perDesc()-1
}

// base is the number of blocks for superblock and descriptors in a group.
func (g *geometry) base(group int64) int64 {
	if g.incompat&incompatMetaBG != 0 {
		n := int64(0)
		if g.hasSuper(group) {
			n++
		}
		if _, ok := g.metaDesc(group); ok {
			n++
		}
		return n
	}
	if g.hasSuper(group) {
		return 1 + g.gdt + g.reserved
	}
	return 0
}

// newGeometry plans the fixed part for a size and a number of inodes.
func newGeometry(o Options, f features, inodes int64) (*geometry, error) {
	g := &geometry{features: f, block: int64(o.BlockSize), blocks: o.Size / int64(o.BlockSize),
		perGroup: o.BlocksPerGroup, inodeSize: int64(o.InodeSize), descSize: 32, flex: 1}
	if g.block == 1024 {
		g.first = 1
	}
	if f.incompat&incompat64bit != 0 {
		g.descSize = 64
	} else if g.blocks > math.MaxUint32 {
		return nil, badOption("more than 2^32 blocks need the 64bit feature")
	}
	if f.incompat&incompatFlexBG != 0 {
		g.flex = o.GroupsPerFlex
	}
	for {
		if err := g.divide(o, inodes); err != nil {
			return nil, err
		}
		rest := g.length(g.groups - 1)
		if g.groups == 1 || rest == g.perGroup || rest >= g.overhead(g.groups-1)+50 {
			break
		}
		g.blocks -= rest // too small a last group is left out
	}
	return g, g.place()
}

// overhead is what a group takes at most for itself.
func (g *geometry) overhead(group int64) int64 {
	if g.flex > 1 {
		return g.base(group)
	}
	return g.base(group) + 2 + g.table
}

// divide computes the groups and their numbers of inodes.
func (g *geometry) divide(o Options, inodes int64) error {
	g.groups = max(1, ceil(g.blocks-g.first, g.perGroup))
	wanted := max(inodes, g.blocks*g.block/o.InodeRatio)
	if o.Inodes != 0 {
		wanted = o.Inodes
	}
	if wanted < inodes {
		return &filesystem.TooSmallError{What: o.Kind + " file system", Needed: inodes, Have: wanted, Unit: "inodes"}
	}
	perBlock := g.block / g.inodeSize
	g.inodes = roundUp(roundUp(ceil(wanted, g.groups), perBlock), 8)
	if limit := min(8*g.block, 65536-perBlock) &^ 7; g.inodes > limit {
		if limit*g.groups < inodes {
			return &filesystem.TooSmallError{What: o.Kind + " file system", Have: o.Size,
				Needed: ceil(inodes, limit) * g.perGroup * g.block}
		}
		g.inodes = limit
	}
	g.table = ceil(g.inodes, perBlock)
	g.gdt = ceil(g.groups, g.perDesc())
	g.reserved = g.reserve(o)
	g.backups = [2]uint32{}
	count := 2
	if o.BackupSupers != nil {
		count = *o.BackupSupers
	}
	if count > 0 && g.groups > 1 {
		g.backups[0] = 1
	}
	if count > 1 && g.groups > 2 {
		g.backups[1] = uint32(g.groups - 1)
	}
	return nil
}

// reserve is the number of blocks kept for descriptors of later groups.
func (g *geometry) reserve(o Options) int64 {
	if g.compat&compatResizeInode == 0 {
		return 0
	}
	most := g.blocks * 1024
	if o.MaxSize != 0 {
		most = max(g.blocks, o.MaxSize/g.block)
	}
	groups := ceil(min(most, math.MaxUint32)-g.first, g.perGroup)
	return min(max(1, ceil(groups, g.perDesc())-g.gdt), g.addresses(), max(0, g.perGroup/2-g.gdt))
}

// place puts bitmaps and inode tables of each flex group together at its start.
func (g *geometry) place() error {
	base := newAllocator(g.blocks, g.baseIntervals())
	if g.blocks <= g.first+1+g.gdt+g.reserved {
		return g.tooSmall()
	}
	g.places = make([]groupMeta, g.groups)
	for from := int64(0); from < g.groups; from += g.flex {
		to := min(from+g.flex, g.groups)
		base.seek(g.start(from))
		for _, part := range []struct {
			size int64
			at   func(*groupMeta) *int64
		}{
			{1, func(m *groupMeta) *int64 { return &m.blockBitmap }},
			{1, func(m *groupMeta) *int64 { return &m.inodeBitmap }},
			{g.table, func(m *groupMeta) *int64 { return &m.inodeTable }},
		} {
			for i := from; i < to; i++ {
				at, ok := base.contiguous(part.size)
				if !ok {
					return g.tooSmall()
				}
				*part.at(&g.places[i]) = at
			}
		}
	}
	g.fixed = base.used()
	return nil
}

func (g *geometry) tooSmall() error {
	need := (g.first + (g.base(0) + 2 + g.table + 64)) * g.block
	return &filesystem.TooSmallError{What: "file system", Needed: max(need, g.blocks*g.block+g.table*g.block), Have: g.blocks * g.block}
}

// baseIntervals lists superblocks and descriptors, and the boot block.
func (g *geometry) baseIntervals() []interval {
	var list []interval
	if g.first > 0 {
		list = append(list, interval{0, g.first})
	}
	for i := range g.groups {
		if n := g.base(i); n > 0 {
			list = append(list, interval{g.start(i), n})
		}
	}
	return list
}
