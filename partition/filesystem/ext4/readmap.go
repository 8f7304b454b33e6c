package ext4

import (
	"encoding/binary"
	"io"
	"slices"

	"github.com/fimg/fimg/tree"
)

// Limits of what a reader accepts.
const (
	maxExtents   = 1 << 22
	maxDirectory = 1 << 30 // bytes
)

// runs returns the blocks of an inode in order; blocks that are allocated but not
// written are holes.
func (fs *FS) runs(i *diskInode) ([]run, error) {
	e, a := &extentReader{fs: fs, inode: i}, &addressReader{fs: fs, inode: i}
	var err error
	if i.Flags&flagExtents != 0 {
		err = e.node(i.Block[:], -1)
	} else {
		err = a.read()
	}
	if err != nil {
		return nil, err
	}
	list := append(e.list, a.list...)
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

// addressReader walks the old block map.
type addressReader struct {
	fs      *FS
	inode   *diskInode
	list    []run
	logical int64 // next block of the file
	end     int64 // blocks the size reaches
	blocks  int64 // read: more than there are means a circle
}

// read reads the map as far as the size reaches.
func (a *addressReader) read() error {
	a.end = ceil(a.inode.size, a.fs.g.block)
	span := int64(1)
	for n := 0; n < 15 && a.logical < a.end; n++ {
		if n >= directBlocks {
			span *= a.fs.g.addresses()
		}
		if err := a.level(int64(binary.LittleEndian.Uint32(a.inode.Block[4*n:])), span); err != nil {
			return err
		}
	}
	return nil
}

// level reads what one address stands for: span blocks of the file.
func (a *addressReader) level(at, span int64) error {
	switch {
	case at == 0:
		a.logical += span
		return nil
	case span == 1:
		return a.add(at)
	}
	if a.blocks++; a.blocks > a.fs.g.blocks {
		return damaged("the map of inode %d contains itself", a.inode.number)
	}
	raw, err := a.fs.readBlock(at)
	if err != nil {
		return err
	}
	for n := 0; n < len(raw) && a.logical < a.end; n += 4 {
		if err := a.level(int64(binary.LittleEndian.Uint32(raw[n:])), span/a.fs.g.addresses()); err != nil {
			return err
		}
	}
	return nil
}

// add appends one block to the runs.
func (a *addressReader) add(at int64) error {
	defer func() { a.logical++ }()
	if n := len(a.list); n > 0 {
		if last := &a.list[n-1]; last.physical+last.count == at && last.logical+last.count == a.logical {
			last.count++
			return nil
		}
	}
	if len(a.list) >= maxExtents {
		return damaged("inode %d has too many pieces", a.inode.number)
	}
	a.list = append(a.list, run{a.logical, at, 1})
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
