package btrfs

import (
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/fimg/fimg/tree"
)

// file is the content of one regular file. Its extents are read when it is opened.
type file struct {
	fs      *FS
	size    int64
	sums    bool
	extents []readExtent

	mu     sync.Mutex
	cached int // extent whose content plain holds, -1 for none
	plain  []byte
}

// readExtent is a piece of a file.
type readExtent struct {
	start, end int64 // in the file
	item       extentData
	inline     []byte
}

func (f *FS) open(ino *readInode) (tree.File, error) {
	c := &file{fs: f, size: ino.node.Size, sums: ino.item.Flags&inodeNoDataSum == 0, cached: -1}
	from, to := key{ino.at.num, typeExtentData, 0}, key{ino.at.num, typeExtentData, ^uint64(0)}
	err := f.scan(ino.at.vol, from, to, func(k key, b []byte) error {
		e, err := f.parseExtent(k.Offset, b)
		if err != nil {
			return err
		}
		if n := len(c.extents); n > 0 && e.start < c.extents[n-1].end {
			return corrupt("inode %d has overlapping extents", k.ObjectID)
		}
		c.extents = append(c.extents, e)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return c, nil
}

// parseExtent reads an EXTENT_DATA item.
func (f *FS) parseExtent(offset uint64, b []byte) (readExtent, error) {
	e := readExtent{start: int64(offset)}
	it := &e.item
	full := make([]byte, extentDataSize)
	inline := len(b) > 20 && b[20] == extentInline
	if len(b) < inlineHeader || (!inline && len(b) < extentDataSize) {
		return e, corrupt("file extent of %d bytes", len(b))
	}
	if inline {
		copy(full, b[:inlineHeader])
	} else {
		copy(full, b)
	}
	if _, err := binary.Decode(full, le, it); err != nil {
		return e, corrupt("file extent: %v", err)
	}
	if it.Encryption != 0 || it.Encoding != 0 || it.Compression > uint8(ZSTD) {
		return e, corrupt("file extent with unknown encoding")
	}
	length := it.NumBytes
	if inline {
		e.inline, length = slices.Clone(b[inlineHeader:]), it.RAMBytes
	}
	if it.Compression != 0 && it.RAMBytes > blockBytes {
		return e, corrupt("compressed extent of %d bytes", it.RAMBytes)
	}
	if offset > 1<<62 || length > 1<<62 || it.Offset > 1<<62 {
		return e, corrupt("file extent out of range")
	}
	e.end = e.start + int64(length)
	return e, nil
}

// hole tells whether an extent has no data.
func (e *readExtent) hole() bool {
	return e.inline == nil && (e.item.DiskBytenr == 0 || e.item.Type == extentPrealloc)
}

// Close implements tree.File.
func (c *file) Close() error { return nil }

// Data implements tree.File.
func (c *file) Data() ([]tree.Range, error) {
	var out []tree.Range
	for i := range c.extents {
		e := &c.extents[i]
		end := min(e.end, c.size)
		if e.hole() || e.start >= end {
			continue
		}
		if k := len(out); k > 0 && out[k-1].Offset+out[k-1].Length == e.start {
			out[k-1].Length = end - out[k-1].Offset
			continue
		}
		out = append(out, tree.Range{Offset: e.start, Length: end - e.start})
	}
	return out, nil
}

// ReadAt implements io.ReaderAt.
func (c *file) ReadAt(b []byte, at int64) (int, error) {
	if at < 0 {
		return 0, fmt.Errorf("read at negative offset %d", at)
	}
	n := int(max(0, min(int64(len(b)), c.size-at)))
	clear(b[:n])
	i, _ := slices.BinarySearchFunc(c.extents, at, func(e readExtent, at int64) int {
		if e.end <= at {
			return -1
		}
		return 1
	})
	for ; i < len(c.extents) && c.extents[i].start < at+int64(n); i++ {
		if c.extents[i].hole() {
			continue
		}
		if err := c.readExtent(i, b[:n], at); err != nil {
			return 0, err
		}
	}
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

// readExtent copies what an extent has for the range of b at an offset.
func (c *file) readExtent(i int, b []byte, at int64) error {
	e := &c.extents[i]
	from, to := max(at, e.start), min(at+int64(len(b)), e.end)
	dst := b[from-at : to-at]
	inside := from - e.start
	if e.inline == nil && e.item.Compression == 0 {
		return c.fs.readData(dst, e.item.DiskBytenr+e.item.Offset+uint64(inside), c.sums)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cached != i {
		plain, err := c.fs.expand(e, c.sums)
		if err != nil {
			return err
		}
		c.cached, c.plain = i, plain
	}
	inside += int64(e.item.Offset)
	if inside < int64(len(c.plain)) {
		copy(dst, c.plain[inside:])
	}
	return nil
}

// expand returns the content of an inline or compressed extent.
func (f *FS) expand(e *readExtent, sums bool) ([]byte, error) {
	raw := e.inline
	if raw == nil {
		if e.item.DiskBytes > 2*blockBytes {
			return nil, corrupt("compressed extent with %d bytes on disk", e.item.DiskBytes)
		}
		raw = make([]byte, e.item.DiskBytes)
		if err := f.readData(raw, e.item.DiskBytenr, sums); err != nil {
			return nil, err
		}
	}
	if e.item.Compression == 0 {
		return raw, nil
	}
	plain, err := f.decode.expand(Algo(e.item.Compression), raw, int(e.item.RAMBytes), int(f.super.SectorSize))
	if err != nil {
		return nil, corrupt("extent at %d: %v", e.item.DiskBytenr, err)
	}
	return plain, nil
}

// readData reads data at a logical address, verifying the checksums of all sectors
// it touches.
func (f *FS) readData(dst []byte, logical uint64, sums bool) error {
	sector := uint64(f.super.SectorSize)
	const step = 1 << 20
	for len(dst) > 0 {
		start := logical &^ (sector - 1)
		n := min(uint64(len(dst)), step-(logical-start))
		end := (logical + n + sector - 1) &^ (sector - 1)
		buf := make([]byte, end-start)
		if err := f.readSectors(buf, start, sums); err != nil {
			return err
		}
		copy(dst[:n], buf[logical-start:])
		dst, logical = dst[n:], logical+n
	}
	return nil
}

func (f *FS) readSectors(buf []byte, start uint64, sums bool) error {
	places, err := f.physical(start, uint64(len(buf)))
	if err != nil {
		return err
	}
	for _, at := range places {
		if _, err = f.r.ReadAt(buf, at); err != nil {
			err = fmt.Errorf("read btrfs data at %d: %w", start, err)
			continue
		}
		if !sums {
			return nil
		}
		if err = f.verify(buf, start); err == nil {
			return nil
		}
	}
	return err
}

// verify compares sectors with the checksum tree.
func (f *FS) verify(buf []byte, start uint64) error {
	sector, size := uint64(f.super.SectorSize), uint64(f.sum.size())
	sums, err := f.sumsOf(start, uint64(len(buf)))
	if err != nil {
		return err
	}
	var store [32]byte
	for i := uint64(0); i < uint64(len(buf))/sector; i++ {
		if string(f.sum.sum(store[:0], buf[i*sector:(i+1)*sector])) != string(sums[i*size:(i+1)*size]) {
			return corrupt("data at %d have a wrong checksum", start+i*sector)
		}
	}
	return nil
}

// sumsOf collects the checksums of a range; a sector without one is an error.
func (f *FS) sumsOf(start, length uint64) ([]byte, error) {
	sector, size := uint64(f.super.SectorSize), uint64(f.sum.size())
	out := make([]byte, length/sector*size)
	covered := uint64(0)
	span := uint64(f.super.NodeSize) / size * sector // of the longest item
	from := key{extentCsumID, typeExtentCsum, start - min(start, span)}
	err := f.scan(csumTreeID, from, key{extentCsumID, typeExtentCsum, start + length - 1}, func(k key, b []byte) error {
		lo, hi := max(k.Offset, start), min(k.Offset+uint64(len(b))/size*sector, start+length)
		if lo < hi && (lo-k.Offset)%sector == 0 {
			copy(out[(lo-start)/sector*size:(hi-start)/sector*size], b[(lo-k.Offset)/sector*size:])
			covered += hi - lo
		}
		return nil
	})
	if err == nil && covered != length {
		err = corrupt("data at %d have no checksum", start)
	}
	return out, err
}
