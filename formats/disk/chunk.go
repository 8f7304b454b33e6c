package disk

import (
	"bytes"
	"sync"
	"sync/atomic"
)

// ChunkSize is the unit of the shared read. It is a multiple of every format's
// own unit (qcow2 clusters, VHD blocks, VMDK grains), so that no writer ever
// needs to join chunks.
const ChunkSize = 2 << 20

// Chunk is an aligned piece of the disk. Data is shared by all writers and must
// not be changed; it has ChunkSize bytes, fewer in the last one of the disk.
type Chunk struct {
	Offset int64
	Data   []byte

	refs atomic.Int32
	free chan<- []byte // nil for a chunk of one writer alone

	mu     sync.Mutex
	shared map[any]any
}

// Shared returns what the first call with this key made of the chunk, so that
// writers need not do the same work twice. Make runs while others wait: it
// should be short.
func (c *Chunk) Shared(key any, make func() any) any {
	c.mu.Lock()
	defer c.mu.Unlock()
	v, ok := c.shared[key]
	if !ok {
		if c.shared == nil {
			c.shared = map[any]any{}
		}
		v = make()
		c.shared[key] = v
	}
	return v
}

// Release gives the chunk back; each writer calls it once for each chunk.
func (c *Chunk) Release() {
	if c.refs.Add(-1) == 0 && c.free != nil {
		c.free <- c.Data[:ChunkSize]
	}
}

var zeros [4096]byte

// IsZero tells whether b holds nothing but zeros.
func IsZero(b []byte) bool {
	for len(b) > len(zeros) {
		if !bytes.Equal(b[:len(zeros)], zeros[:]) {
			return false
		}
		b = b[len(zeros):]
	}
	return bytes.Equal(b, zeros[:len(b)])
}

// NonZero calls fn for the runs of b that hold something, at the granularity of
// unit bytes, with their offset in b. It stops at the first error.
func NonZero(b []byte, unit int, fn func(at int, run []byte) error) error {
	for at := 0; at < len(b); {
		end := at
		for end < len(b) && !IsZero(b[end:min(end+unit, len(b))]) {
			end = min(end+unit, len(b))
		}
		if end == at {
			at += unit
			continue
		}
		if err := fn(at, b[at:end]); err != nil {
			return err
		}
		at = end
	}
	return nil
}
