// Package lzma2 compresses whole buffers into LZMA2 streams (.xz file format,
// "LZMA2"; LZMA specification by Igor Pavlov): a binary-tree match finder over a
// window of 8 MiB and a parse that weighs the prices of the adaptive model, as
// "xz -6" does. The result depends on the buffer alone.
package lzma2

import "github.com/fimg/fimg/internal/memory"

// The effort. A match of nice bytes is taken without looking further; depth
// nodes of a tree are looked at; of a match taken at once the first and last
// passEdge positions are entered into the trees.
const (
	nice  = 40
	depth = 12

	passEdge = 12
)

// refreshEvery is how many symbols the prices are used before they are computed
// again.
const refreshEvery = 256

// The limits of an LZMA chunk in the format.
const (
	chunkPlain  = 1 << 21
	chunkPacked = 1 << 16
	chunkStored = 1 << 16
	symbolRoom  = 64 // more than a symbol can take
)

// Encoder holds the tables of one compressor, about 70 MiB. It is not safe for
// concurrent use; the zero value is ready. Close frees the tables.
type Encoder struct {
	// Drop, unless nil, hears every few MiB that the input before a position is
	// not read any more.
	Drop func(to int)
	// Stop, unless nil, is asked every few hundred symbols; when it returns an
	// error, Encode gives up at once and returns nothing.
	Stop func() error

	parser
	coder
	dst        []byte
	start      int // of the chunk
	first      bool
	needProps  bool
	needState  bool
	sinceFresh int
	dropped    int
}

// Close frees what the encoder holds; it may be used again after that.
func (e *Encoder) Close() {
	memory.Release(e.tables)
	e.finder = finder{}
}

// Dictionary is the size of the dictionary that a decoder needs.
const Dictionary = window

// Encode appends in as a complete LZMA2 stream, end marker included, to dst.
func (e *Encoder) Encode(dst, in []byte) []byte {
	e.dst, e.start, e.dropped = dst, 0, 0
	e.nice, e.depth = nice, depth
	e.first, e.needProps, e.needState = true, true, true
	e.parser.reset(in)
	e.begin()
	for at := 0; at < len(in); {
		if at == e.start && e.nextAt != at && e.dull(at) {
			end := min(at+chunkStored, len(in))
			e.sample(at, end)
			at = e.store(at, end)
			e.drop(at)
			continue
		}
		if e.sinceFresh >= refreshEvery {
			if e.Stop != nil && e.Stop() != nil {
				return nil
			}
			e.prices.refresh(&e.model)
			e.sinceFresh = 0
		}
		e.parse(&e.coder, at)
		e.sinceFresh += len(e.symbols)
		for _, s := range e.symbols {
			e.emit(in, at, s)
			at += int(s.length)
			if e.rc.size() > chunkPacked-symbolRoom || at-e.start > chunkPlain-maxLen {
				e.endChunk(at)
				e.drop(at)
			}
		}
	}
	e.endChunk(len(in))
	return append(e.dst, 0)
}

// dropStep is how often Drop is called, in bytes.
const dropStep = 2 << 20

// drop tells that matches from a position on do not reach back further.
func (e *Encoder) drop(at int) {
	if to := at - window; e.Drop != nil && to >= e.dropped+dropStep {
		e.dropped = to
		e.Drop(to)
	}
}

// begin prepares for a chunk, with a fresh model where one is needed.
func (e *Encoder) begin() {
	e.rc.reset()
	if e.needState {
		e.coder.reset()
		e.sinceFresh = refreshEvery
	}
}

// endChunk writes the chunk that ends at a position, packed or, where that does
// not make it smaller, stored.
func (e *Encoder) endChunk(at int) {
	size := at - e.start
	if size == 0 {
		return
	}
	e.rc.flush()
	if len(e.rc.out) >= size {
		e.store(e.start, at)
		return
	}
	control := byte(0x80)
	switch {
	case e.first:
		control |= 3 << 5
	case e.needProps:
		control |= 2 << 5
	case e.needState:
		control |= 1 << 5
	}
	packed := len(e.rc.out) - 1
	e.dst = append(e.dst, control|byte((size-1)>>16), byte((size-1)>>8), byte(size-1), byte(packed>>8), byte(packed))
	if e.first || e.needProps {
		e.dst = append(e.dst, propsByte)
	}
	e.dst = append(e.dst, e.rc.out...)
	e.first, e.needProps, e.needState = false, false, false
	e.start = at
	e.begin()
}

// store writes stored chunks from a position to another, which it returns.
func (e *Encoder) store(from, to int) int {
	for at := from; at < to; {
		n := min(to-at, chunkStored)
		control := byte(2)
		if e.first {
			control = 1
		}
		e.dst = append(append(e.dst, control, byte((n-1)>>8), byte(n-1)), e.in[at:at+n]...)
		e.first = false
		at += n
	}
	e.needState = true
	e.start = to
	e.begin()
	return to
}
