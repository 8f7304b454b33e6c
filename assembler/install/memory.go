package install

import (
	"context"
	"slices"
	"sync"

	outside "github.com/fimg/fimg/internal/memory"
)

// memoryLimit bounds the payloads and archives in memory, in bytes. A package that is larger
// goes through a file.
const memoryLimit = 96 << 20

// memory is where packages are unpacked, from where their files go into the tree
// and into the store: so nothing is read back. What was given back is used again
// first, while the processor still has it in its cache. Reserving is for one
// goroutine in the order of the transaction: a package that is waited for has its
// share.
type memory struct {
	mu    sync.Mutex
	space []byte
	used  []*region // in the order of their places
	freed chan struct{}
}

// region is a part of the memory.
type region struct {
	of         *memory
	start, end int
}

func newMemory() *memory { return &memory{freed: make(chan struct{}, 1)} }

// reserve waits for room for size bytes, at most memoryLimit.
func (m *memory) reserve(ctx context.Context, size int) (*region, error) {
	for {
		if r := m.find(size); r != nil {
			return r, nil
		}
		select {
		case <-m.freed:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// find takes the first gap that is large enough.
func (m *memory) find(size int) *region {
	m.mu.Lock()
	defer m.mu.Unlock()
	at, start := 0, 0
	for ; at < len(m.used) && m.used[at].start-start < size; at++ {
		start = m.used[at].end
	}
	if start+size > memoryLimit {
		return nil
	}
	r := &region{of: m, start: start, end: start + size}
	m.used = slices.Insert(m.used, at, r)
	return r
}

// bytes returns the memory of the region, with no content.
func (r *region) bytes() []byte {
	m := r.of
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.space == nil {
		m.space = outside.Huge(memoryLimit) // the kernel gives what is used
	}
	return m.space[r.start:r.start:r.end]
}

// release gives a region back.
func (r *region) release() {
	m := r.of
	m.mu.Lock()
	defer m.mu.Unlock()
	m.used = slices.DeleteFunc(m.used, func(other *region) bool { return other == r })
	select {
	case m.freed <- struct{}{}:
	default:
	}
}

// free ends the use of the memory: every region was given back.
func (m *memory) free() {
	m.mu.Lock()
	defer m.mu.Unlock()
	outside.Free(m.space)
	m.space = nil
}
