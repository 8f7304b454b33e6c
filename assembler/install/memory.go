package install

import (
	"context"
	"sync"

	"golang.org/x/sync/semaphore"
)

// Packages are unpacked into memory, from where they go into the tree and into
// the store: so nothing is read back. The memory comes in chunks that are used
// again; it is reserved in the order of the transaction, so a package that is
// waited for always has its share.
const (
	chunkSize = 256 << 10
	// memoryLimit bounds the contents in memory, in bytes. A package that is
	// larger goes through a file.
	memoryLimit = 64 << 20
)

// memory hands out chunks.
type memory struct {
	limit *semaphore.Weighted
	mu    sync.Mutex
	free  [][]byte
}

func newMemory() *memory { return &memory{limit: semaphore.NewWeighted(memoryLimit / chunkSize)} }

// chunks is the number of chunks that hold size bytes.
func chunks(size int64) int64 { return (size + chunkSize - 1) / chunkSize }

// reserve waits for room; take then returns the chunks.
func (m *memory) reserve(ctx context.Context, size int64) error {
	return m.limit.Acquire(ctx, chunks(size))
}

func (m *memory) unreserve(size int64) { m.limit.Release(chunks(size)) }

func (m *memory) take(size int64) [][]byte {
	n := int(chunks(size))
	out := make([][]byte, 0, n)
	m.mu.Lock()
	defer m.mu.Unlock()
	for range min(n, len(m.free)) {
		last := len(m.free) - 1
		out = append(out, m.free[last])
		m.free = m.free[:last]
	}
	for len(out) < n {
		out = append(out, make([]byte, chunkSize))
	}
	return out
}

// put takes chunks back.
func (m *memory) put(list [][]byte) {
	m.mu.Lock()
	m.free = append(m.free, list...)
	m.mu.Unlock()
	m.limit.Release(int64(len(list)))
}
