package btrfs

import (
	"fmt"

	"github.com/fimg/fimg/tree"
)

// estimate is an upper bound of what a tree needs, as far as it can be known
// without reading contents.
type estimate struct {
	data uint64 // bytes of sectors
	meta uint64 // bytes of nodes, one copy
}

// estimate adds up the items of all inodes.
func (m *model) estimate(src tree.Tree) (estimate, error) {
	var e estimate
	items := uint64(64 << 10) // the small trees
	for _, v := range m.vols {
		for _, ino := range v.inodes {
			items += ino.itemBytes()
			if !hasData(ino) {
				continue
			}
			d, i, err := m.fileBytes(src, ino.node)
			if err != nil {
				return e, fmt.Errorf("look at %s: %w", ino.node.Path, err)
			}
			e.data += d
			items += i
		}
	}
	// Leaves are packed in order and mostly full; inline data leave gaps.
	e.meta = items + items/4 + uint64(len(m.vols)+12)*4*uint64(m.opts.NodeSize)
	return e, nil
}

// itemBytes is the size of the items of an inode but for its data.
func (ino *inode) itemBytes() uint64 {
	n := uint64(itemHeaderSize + 160 + itemHeaderSize)
	for _, name := range ino.names {
		n += 18 + itemHeaderSize + uint64(len(name.name))
	}
	for _, x := range ino.node.Xattrs {
		n += itemHeaderSize + dirItemSize + uint64(len(x.Name)+len(x.Value))
	}
	for _, e := range ino.entries {
		n += 2 * (itemHeaderSize + dirItemSize + uint64(len(e.name)))
	}
	return n + uint64(itemHeaderSize+inlineHeader+len(ino.node.Target))
}

// perhapsSparse is the size from which a file is asked for its holes: some, such as
// a lastlog, are larger than any disk.
const perhapsSparse = 4 * mib

// fileBytes returns what a file needs as data and as items.
func (m *model) fileBytes(src tree.Tree, n *tree.Node) (data, items uint64, err error) {
	if n.Size < perhapsSparse || n.Dense {
		data, items = m.dataBytes(uint64(n.Size))
		return data, items, nil
	}
	f, err := src.Open(n)
	if err != nil {
		return 0, 0, err
	}
	defer f.Close()
	ranges, err := dataRanges(f, n.Size, int64(m.opts.SectorSize))
	for _, r := range ranges {
		d, i := m.dataBytes(uint64(r.Length))
		data, items = data+d, items+i
	}
	return data, items, err
}

// dataBytes returns what contiguous data of a size need on disk and in items.
func (m *model) dataBytes(size uint64) (data, items uint64) {
	sector := uint64(m.opts.SectorSize)
	extents := size/blockBytes + 1
	items = extents * (extentDataSize + itemHeaderSize + extentRefBytes + itemHeaderSize)
	data = uint64(roundUp(int64(size), int64(sector)))
	if int(size) <= m.opts.MaxInline {
		items += size
	}
	return data, items + data/sector*uint64(m.opts.Checksum.size())
}

// extentRefBytes is an item of the extent tree with one data reference.
const extentRefBytes = 24 + 1 + 28 + 9
