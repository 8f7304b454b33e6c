package ext4

import (
	"cmp"
	"encoding/binary"
	"slices"
)

// dirent is a name in a directory.
type dirent struct {
	name  string
	inode uint32
	kind  uint8 // file type, "Linear (Classic) Directories"
}

func (d dirent) size() int { return recLen(len(d.name)) }

func recLen(name int) int { return pad4(8 + name) }

// tailSize is that of the fake entry with the checksum at the end of a block.
const tailSize = 12

// directory encodes the blocks of one directory.
type directory struct {
	block   int // bytes
	sums    bool
	seed    uint32 // of the inode's checksums
	hash    [16]byte
	indexed bool // the feature is there
	self    uint32
	parent  uint32
	entries []dirent
	least   int  // blocks, for lost+found
	typed   bool // entries have a file type
}

// dots are the entries of the directory itself and its parent.
func (d *directory) dots() []dirent {
	kind := uint8(0)
	if d.typed {
		kind = 2
	}
	return []dirent{{".", d.self, kind}, {"..", d.parent, kind}}
}

func (d *directory) room() int {
	if d.sums {
		return d.block - tailSize
	}
	return d.block
}

// blocks returns the encoded directory and whether it has an index.
func (d *directory) blocks() ([][]byte, bool) {
	leaves := d.pack(slices.Concat(d.dots(), d.entries), d.room())
	if len(leaves) > 1 && d.indexed {
		return d.tree(), true
	}
	list := make([][]byte, max(len(leaves), d.least))
	for i := range list {
		if i < len(leaves) {
			list[i] = d.leaf(leaves[i])
		} else {
			list[i] = d.leaf(nil)
		}
	}
	return list, false
}

// pack fills leaves in order up to limit bytes each.
func (d *directory) pack(entries []dirent, limit int) [][]dirent {
	var leaves [][]dirent
	start, used := 0, 0
	for i, e := range entries {
		if used+e.size() > limit {
			leaves = append(leaves, entries[start:i])
			start, used = i, 0
		}
		used += e.size()
	}
	return append(leaves, entries[start:])
}

// leaf encodes one block; the last entry reaches to its end.
func (d *directory) leaf(entries []dirent) []byte {
	raw := make([]byte, d.block)
	at := 0
	for i, e := range entries {
		size := e.size()
		if i == len(entries)-1 {
			size = d.room() - at
		}
		putDirent(raw[at:], e, size)
		at += size
	}
	if len(entries) == 0 {
		putDirent(raw, dirent{}, d.room())
	}
	if d.sums {
		d.sign(raw)
	}
	return raw
}

// sign adds the fake entry with the checksum.
func (d *directory) sign(raw []byte) {
	at := d.room()
	binary.LittleEndian.PutUint16(raw[at+4:], tailSize)
	raw[at+7] = 0xde
	binary.LittleEndian.PutUint32(raw[at+8:], crc(d.seed, raw[:at]))
}

// putDirent encodes an entry of size bytes, which for blocks of 64 KiB does not fit
// the field as it is.
func putDirent(raw []byte, e dirent, size int) {
	binary.LittleEndian.PutUint32(raw, e.inode)
	if size == 65536 {
		size = 65535
	}
	binary.LittleEndian.PutUint16(raw[4:], uint16(size))
	raw[6], raw[7] = uint8(len(e.name)), e.kind
	copy(raw[8:], e.name)
}

// hashed is an entry with its key.
type hashed struct {
	dirent
	major, minor uint32
}

// tree encodes a directory with a hash index of one or two levels.
func (d *directory) tree() [][]byte {
	list := make([]hashed, len(d.entries))
	for i, e := range d.entries {
		list[i].dirent = e
		list[i].major, list[i].minor = nameHash(e.name, d.hash)
	}
	slices.SortFunc(list, func(a, b hashed) int {
		return cmp.Or(cmp.Compare(a.major, b.major), cmp.Compare(a.minor, b.minor), cmp.Compare(a.name, b.name))
	})
	sorted := make([]dirent, len(list))
	for i, h := range list {
		sorted[i] = h.dirent
	}
	leaves := d.pack(sorted, d.room()-d.room()/8) // room for later names
	keys := make([]uint32, len(leaves))
	for i, n := 1, len(leaves[0]); i < len(leaves); i++ {
		keys[i] = list[n].major
		if list[n-1].major == list[n].major {
			keys[i] |= 1 // names of one hash go on in this block
		}
		n += len(leaves[i])
	}
	blocks := [][]byte{nil}
	for _, l := range leaves {
		blocks = append(blocks, d.leaf(l))
	}
	return d.index(blocks, keys)
}

// index adds the root, and the nodes below it where one level does not do.
func (d *directory) index(blocks [][]byte, keys []uint32) [][]byte {
	first := make([]uint32, len(keys))
	for i := range first {
		first[i] = uint32(i + 1)
	}
	if len(keys) <= d.rootLimit() {
		blocks[0] = d.root(keys, first, 0)
		return blocks
	}
	var topKeys, topBlocks []uint32
	for at := 0; at < len(keys); at += d.nodeLimit() {
		end := min(len(keys), at+d.nodeLimit())
		topKeys, topBlocks = append(topKeys, keys[at]), append(topBlocks, uint32(len(blocks)))
		blocks = append(blocks, d.node(keys[at:end], first[at:end]))
	}
	blocks[0] = d.root(topKeys, topBlocks, 1)
	return blocks
}

func (d *directory) rootLimit() int { return (d.block - 32 - d.indexTail()) / 8 }
func (d *directory) nodeLimit() int { return (d.block - 8 - d.indexTail()) / 8 }
func (d *directory) indexTail() int {
	if d.sums {
		return 8
	}
	return 0
}

// root encodes struct dx_root: the dots, a description, then keys and blocks.
func (d *directory) root(keys, blocks []uint32, levels uint8) []byte {
	raw := make([]byte, d.block)
	dots := d.dots()
	putDirent(raw, dots[0], 12)
	putDirent(raw[12:], dots[1], d.block-12)
	raw[28], raw[29], raw[30] = hashHalfMD4, 8, levels
	d.fill(raw, 32, d.rootLimit(), keys, blocks)
	return raw
}

// node encodes struct dx_node: an empty entry over the block, keys and blocks.
func (d *directory) node(keys, blocks []uint32) []byte {
	raw := make([]byte, d.block)
	putDirent(raw, dirent{}, d.block)
	d.fill(raw, 8, d.nodeLimit(), keys, blocks)
	return raw
}

// fill writes the entries from an offset on: the first has limit and count in the
// place of its key. The checksum stands behind the last possible entry.
func (d *directory) fill(raw []byte, at, limit int, keys, blocks []uint32) {
	for i := range keys {
		binary.LittleEndian.PutUint32(raw[at+8*i:], keys[i])
		binary.LittleEndian.PutUint32(raw[at+8*i+4:], blocks[i])
	}
	binary.LittleEndian.PutUint16(raw[at:], uint16(limit))
	binary.LittleEndian.PutUint16(raw[at+2:], uint16(len(keys)))
	if d.sums {
		tail := at + 8*limit
		sum := crc(d.seed, raw[:at+8*len(keys)])
		binary.LittleEndian.PutUint32(raw[tail+4:], crc(sum, raw[tail:tail+8]))
	}
}
