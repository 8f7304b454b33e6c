package ext4

import (
	"encoding/binary"
	"io"
	"slices"

	"github.com/fimg/fimg/internal/tree"
)

// Limits of what a reader accepts.
const (
	maxExtents   = 1 << 22
	maxDirectory = 1 << 30 // bytes
)

// runs returns the blocks of an inode in order; blocks that are allocated but not
// written are holes.
func (fs *FS) runs(i *diskInode) ([]run, error) {
	var list []run
	var err error
	if i.Flags&flagExtents != 0 {
		e := &extentReader{fs: fs, inode: i}
		err = e.node(i.Block[:], -1)
		list = e.list
	} else {
		err = fs.addresses(i, &list)
	}
	if err != nil {
		return nil, err
	}
	for _, r := range list {
		if r.physical < fs.g.first || r.physical+r.count > fs.g.blocks {
			return nil, damaged("inode %d has blocks outside", i.number)
		}
	}
	return list, nil
}

// extentReader walks an extent tree. Extents must ascend, so that no tree can lead
// through the same block twice.
type extentReader struct {
	fs    *FS
	inode *diskInode
	list  []run
	next  int64 // first block of the file an extent may have
}

// node reads a node; depth is what its parent demands, negative for the root.
func (e *extentReader) node(raw []byte, depth int) error {
	var h extentHeader
	_, _ = binary.Decode(raw, binary.LittleEndian, &h)
	if h.Magic != extentMagic || h.Entries > h.Max || int(h.Max) > len(raw)/extentSize-1 || h.Depth > 5 ||
		depth >= 0 && (int(h.Depth) != depth || h.Entries == 0) {
		return damaged("extent tree of inode %d", e.inode.number)
	}
	for n := range int(h.Entries) {
		entry := raw[extentSize*(n+1):]
		if h.Depth == 0 {
			if err := e.extent(entry); err != nil {
				return err
			}
			continue
		}
		child := int64(binary.LittleEndian.Uint32(entry[4:])) | int64(binary.LittleEndian.Uint16(entry[8:]))<<32
		if err := e.block(child, int(h.Depth)-1); err != nil {
			return err
		}
	}
	return nil
}

// extent adds one extent; lengths above the greatest mark those not written.
func (e *extentReader) extent(entry []byte) error {
	r := run{logical: int64(binary.LittleEndian.Uint32(entry)), count: int64(binary.LittleEndian.Uint16(entry[4:])),
		physical: int64(binary.LittleEndian.Uint32(entry[8:])) | int64(binary.LittleEndian.Uint16(entry[6:]))<<32}
	written := r.count <= maxExtentLen
	if !written {
		r.count -= maxExtentLen
	}
	if r.count == 0 || r.logical < e.next || len(e.list) >= maxExtents {
		return damaged("extents of inode %d are empty, out of order or too many", e.inode.number)
	}
	e.next = r.logical + r.count
	if written {
		e.list = append(e.list, r)
	}
	return nil
}

// block reads a node outside the inode.
func (e *extentReader) block(at int64, depth int) error {
	raw, err := e.fs.readBlock(at)
	if err != nil {
		return err
	}
	if e.fs.sums() {
		tail := extentSize * (1 + int(binary.LittleEndian.Uint16(raw[4:])))
		if tail+4 > len(raw) || crc(e.inode.seed, raw[:tail]) != binary.LittleEndian.Uint32(raw[tail:]) {
			return damaged("checksum of an extent block of inode %d", e.inode.number)
		}
	}
	return e.node(raw, depth)
}

// addresses adds the runs of the old block map, as far as the size reaches.
func (fs *FS) addresses(i *diskInode, list *[]run) error {
	left := ceil(i.size, fs.g.block)
	logical := int64(0)
	add := func(at int64) error {
		if n := len(*list); at != 0 {
			if n > 0 && (*list)[n-1].physical+(*list)[n-1].count == at && (*list)[n-1].logical+(*list)[n-1].count == logical {
				(*list)[n-1].count++
			} else if n >= maxExtents {
				return damaged("inode %d has too many pieces", i.number)
			} else {
				*list = append(*list, run{logical, at, 1})
			}
		}
		logical++
		return nil
	}
	read := int64(0)
	var level func(at, span int64) error
	level = func(at, span int64) error {
		if at == 0 {
			logical += span
			return nil
		}
		if read++; read > fs.g.blocks {
			return damaged("the map of inode %d contains itself", i.number)
		}
		raw, err := fs.readBlock(at)
		if err != nil {
			return err
		}
		for n := 0; n < len(raw) && logical < left; n += 4 {
			child := int64(binary.LittleEndian.Uint32(raw[n:]))
			if span == fs.g.addresses() {
				err = add(child)
			} else {
				err = level(child, span/fs.g.addresses())
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
	for n := 0; n < directBlocks && logical < left; n++ {
		if err := add(int64(binary.LittleEndian.Uint32(i.Block[4*n:]))); err != nil {
			return err
		}
	}
	span := fs.g.addresses()
	for n := directBlocks; n < 15 && logical < left; n++ {
		if err := level(int64(binary.LittleEndian.Uint32(i.Block[4*n:])), span); err != nil {
			return err
		}
		span *= fs.g.addresses()
	}
	return nil
}

// openFile is the content of an inode.
type openFile struct {
	fs   *FS
	size int64
	runs []run
}

func (f *openFile) Close() error { return nil }

// Data implements tree.File.
func (f *openFile) Data() ([]tree.Range, error) {
	var list []tree.Range
	for _, r := range f.runs {
		at := r.logical * f.fs.g.block
		end := min(f.size, (r.logical+r.count)*f.fs.g.block)
		if n := len(list); n > 0 && list[n-1].Offset+list[n-1].Length == at {
			list[n-1].Length = end - list[n-1].Offset
		} else if end > at {
			list = append(list, tree.Range{Offset: at, Length: end - at})
		}
	}
	return list, nil
}

// ReadAt implements io.ReaderAt; holes read as zero.
func (f *openFile) ReadAt(p []byte, at int64) (int, error) {
	if at < 0 || at >= f.size {
		return 0, io.EOF
	}
	short := int64(len(p)) > f.size-at
	p = p[:min(int64(len(p)), f.size-at)]
	clear(p)
	block := f.fs.g.block
	first, _ := slices.BinarySearchFunc(f.runs, at/block, func(r run, b int64) int {
		if r.logical+r.count <= b {
			return -1
		}
		return 1
	})
	for _, r := range f.runs[first:] {
		from, to := max(at, r.logical*block), min(at+int64(len(p)), (r.logical+r.count)*block)
		if from >= to {
			break
		}
		if _, err := f.fs.r.ReadAt(p[from-at:to-at], r.physical*block+from-r.logical*block); err != nil {
			return int(from - at), err
		}
	}
	if short {
		return len(p), io.EOF
	}
	return len(p), nil
}
