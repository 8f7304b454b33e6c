package xfs

import (
	"context"
	"errors"
	"math/bits"

	"github.com/fimg/fimg/partition/filesystem"
	"github.com/fimg/fimg/partition/filesystem/contents"
	"github.com/fimg/fimg/tree"
)

// plan is a file system of which every block is decided.
type plan struct {
	*geometry
	opts    Options
	inodes  []*inode
	groups  []group
	alloc   *allocator
	missing int64 // blocks that did not fit
}

// group is what an allocation group holds.
type group struct {
	inodes []*inode
	chunks int64 // of 64 inodes
	extra  int64 // blocks of the inode tree beside its root
}

// newPlan decides the place of everything; plan.missing tells whether it fits.
func newPlan(o Options, c *content) (*plan, error) {
	g, err := newGeometry(o)
	if err != nil {
		return nil, err
	}
	p := &plan{geometry: g, opts: o, inodes: c.inodes, groups: make([]group, g.groups)}
	for _, i := range p.inodes {
		i.number, i.runs, i.maps, i.attrAt = 0, nil, nil, nil
		if err := p.forks(i); err != nil {
			return nil, err
		}
	}
	p.divide()
	p.number()
	p.placeAll()
	return p, nil
}

// forks divides the room in an inode between its data and its attributes.
func (p *plan) forks(i *inode) error {
	room := p.opts.InodeSize - inodeHead
	i.fork, i.leaf = room, nil
	if len(i.attrs) == 0 {
		return nil
	}
	least := leastFork
	kind := i.node.Type()
	isDevice := kind != tree.TypeFile && kind != tree.TypeDir && kind != tree.TypeLink
	if isDevice {
		least = deviceFork
	}
	local := localAttrs(i.attrs)
	if i.fork = (room - len(local)) &^ 7; local == nil || i.fork < least {
		i.fork = room - leastAttrFork
		var ok bool
		if i.leaf, ok = newLeaf(i.attrs); !ok {
			return &ContentError{i.node.Path, "extended attributes do not fit into a block"}
		}
	}
	if isDevice {
		i.fork = deviceFork
	}
	return nil
}

const (
	deviceFork    = 8
	leastFork     = 56 // a root of an extent tree with three records
	leastAttrFork = 40 // the same for attributes, with two
)

// weight is the room an inode takes, in units of inodes.
func (p *plan) weight(i *inode) (n int64) {
	switch {
	case i.node.IsDir():
		for _, a := range shapeOf(i, i.fork).areas() {
			n += a.Count
		}
	case i.isLong():
		n = 1
	}
	for _, d := range i.data {
		n += d.Count
	}
	if i.leaf != nil {
		n += 1 + i.leaf.blocks
	}
	return 1 + n*p.perBlock
}

// divide gives each group a share of the inodes, in their order, that fills it to
// the same degree as the others.
func (p *plan) divide() {
	room := make([]uint64, len(p.groups)) // of the groups up to each
	sum := uint64(0)
	for g := range room {
		sum += uint64(max(1, p.length(int64(g))-p.reserve(int64(g))-p.chunks(int64(g))))
		room[g] = sum
	}
	total := uint64(0)
	for _, i := range p.inodes {
		total += uint64(p.weight(i))
	}
	at, used := 0, uint64(0)
	for n, i := range p.inodes {
		for n >= ownInodes && at < len(room)-1 && used > share(total, room[at], sum) {
			at++
		}
		used += uint64(p.weight(i))
		i.group = int64(at)
		p.groups[at].inodes = append(p.groups[at].inodes, i)
	}
}

// ownInodes are the first inodes, which lie in the first group: the root and those
// of a real-time section.
const ownInodes = 3

// share is total*part/whole; part is at most whole.
func share(total, part, whole uint64) uint64 {
	hi, lo := bits.Mul64(total, part)
	n, _ := bits.Div64(hi, lo, whole)
	return n
}

// number numbers the inodes and makes room for them.
func (p *plan) number() {
	var taken []int64
	for n := range p.groups {
		g := &p.groups[n]
		for index, i := range g.inodes {
			i.number = p.inodeNumber(int64(n), int64(index))
		}
		g.chunks = ceil(int64(len(g.inodes)), chunkInodes)
		g.extra = treeBlocks(g.chunks, inodeRecords) - 1
		taken = append(taken, g.chunks*p.chunkBlocks()+g.extra)
	}
	p.alloc = newAllocator(p.geometry, taken)
	for n := range p.groups {
		p.missing += max(0, p.alloc.cursor[n]-p.alloc.limit[n])
	}
}

// placeAll gives blocks to directories, links and attributes, then to files.
func (p *plan) placeAll() {
	for _, i := range p.inodes {
		switch {
		case i.node.IsDir():
			i.shape = shapeOf(i, i.fork)
			i.data = i.shape.areas()
		case i.node.Type() == tree.TypeLink:
			i.data = nil
			if i.isLong() {
				i.data = []contents.Interval{{At: 0, Count: 1}}
			}
		}
		if i.leaf != nil {
			p.placeAttrs(i)
		}
		if !i.node.IsFile() {
			p.place(i)
		}
	}
	for _, i := range p.inodes {
		if i.node.IsFile() {
			p.place(i)
		}
	}
}

func (p *plan) placeAttrs(i *inode) {
	got := p.alloc.piece(i.group, 1+i.leaf.blocks)
	p.missing += 1 + i.leaf.blocks - got.Count
	i.attrAt = []contents.Run{{Physical: got.At, Count: got.Count}}
}

// place gives an inode blocks for its data and then for its extent tree.
func (p *plan) place(i *inode) {
	for _, d := range i.data {
		for left := d.Count; left > 0; {
			got := p.alloc.take(i.group, left)
			if got.Count == 0 {
				p.missing += left
				break
			}
			i.runs = contents.Append(i.runs, contents.Run{Logical: d.End() - left, Physical: got.At, Count: got.Count})
			left -= got.Count
		}
	}
	for range extentBlocks(len(p.extents(i.runs)), i.fork) {
		got := p.alloc.take(i.group, 1)
		p.missing += 1 - got.Count
		i.maps = append(i.maps, got.At)
	}
}

// Estimate returns a size in whole MiB that holds t with little to spare; o.Size
// does not matter.
func Estimate(ctx context.Context, t tree.Tree, o Options) (int64, error) {
	o.Size = 0
	if err := o.check(); err != nil {
		return 0, err
	}
	c, err := collect(ctx, t, o)
	if err != nil {
		return 0, err
	}
	return estimate(o, c)
}

func estimate(o Options, c *content) (int64, error) {
	return filesystem.Smallest(minSize, func(size int64) (bool, error) { return fits(o, c, size) })
}

func fits(o Options, c *content, size int64) (bool, error) {
	o.Size = size
	p, err := newPlan(o, c)
	var small *filesystem.TooSmallError
	if errors.As(err, &small) {
		return false, nil
	}
	return err == nil && p.missing == 0, err
}
