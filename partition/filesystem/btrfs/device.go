package btrfs

import (
	"io"
	"slices"
)

const mib = 1 << 20

// Places of the super block's copies that lie where chunks may be; the first is
// at 64 KiB, below all chunks. Chunks are kept away from the MiB that begins at a
// copy, so no block group has a hole in it.
var superCopies = []uint64{64 << 10, 64 << 20, 256 << 30}

type span struct{ start, end uint64 }

// chunk is a block group and where its stripes are on the device.
type chunk struct {
	logical, length uint64
	kind            uint64 // chunkData, chunkSystem, chunkMetadata, with chunkDup
	stripes         []uint64
	used            uint64 // allocated from the front
}

// device hands out chunks from the front of the device. Beyond its end it goes on
// handing out, so that the real need becomes known.
type device struct {
	size    uint64
	logical uint64 // where the next chunk goes
	free    []span
	chunks  []*chunk
	end     uint64 // of the last chunk on the device
	out     io.WriterAt
}

func newDevice(size uint64, out io.WriterAt) *device {
	d := &device{size: size, logical: mib, out: out}
	at := uint64(mib)
	for _, s := range superCopies[1:] {
		d.free = append(d.free, span{at, s})
		at = s + mib
	}
	d.free = append(d.free, span{at, 2 * maxSize})
	return d
}

func (d *device) overflown() bool { return d.end > d.size }

// take cuts length bytes out of the first free span that has them.
func (d *device) take(length uint64) uint64 {
	for i := range d.free {
		f := &d.free[i]
		if f.end-f.start >= length {
			at := f.start
			f.start += length
			d.end = max(d.end, f.start)
			return at
		}
	}
	return 2 * maxSize
}

// add makes a chunk of the length.
func (d *device) add(kind, length uint64) *chunk {
	c := &chunk{logical: d.logical, length: length, kind: kind}
	c.stripes = append(c.stripes, d.take(length))
	if kind&chunkDup != 0 {
		c.stripes = append(c.stripes, d.take(length))
	}
	d.logical += length
	d.chunks = append(d.chunks, c)
	return c
}

// addData makes a data chunk of at most limit bytes in the first free span, not
// reaching over the end of the device unless nothing else is left.
func (d *device) addData(limit uint64) *chunk {
	for _, f := range d.free {
		end := min(f.end, d.size&^(mib-1))
		if end > f.start && end-f.start >= mib {
			return d.add(chunkData, min(limit, end-f.start))
		}
	}
	return d.add(chunkData, limit)
}

// find returns the chunk that holds a logical address.
func (d *device) find(logical uint64) *chunk {
	i, found := slices.BinarySearchFunc(d.chunks, logical, func(c *chunk, at uint64) int {
		return order(c.logical, at)
	})
	if !found {
		i--
	}
	return d.chunks[i]
}

// write puts b at a logical address, in every copy.
func (d *device) write(logical uint64, b []byte) error {
	if d.out == nil || d.overflown() {
		return nil
	}
	c := d.find(logical)
	for _, s := range c.stripes {
		if _, err := d.out.WriteAt(b, int64(s+logical-c.logical)); err != nil {
			return err
		}
	}
	return nil
}

// used returns the bytes of the device that chunks cover.
func (d *device) allocated() uint64 {
	var n uint64
	for _, c := range d.chunks {
		n += c.length * uint64(len(c.stripes))
	}
	return n
}
