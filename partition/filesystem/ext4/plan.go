package ext4

import (
	"context"
	"errors"

	"github.com/fimg/fimg/partition/filesystem"
	"github.com/fimg/fimg/tree"
)

// plan is a file system of which every block is decided.
type plan struct {
	*geometry
	opts    Options
	content *content
	seed    uint32 // of checksums
	alloc   *allocator
	missing int64 // blocks that did not fit
	journal *inode
	resize  *inode
	orphans *inode
	inodes  []*inode // all of them, by number
	shared  []*sharedAttrs
}

// sharedAttrs is an attribute block and how many inodes use it.
type sharedAttrs struct {
	at   int64
	refs uint32
	list []attr
}

// newPlan decides the place of everything; it is a *TooSmallError of the geometry,
// or plan.missing, when the content does not fit.
func newPlan(o Options, c *content) (*plan, error) {
	g, err := newGeometry(o, c.feats, int64(c.next)-1)
	if err != nil {
		return nil, err
	}
	p := &plan{geometry: g, opts: o, content: c, seed: crc(^uint32(0), o.UUID[:]), alloc: newAllocator(g.blocks, g.fixed)}
	p.special()
	p.inodes = append(p.inodes, c.inodes...)
	attrs := map[string]*sharedAttrs{}
	for _, i := range c.inodes {
		i.runs, i.maps, i.attrAt = nil, nil, 0
		if i.node.IsDir() {
			i.data = []interval{{0, p.dirBlocks(i)}}
		}
		if len(i.outside) > 0 {
			p.share(i, attrs)
		}
		if !i.node.IsFile() {
			p.place(i)
		}
	}
	for _, i := range c.inodes {
		if i.node.IsFile() {
			p.place(i)
		}
	}
	p.sort()
	return p, nil
}

// place gives an inode blocks for its data and then for its map.
func (p *plan) place(i *inode) {
	for _, d := range i.data {
		for left := d.count; left > 0; {
			got := p.alloc.take(left)
			if got.count == 0 {
				p.missing += left
				break
			}
			i.addRun(run{d.end() - left, got.at, got.count})
			left -= got.count
		}
	}
	need := int64(0)
	if p.incompat&incompatExtents != 0 {
		need = extentBlocks(i.runs, p.block)
	} else {
		need = indirectBlocks(i.runs, p.block)
	}
	for range need {
		i.maps = append(i.maps, p.one())
	}
}

func (i *inode) addRun(r run) {
	if n := len(i.runs); n > 0 {
		last := &i.runs[n-1]
		if last.logical+last.count == r.logical && last.physical+last.count == r.physical {
			last.count += r.count
			return
		}
	}
	i.runs = append(i.runs, r)
}

// one gives out a single block.
func (p *plan) one() int64 {
	got := p.alloc.take(1)
	p.missing += 1 - got.count
	return got.at
}

// share finds or makes the attribute block of an inode.
func (p *plan) share(i *inode, known map[string]*sharedAttrs) {
	key := attrKey(i.outside)
	s := known[key]
	if s == nil || s.refs >= maxAttrRefs {
		s = &sharedAttrs{at: p.one(), list: i.outside}
		known[key] = s
		p.shared = append(p.shared, s)
	}
	s.refs++
	i.attrAt = s.at
}

// dirBlocks counts the blocks of a directory and notes whether it has an index.
func (p *plan) dirBlocks(i *inode) int64 {
	if i.blocks == 0 {
		i.blocks = p.countDir(i)
	}
	return i.blocks
}

func (p *plan) countDir(i *inode) int64 {
	d := p.directory(i)
	size := recLen(1) + recLen(2)
	for _, e := range i.entries {
		size += e.size()
	}
	if size <= d.room() && i.least <= 1 {
		i.indexed = false
		return 1
	}
	blocks, indexed := d.blocks()
	i.indexed = indexed
	return int64(len(blocks))
}

// directory is the encoder of an inode's entries.
func (p *plan) directory(i *inode) *directory {
	return &directory{block: int(p.block), sums: p.ro&roMetadataCsum != 0, seed: inodeSeed(p.seed, i.number, 0),
		hash: p.opts.HashSeed, indexed: p.compat&compatDirIndex != 0, self: i.number, parent: i.parent,
		entries: i.entries, least: i.least,
		typed: p.incompat&incompatFiletype != 0}
}

// Estimate returns a size in whole MiB that holds t with little to spare; o.Size
// does not matter.
func Estimate(ctx context.Context, t tree.Tree, o Options) (int64, error) {
	o.Size = 0
	checked := o
	f, err := checked.check()
	if err != nil {
		return 0, err
	}
	c, err := collect(ctx, t, checked, f)
	if err != nil {
		return 0, err
	}
	return estimate(o, c)
}

const mib = 1 << 20

func estimate(o Options, c *content) (int64, error) {
	return filesystem.Smallest(mib, func(size int64) (bool, error) { return fits(o, c, size) })
}

func fits(o Options, c *content, size int64) (bool, error) {
	o.Size = size
	if _, err := o.check(); err != nil {
		return false, err
	}
	p, err := newPlan(o, c)
	var small *filesystem.TooSmallError
	switch {
	case errors.As(err, &small):
		if o.Inodes != 0 && int64(c.next)-1 > o.Inodes {
			return false, err
		}
		return false, nil
	case err != nil:
		return false, err
	}
	return p.missing == 0, nil
}
