package ext4

import "encoding/binary"

// run is a piece of a file: blocks that follow each other in the file and on disk.
type run struct{ logical, physical, count int64 }

// Extent trees ("Extent Tree"): a header, then entries of the same size.
const (
	extentMagic  = 0xf30a
	extentSize   = 12
	maxExtentLen = 32768
	inodeExtents = 4 // entries in an inode
)

type extentHeader struct {
	Magic, Entries, Max, Depth uint16
	Generation                 uint32
}

// metaBlock is an encoded block of a map and its place.
type metaBlock struct {
	at  int64
	raw []byte
}

// split cuts runs into what one extent can describe.
func split(runs []run) []run {
	var list []run
	for _, r := range runs {
		for r.count > maxExtentLen {
			list = append(list, run{r.logical, r.physical, maxExtentLen})
			r = run{r.logical + maxExtentLen, r.physical + maxExtentLen, r.count - maxExtentLen}
		}
		list = append(list, r)
	}
	return list
}

// perNode is the number of entries of a tree block.
func perNode(block int64) int64 { return (block - extentSize - 4) / extentSize }

// extentBlocks is the number of blocks an extent tree needs outside the inode.
func extentBlocks(runs []run, block int64) int64 {
	total := int64(0)
	for n := int64(len(split(runs))); n > inodeExtents; total += n {
		n = ceil(n, perNode(block))
	}
	return total
}

// node is an entry of the level below: an extent, or a block of the tree.
type node struct {
	logical int64
	raw     [extentSize]byte
}

// extentTree encodes a map: the 60 bytes of the inode and the blocks, whose places
// are given in the order of creation.
func extentTree(runs []run, places []int64, block int64, seed uint32) (root [60]byte, blocks []metaBlock) {
	var level []node
	for _, r := range split(runs) {
		n := node{logical: r.logical}
		binary.LittleEndian.PutUint32(n.raw[0:], uint32(r.logical))
		binary.LittleEndian.PutUint16(n.raw[4:], uint16(r.count))
		binary.LittleEndian.PutUint16(n.raw[6:], uint16(r.physical>>32))
		binary.LittleEndian.PutUint32(n.raw[8:], uint32(r.physical))
		level = append(level, n)
	}
	depth := uint16(0)
	for ; len(level) > inodeExtents; depth++ {
		var above []node
		for len(level) > 0 {
			n := min(len(level), int(perNode(block)))
			place := places[len(blocks)]
			raw := make([]byte, block)
			putNode(raw, level[:n], depth, int(perNode(block)))
			tail := extentSize * (1 + int(perNode(block)))
			binary.LittleEndian.PutUint32(raw[tail:], crc(seed, raw[:tail]))
			blocks = append(blocks, metaBlock{place, raw})
			above = append(above, indexEntry(level[0].logical, place))
			level = level[n:]
		}
		level = above
	}
	putNode(root[:], level, depth, inodeExtents)
	return root, blocks
}

func indexEntry(logical, place int64) node {
	n := node{logical: logical}
	binary.LittleEndian.PutUint32(n.raw[0:], uint32(logical))
	binary.LittleEndian.PutUint32(n.raw[4:], uint32(place))
	binary.LittleEndian.PutUint16(n.raw[8:], uint16(place>>32))
	return n
}

func putNode(raw []byte, entries []node, depth uint16, most int) {
	h := extentHeader{Magic: extentMagic, Entries: uint16(len(entries)), Max: uint16(most), Depth: depth}
	_, _ = binary.Encode(raw, binary.LittleEndian, h)
	for i, e := range entries {
		copy(raw[extentSize*(1+i):], e.raw[:])
	}
}
