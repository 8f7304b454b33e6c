// Package units packs a disk in units of 64 KiB, each a raw deflate stream
// (RFC 1951) of its own. qcow2's clusters and VMDK's grains of the default size
// have that form in common, and boxes hold the one or the other: of the formats
// made side by side, only the first to come to a unit packs it.
package units

import (
	"bytes"
	"sync"

	"github.com/fimg/fimg/formats/compress/deflate"
	"github.com/fimg/fimg/formats/disk"
)

// Size of a unit in bytes, before it is packed.
const Size = 64 << 10

// Packer packs chunks; it is safe for concurrent use, the zero value is ready.
type Packer struct{ free sync.Pool }

// encoder is one worker's tables and the place it packs into.
type encoder struct {
	deflate deflate.Encoder
	out     []byte
}

// table is what is known of a chunk's units, shared by the packers of all
// writers.
type table [disk.ChunkSize / Size]unit

type unit struct {
	mu     sync.Mutex
	isDone bool
	packed []byte
}

// key is the name of the table among what writers share of a chunk.
type key struct{}

// Chunk returns the packed units of a chunk, nil for those that hold only zeros;
// the last one of a disk is filled up with zeros. What does not shrink is longer
// than Size. The slices are shared and must not be changed.
//
// Packers that are given one chunk at the same time divide it among themselves.
func (p *Packer) Chunk(c *disk.Chunk) [][]byte {
	t := c.Shared(key{}, func() any { return new(table) }).(*table)
	n := (len(c.Data) + Size - 1) / Size
	for i := range n {
		if u := &t[i]; u.mu.TryLock() {
			p.pack(u, c.Data, i*Size)
			u.mu.Unlock()
		}
	}
	out := make([][]byte, n)
	for i := range out {
		u := &t[i]
		u.mu.Lock() // waits for whoever packs it
		p.pack(u, c.Data, i*Size)
		out[i] = u.packed
		u.mu.Unlock()
	}
	return out
}

// pack packs a unit that is not packed yet.
func (p *Packer) pack(u *unit, data []byte, at int) {
	if u.isDone {
		return
	}
	u.isDone = true
	data = data[at:min(at+Size, len(data))]
	if disk.IsZero(data) {
		return
	}
	if len(data) < Size {
		data = append(bytes.Clone(data), make([]byte, Size-len(data))...)
	}
	e, ok := p.free.Get().(*encoder)
	if !ok {
		e = &encoder{}
	}
	e.out = e.deflate.Encode(e.out[:0], data, 0, deflate.Fast, deflate.Final)
	u.packed = bytes.Clone(e.out)
	p.free.Put(e)
}
