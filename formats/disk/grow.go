package disk

import (
	"context"
	"iter"
	"slices"
)

// Grow returns the stream as that of a larger disk, for formats that only know
// certain sizes. What is added is a hole, but a GUID partition table gets its
// copy moved to the new end, so that the larger disk is as sound as the smaller
// one. A size that is not larger, or no multiple of a sector, changes the size
// alone. It replaces the stream it is called on.
func (s *Stream) Grow(size int64) *Stream {
	g := *s
	g.size = max(size, s.size)
	if t := s.table; t != nil && g.size > s.size && g.size%t.sector == 0 {
		g.patches = t.move(g.size)
	}
	return &g
}

// added are the ranges of data that patches bring.
func (s *Stream) added() []Range {
	if len(s.patches) == 0 {
		return nil
	}
	last := s.patches[len(s.patches)-1]
	return []Range{{Offset: last.at, Length: int64(len(last.data))}}
}

// grown yields the chunks with the patches in them.
func (s *Stream) grown(yield func(*Chunk, error) bool) {
	more := s.extra()
	for c, err := range s.shared() {
		for err == nil && len(more) > 0 && more[0] <= c.Offset {
			if at := more[0]; at < c.Offset && !yield(s.patched(nil, at), nil) {
				c.Release()
				return
			}
			more = more[1:]
		}
		if err == nil {
			c = s.patched(c, c.Offset)
		}
		if !yield(c, err) || err != nil {
			return
		}
	}
	for _, at := range more {
		if !yield(s.patched(nil, at), context.Cause(s.ctx)) {
			return
		}
	}
}

// extra are the offsets of the chunks that patches need beyond the old data.
func (s *Stream) extra() []int64 {
	var list []int64
	for _, r := range s.added() {
		for at := r.Offset &^ (ChunkSize - 1); at < r.Offset+r.Length; at += ChunkSize {
			list = append(list, at)
		}
	}
	return list
}

// patched returns the chunk at an offset with the patches in it; c is nil where
// the disk has a hole. A chunk that no patch touches stays as it is.
func (s *Stream) patched(c *Chunk, at int64) *Chunk {
	touches := func(p patch) bool { return p.at < at+ChunkSize && p.at+int64(len(p.data)) > at }
	if c != nil && !slices.ContainsFunc(s.patches, touches) {
		return c
	}
	out := &Chunk{Offset: at, Data: make([]byte, min(ChunkSize, s.size-at))}
	out.refs.Store(1)
	if c != nil {
		copy(out.Data, c.Data)
		c.Release()
	}
	for _, p := range s.patches {
		if touches(p) {
			from := max(p.at, at)
			copy(out.Data[from-at:], p.data[from-p.at:])
		}
	}
	return out
}

// Chunks yields the chunks that hold data, in ascending order; holes are never
// shown. The loop body must Release every chunk it is given. An error ends it.
func (s *Stream) Chunks() iter.Seq2[*Chunk, error] {
	if len(s.patches) > 0 {
		return s.grown
	}
	return s.shared()
}
