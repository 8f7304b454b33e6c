package xfs

import (
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/fimg/fimg/tree"
)

// located is where the entry with a hash lies, in units of eight bytes.
type located struct{ hash, address uint32 }

// dirBlocks is a directory in blocks on its way to the disk.
type dirBlocks struct {
	*plan
	dir    *inode
	places map[int64]int64 // physical blocks by logical ones
	put    func(raw []byte, at int64) error
	hashes []located
	rooms  []uint16 // the largest free piece of each block of entries
}

// writeDir gives put the blocks of a directory with their places.
func (p *plan) writeDir(i *inode, put func(raw []byte, at int64) error) error {
	d := &dirBlocks{plan: p, dir: i, places: map[int64]int64{}, put: put}
	for _, r := range i.runs {
		for n := range r.Count {
			d.places[r.Logical+n] = r.Physical + n
		}
	}
	if i.shape.leaves == 0 {
		raw, end := d.entries()
		return d.only(raw, end)
	}
	if err := d.allEntries(); err != nil {
		return err
	}
	if i.shape.free == 0 {
		return d.leaf1()
	}
	if err := d.leaves(); err != nil {
		return err
	}
	return d.free()
}

// sealed writes a block with its checksum.
func (d *dirBlocks) sealed(raw []byte, checksum int, logical int64) error {
	return d.put(seal(raw, checksum), d.places[logical])
}

func (d *dirBlocks) blockHead(magic uint32, logical int64) []byte {
	return padded(blockHeader{Magic: magic, Block: uint64(d.places[logical] * perSector), UUID: d.opts.UUID, Inode: d.dir.number}, block)
}

// all are the entries with the directory itself and its parent.
func (d *dirBlocks) all() []entry {
	self, parent := entry{".", d.dir}, entry{"..", d.dir.parent}
	return append([]entry{self, parent}, d.dir.entries...)
}

// appendEntry encodes struct xfs_dir2_data_entry.
func (d *dirBlocks) appendEntry(raw []byte, at int, e entry, logical int64) int {
	binary.BigEndian.PutUint64(raw[at:], e.child.number)
	raw[at+8] = byte(len(e.name))
	copy(raw[at+9:], e.name)
	raw[at+9+len(e.name)] = fileType(e.child.node.Type())
	end := at + entrySize(len(e.name))
	binary.BigEndian.PutUint16(raw[end-2:], uint16(at))
	d.hashes = append(d.hashes, located{nameHash(e.name), uint32((logical*block + int64(at)) / 8)})
	return end
}

// entries encodes a directory whose entries fit into one block, up to end.
func (d *dirBlocks) entries() (raw []byte, end int) {
	raw, end = d.blockHead(dirBlockMagic, 0), dirHead
	for _, e := range d.all() {
		end = d.appendEntry(raw, end, e, 0)
	}
	return raw, end
}

// unused marks the bytes between at and end, and notes them as the largest free
// piece of the block.
func (d *dirBlocks) unused(raw []byte, at, end int) {
	d.rooms = append(d.rooms, uint16(end-at))
	if at == end {
		return
	}
	binary.BigEndian.PutUint16(raw[at:], 0xffff)
	binary.BigEndian.PutUint16(raw[at+2:], uint16(end-at))
	binary.BigEndian.PutUint16(raw[end-2:], uint16(at))
	binary.BigEndian.PutUint16(raw[48:], uint16(at))
	binary.BigEndian.PutUint16(raw[50:], uint16(end-at))
}

// only completes the only block of a directory: the hashes and their number are at
// its end.
func (d *dirBlocks) only(raw []byte, end int) error {
	d.sort()
	start := block - 8 - 8*len(d.hashes)
	d.unused(raw, end, start)
	putHashes(raw[start:], d.hashes)
	binary.BigEndian.PutUint32(raw[block-8:], uint32(len(d.hashes)))
	return d.sealed(raw, blockChecksum, 0)
}

func (d *dirBlocks) sort() {
	slices.SortFunc(d.hashes, func(a, b located) int {
		return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.address, b.address))
	})
}

func putHashes(raw []byte, list []located) {
	for i, l := range list {
		binary.BigEndian.PutUint32(raw[8*i:], l.hash)
		binary.BigEndian.PutUint32(raw[8*i+4:], l.address)
	}
}

// allEntries writes the blocks of entries.
func (d *dirBlocks) allEntries() error {
	logical, at := int64(0), dirHead
	raw := d.blockHead(dirDataMagic, 0)
	finish := func() error {
		d.unused(raw, at, block)
		return d.sealed(raw, blockChecksum, logical)
	}
	for _, e := range d.all() {
		if at+entrySize(len(e.name)) > block {
			if err := finish(); err != nil {
				return err
			}
			logical, at = logical+1, dirHead
			raw = d.blockHead(dirDataMagic, logical)
		}
		at = d.appendEntry(raw, at, e, logical)
	}
	d.sort()
	return finish()
}

func (d *dirBlocks) treeHead(h treeHeader, logical int64) []byte {
	h.Block, h.UUID, h.Inode = uint64(d.places[logical]*perSector), d.opts.UUID, d.dir.number
	return padded(h, block)
}

// leaf1 writes the only leaf, with the free room of all blocks at its end.
func (d *dirBlocks) leaf1() error {
	raw := d.treeHead(treeHeader{Magic: dirLeaf1Magic, Count: uint16(len(d.hashes))}, dirLeafStart)
	putHashes(raw[dirHead:], d.hashes)
	binary.BigEndian.PutUint32(raw[block-4:], uint32(len(d.rooms)))
	putRooms(raw[block-4-2*len(d.rooms):], d.rooms)
	return d.sealed(raw, treeChecksum, dirLeafStart)
}

func putRooms(raw []byte, rooms []uint16) {
	for i, n := range rooms {
		binary.BigEndian.PutUint16(raw[2*i:], n)
	}
}

// child is a block of the tree of hashes as its parent sees it.
type child struct {
	last    uint32 // hash
	logical int64
}

// leaves writes the leaves and the nodes above them. The root is the first block of
// the area.
func (d *dirBlocks) leaves() error {
	next := int64(dirLeafStart)
	if d.dir.shape.leaves > 1 {
		next++
	}
	var level []child
	for part := range slices.Chunk(d.hashes, hashesInLeaf) {
		h := siblings(next, len(level), d.dir.shape.leaves)
		h.Magic, h.Count = dirLeafNMagic, uint16(len(part))
		raw := d.treeHead(h, next)
		putHashes(raw[dirHead:], part)
		if err := d.sealed(raw, treeChecksum, next); err != nil {
			return err
		}
		level = append(level, child{part[len(part)-1].hash, next})
		next++
	}
	for depth, count := range d.dir.shape.nodes {
		var err error
		if level, err = d.nodes(level, &next, depth+1, count); err != nil {
			return err
		}
	}
	return nil
}

// siblings links a block, the index-th of count that follow each other.
func siblings(logical int64, index int, count int64) (h treeHeader) {
	if index > 0 {
		h.Previous = uint32(logical - 1)
	}
	if int64(index) < count-1 {
		h.Next = uint32(logical + 1)
	}
	return h
}

// nodes writes one level of nodes above another.
func (d *dirBlocks) nodes(below []child, next *int64, depth int, count int64) (level []child, err error) {
	for part := range slices.Chunk(below, hashesInLeaf) {
		at := *next
		if count == 1 {
			at = dirLeafStart
		} else {
			*next++
		}
		h := siblings(at, len(level), count)
		h.Magic, h.Count, h.Level = nodeMagic, uint16(len(part)), uint16(depth)
		raw := d.treeHead(h, at)
		for i, c := range part {
			putHashes(raw[dirHead+8*i:], []located{{c.last, uint32(c.logical)}})
		}
		if err := d.sealed(raw, treeChecksum, at); err != nil {
			return nil, err
		}
		level = append(level, child{part[len(part)-1].last, at})
	}
	return level, nil
}

// freeBlock is what struct xfs_dir3_free_hdr has behind the header of all blocks.
type freeBlock struct{ First, Valid, Used, _ uint32 }

// free writes the blocks that tell where there is room.
func (d *dirBlocks) free() error {
	logical, first := int64(dirFreeStart), 0
	for part := range slices.Chunk(d.rooms, roomsInFree) {
		raw := d.blockHead(dirFreeMagic, logical)
		n := uint32(len(part))
		_, _ = binary.Encode(raw[48:], binary.BigEndian, freeBlock{First: uint32(first), Valid: n, Used: n})
		putRooms(raw[dirHead:], part)
		if err := d.sealed(raw, blockChecksum, logical); err != nil {
			return err
		}
		logical, first = logical+1, first+len(part)
	}
	return nil
}

// linkHeader is struct xfs_dsymlink_hdr before a symbolic link with a block of its
// own.
type linkHeader struct {
	Magic, Offset, Bytes, Checksum uint32
	UUID                           [16]byte
	Inode, Block, LSN              uint64
}

const (
	linkMagic    = 0x58534c4d // XSLM
	linkHead     = 56
	linkChecksum = 12
)

// encodeLink is the block of a symbolic link.
func (p *plan) encodeLink(i *inode, at int64) []byte {
	raw := padded(linkHeader{Magic: linkMagic, Bytes: uint32(len(i.node.Target)), UUID: p.opts.UUID,
		Inode: i.number, Block: uint64(at * perSector)}, block)
	copy(raw[linkHead:], i.node.Target)
	return seal(raw, linkChecksum)
}

// isLong tells whether a symbolic link does not fit into its inode.
func (i *inode) isLong() bool {
	return i.node.Type() == tree.TypeLink && len(i.node.Target) > i.fork
}
