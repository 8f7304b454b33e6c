package disk

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"

	"golang.org/x/sync/errgroup"
)

// Stream is one writer's view of the shared read.
type Stream struct {
	size    int64
	data    []Range
	ctx     context.Context
	in      chan *Chunk
	table   *table  // the disk's partition table, nil for none
	patches []patch // what a larger disk needs
}

// Size is the size of the disk in bytes.
func (s *Stream) Size() int64 { return s.size }

// Data returns the ranges that may hold something, widened to multiples of unit
// bytes and joined where they then touch. The last may end beyond the disk.
func (s *Stream) Data(unit int64) []Range {
	var out []Range
	for _, d := range s.all() {
		if d.Length == 0 {
			continue
		}
		from, to := d.Offset/unit*unit, (d.Offset+d.Length+unit-1)/unit*unit
		if n := len(out); n > 0 && from <= out[n-1].Offset+out[n-1].Length {
			out[n-1].Length = max(out[n-1].Length, to-out[n-1].Offset)
			continue
		}
		out = append(out, Range{Offset: from, Length: to - from})
	}
	return out
}

// all are the ranges of the disk with those that patches add, in order.
func (s *Stream) all() []Range {
	more := s.added()
	if len(more) == 0 {
		return s.data
	}
	list := append(slices.Clone(s.data), more...)
	slices.SortFunc(list, func(a, b Range) int { return cmp.Compare(a.Offset, b.Offset) })
	return list
}

// shared yields the chunks of the shared read.
func (s *Stream) shared() iter.Seq2[*Chunk, error] {
	return func(yield func(*Chunk, error) bool) {
		for {
			select {
			case <-s.ctx.Done():
				yield(nil, context.Cause(s.ctx))
				return
			case c, ok := <-s.in:
				if !ok || !yield(c, nil) {
					return
				}
			}
		}
	}
}

// Writer makes one output from a stream; it returns when that is complete.
type Writer func(ctx context.Context, s *Stream) error

// Options shape a shared read.
type Options struct {
	// Buffers is the number of chunks in flight; zero means 6 (12 MiB).
	Buffers int
	// Progress hears after each chunk how many bytes of data are read, of how
	// many. It may be nil.
	Progress func(done, total int64)
}

// Share reads the disk once, front to back, and feeds every writer. The first
// error cancels the others and is returned when all have stopped.
func Share(ctx context.Context, src Source, writers []Writer, opts Options) error {
	data, err := src.Data()
	if err != nil {
		return fmt.Errorf("read disk: %w", err)
	}
	if err := check(src.Size(), data); err != nil {
		return err
	}
	if opts.Buffers == 0 {
		opts.Buffers = 6
	}
	table := findTable(src)
	group, ctx := errgroup.WithContext(ctx)
	streams := make([]*Stream, len(writers))
	for i, w := range writers {
		s := &Stream{size: src.Size(), data: data, ctx: ctx, table: table, in: make(chan *Chunk, opts.Buffers)}
		streams[i] = s
		group.Go(func() error { return w(ctx, s) })
	}
	r := &reader{src: src, data: data, streams: streams, opts: opts}
	defer r.close()
	group.Go(func() error { return r.run(ctx) })
	return group.Wait()
}
