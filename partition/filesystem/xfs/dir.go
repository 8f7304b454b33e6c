package xfs

import (
	"encoding/binary"
	"math/bits"

	"github.com/fimg/fimg/partition/filesystem/contents"
)

// Directories: short ones lie in the inode; others have blocks of entries, and
// blocks that find them by the hash of the name: within the only block of entries,
// in one leaf, or in leaves below nodes with blocks that tell where there is room.

// The logical blocks where leaves and the blocks of free space begin.
const (
	dirLeafStart = 32 << 30 / block
	dirFreeStart = 64 << 30 / block
)

const (
	dirBlockMagic = 0x58444233 // XDB3
	dirDataMagic  = 0x58444433 // XDD3
	dirFreeMagic  = 0x58444633 // XDF3
	dirLeaf1Magic = 0x3df1
	dirLeafNMagic = 0x3dff
	nodeMagic     = 0x3ebe

	dirHead      = 64 // of all kinds of blocks
	dirFirst     = dirHead + 16 + 16
	hashesInLeaf = (block - dirHead) / 8
	roomsInFree  = (block - dirHead) / 2
)

// blockHeader is struct xfs_dir3_blk_hdr.
type blockHeader struct {
	Magic    uint32
	Checksum uint32
	Block    uint64
	LSN      uint64
	UUID     [16]byte
	Inode    uint64
}

const blockChecksum = 4

// treeHeader is struct xfs_da3_blkinfo with what follows it in leaves and nodes.
type treeHeader struct {
	Next, Previous uint32
	Magic          uint16
	_              uint16
	Checksum       uint32
	Block          uint64
	LSN            uint64
	UUID           [16]byte
	Inode          uint64
	Count          uint16
	Level          uint16 // of a node; in a leaf, entries that were removed
	_              uint32
}

const treeChecksum = 12

// dirShape is the form of a directory and the number of its blocks.
type dirShape struct {
	local              bool
	size               int // of the local form
	data, leaves, free int64
	nodes              []int64 // of each level, the lowest first
}

func entrySize(name int) int { return (8 + 1 + name + 1 + 2 + 7) &^ 7 }

// shapeOf chooses the form of a directory that has room bytes in its inode.
func shapeOf(i *inode, room int) dirShape {
	wide := i.wide()
	size, used, data := 2+wide, dirFirst, int64(1)
	total := dirFirst + 8*(len(i.entries)+2) + 8
	for _, e := range i.entries {
		size += 3 + len(e.name) + 1 + wide
		n := entrySize(len(e.name))
		total += n
		if used += n; used > block {
			data, used = data+1, dirHead+n
		}
	}
	count := int64(len(i.entries) + 2)
	switch {
	case size <= room:
		return dirShape{local: true, size: size}
	case total <= block:
		return dirShape{data: 1}
	case dirHead+8*count+2*data+4 <= block:
		return dirShape{data: data, leaves: 1}
	}
	s := dirShape{data: data, leaves: ceil(count, hashesInLeaf), free: ceil(data, roomsInFree)}
	for n := s.leaves; n > 1; {
		n = ceil(n, hashesInLeaf)
		s.nodes = append(s.nodes, n)
	}
	return s
}

// wide is the number of bytes of an inode number in the local form.
func (i *inode) wide() int {
	if i.large() > 0 {
		return 8
	}
	return 4
}

// large counts the inode numbers of a directory that need more than 32 bits.
func (i *inode) large() (n int) {
	for _, e := range i.entries {
		if e.child.number > noBlock {
			n++
		}
	}
	if i.parent.number > noBlock {
		n++
	}
	return n
}

// areas are the logical blocks of the directory.
func (s dirShape) areas() []contents.Interval {
	if s.local {
		return nil
	}
	list := []contents.Interval{{At: 0, Count: s.data}}
	index := s.leaves
	for _, n := range s.nodes {
		index += n
	}
	if index > 0 {
		list = append(list, contents.Interval{At: dirLeafStart, Count: index})
	}
	if s.free > 0 {
		list = append(list, contents.Interval{At: dirFreeStart, Count: s.free})
	}
	return list
}

// nameHash is the hash of a name in directories and attributes.
func nameHash(name string) uint32 {
	h := uint32(0)
	for ; len(name) >= 4; name = name[4:] {
		h = uint32(name[0])<<21 ^ uint32(name[1])<<14 ^ uint32(name[2])<<7 ^ uint32(name[3]) ^ bits.RotateLeft32(h, 28)
	}
	rest := uint32(0)
	for k := range len(name) {
		rest = rest<<7 ^ uint32(name[k])
	}
	return rest ^ bits.RotateLeft32(h, 7*len(name))
}

// local encodes a short directory.
func (i *inode) local() []byte {
	put := func(raw []byte, number uint64) []byte {
		if i.wide() == 8 {
			return binary.BigEndian.AppendUint64(raw, number)
		}
		return binary.BigEndian.AppendUint32(raw, uint32(number))
	}
	raw := put([]byte{byte(len(i.entries)), byte(i.large())}, i.parent.number)
	at := dirFirst
	for _, e := range i.entries {
		raw = append(raw, byte(len(e.name)))
		raw = binary.BigEndian.AppendUint16(raw, uint16(at))
		raw = append(append(raw, e.name...), fileType(e.child.node.Type()))
		raw = put(raw, e.child.number)
		at += entrySize(len(e.name))
	}
	return raw
}
