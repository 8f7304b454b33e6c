package disk

import (
	"fmt"
	"io"
	"runtime"
	"sync"
)

// Mapper is an image that stores a disk in blocks of one size.
type Mapper interface {
	// Block fills buf with a block, or says that it holds only zeros. It is
	// called concurrently. Buf is shorter for the last block of the disk.
	Block(index int64, buf []byte) (zero bool, err error)
	// Next returns the first block at or after index that is stored, or -1.
	Next(index int64) (int64, error)
}

// Blocks makes a Source of a Mapper. Blocks of one call are read in parallel.
func Blocks(m Mapper, size, block int64) Source { return &blocks{m: m, size: size, block: block} }

type blocks struct {
	m           Mapper
	size, block int64
}

func (b *blocks) Size() int64 { return b.size }

func (b *blocks) Data() ([]Range, error) {
	var out []Range
	for i := int64(0); i*b.block < b.size; i++ {
		next, err := b.m.Next(i)
		if err != nil {
			return nil, err
		}
		if next < 0 || next*b.block >= b.size {
			break
		}
		i = next
		r := Range{Offset: i * b.block, Length: min(b.block, b.size-i*b.block)}
		if n := len(out); n > 0 && out[n-1].Offset+out[n-1].Length == r.Offset {
			out[n-1].Length += r.Length
			continue
		}
		out = append(out, r)
	}
	return out, nil
}

func (b *blocks) ReadAt(p []byte, at int64) (int, error) {
	if at < 0 || at >= b.size {
		return 0, io.EOF
	}
	n := int(min(int64(len(p)), b.size-at))
	if err := b.parallel(p[:n], at); err != nil {
		return 0, err
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// parallel reads the blocks that p touches.
func (b *blocks) parallel(p []byte, at int64) error {
	first, last := at/b.block, (at+int64(len(p))-1)/b.block
	workers := min(last-first+1, int64(runtime.GOMAXPROCS(0)))
	errs := make([]error, workers)
	var group sync.WaitGroup
	for w := range workers {
		group.Go(func() {
			for i := first + w; i <= last && errs[w] == nil; i += workers {
				errs[w] = b.one(p, at, i)
			}
		})
	}
	group.Wait()
	for _, err := range errs {
		if err != nil {
			return fmt.Errorf("read disk at %d: %w", at, err)
		}
	}
	return nil
}

// one copies what p, which begins at at, takes from block i.
func (b *blocks) one(p []byte, at, i int64) error {
	start := i * b.block
	size := min(b.block, b.size-start)
	from, to := max(start, at), min(start+size, at+int64(len(p)))
	part := p[from-at : to-at]
	buf := part
	if int64(len(part)) < size {
		buf = make([]byte, size)
	}
	zero, err := b.m.Block(i, buf)
	if err != nil {
		return err
	}
	if zero {
		clear(part)
		return nil
	}
	if int64(len(part)) < size {
		copy(part, buf[from-start:])
	}
	return nil
}
