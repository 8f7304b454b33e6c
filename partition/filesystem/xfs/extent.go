package xfs

import (
	"encoding/binary"
	"iter"

	"github.com/fimg/fimg/partition/filesystem/contents"
)

// maxExtent is the largest number of blocks of one record.
const maxExtent = 1<<21 - 1

// extent is struct xfs_bmbt_rec: 54 bits of the logical block, 52 of the place, 21
// of the length.
type extent struct{ logical, place, count uint64 }

const (
	extentSize    = 16
	extentRecords = (block - longNodeSize) / extentSize // also keys with pointers
)

// extents are the records for runs.
func (g *geometry) extents(runs []contents.Run) (list []extent) {
	for _, r := range runs {
		for at := int64(0); at < r.Count; at += maxExtent {
			list = append(list, extent{uint64(r.Logical + at), g.address(r.Physical + at), uint64(min(maxExtent, r.Count-at))})
		}
	}
	return list
}

func putExtents(raw []byte, list []extent) {
	for n, e := range list {
		binary.BigEndian.PutUint64(raw[extentSize*n:], e.logical<<9|e.place>>43)
		binary.BigEndian.PutUint64(raw[extentSize*n+8:], e.place<<21|e.count)
	}
}

// rootRecords is how many keys with pointers the root in an inode holds.
func rootRecords(fork int) int { return (fork - 4) / extentSize }

// extentLevels are the numbers of blocks of each level of an extent tree outside
// the inode, the lowest first; none when the records fit into the inode.
func extentLevels(records, fork int) (levels []int) {
	if records*extentSize <= fork {
		return nil
	}
	for n := records; ; {
		n = (n + extentRecords - 1) / extentRecords
		levels = append(levels, n)
		if n <= rootRecords(fork) {
			return levels
		}
	}
}

func extentBlocks(records, fork int) (n int) {
	for _, l := range extentLevels(records, fork) {
		n += l
	}
	return n
}

// spread divides a list into parts of the same length or one more: blocks of a tree
// below its root have to be half full.
func spread[T any](list []T, parts int) iter.Seq[[]T] {
	return func(yield func([]T) bool) {
		for ; parts > 0; parts-- {
			n := (len(list) + parts - 1) / parts
			if !yield(list[:n]) {
				return
			}
			list = list[n:]
		}
	}
}

// extentTree encodes the tree of an inode with more extents than it holds: the root
// for the inode, and the blocks.
func (p *plan) extentTree(i *inode, list []extent, put func(raw []byte, at int64) error) ([]byte, error) {
	levels := extentLevels(len(list), i.fork)
	places := i.maps
	var keys []extent // of the level below: first logical block and place
	for part := range spread(list, levels[0]) {
		n := len(keys)
		raw := p.extentNode(i, 0, len(part), places[:levels[0]], n)
		putExtents(raw[longNodeSize:], part)
		if err := put(seal(raw, longNodeChecksum), places[n]); err != nil {
			return nil, err
		}
		keys = append(keys, extent{part[0].logical, p.address(places[n]), 0})
	}
	for level, count := range levels[1:] {
		places = places[levels[level]:]
		var above []extent
		for part := range spread(keys, count) {
			n := len(above)
			raw := p.extentNode(i, level+1, len(part), places[:count], n)
			putKeys(raw[longNodeSize:], part, extentRecords)
			if err := put(seal(raw, longNodeChecksum), places[n]); err != nil {
				return nil, err
			}
			above = append(above, extent{part[0].logical, p.address(places[n]), 0})
		}
		keys = above
	}
	root := make([]byte, i.fork)
	binary.BigEndian.PutUint16(root, uint16(len(levels)))
	binary.BigEndian.PutUint16(root[2:], uint16(len(keys)))
	putKeys(root[4:], keys, rootRecords(i.fork))
	return root, nil
}

// putKeys writes keys and, behind the room for most of them, the pointers.
func putKeys(raw []byte, list []extent, most int) {
	for n, k := range list {
		binary.BigEndian.PutUint64(raw[8*n:], k.logical)
		binary.BigEndian.PutUint64(raw[8*(most+n):], k.place)
	}
}

// extentNode begins the n-th block of a level.
func (p *plan) extentNode(i *inode, level, records int, places []int64, n int) []byte {
	h := longNode{Magic: extentMagic, Level: uint16(level), Records: uint16(records), Left: noInode, Right: noInode,
		Block: uint64(places[n] * perSector), UUID: p.opts.UUID, Inode: i.number}
	if n > 0 {
		h.Left = p.address(places[n-1])
	}
	if n < len(places)-1 {
		h.Right = p.address(places[n+1])
	}
	return padded(h, block)
}
