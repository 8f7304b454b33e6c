package lzma2

import (
	"encoding/binary"
	"math/bits"

	"github.com/fimg/fimg/internal/memory"
)

const (
	hash2Bits = 10
	hash3Bits = 16
	hash4Bits = 20

	windowBits = 23
	window     = 1 << windowBits // distance that matches may reach
)

func log2(v uint32) uint32 { return uint32(bits.Len32(v)) - 1 }

// match is an earlier occurrence: its length and its distance less one.
type match struct{ length, dist uint32 }

// finder finds matches with a binary tree for each hash of four bytes, sorted by
// what follows, and tables for two and three bytes. Positions are biased by base
// so that entries of earlier inputs lie out of the window.
//
// Walking a tree means waiting for memory at every node. Positions are therefore
// entered lanes at a time, ahead of the parse, and their trees walked in turns:
// trees of different hashes share nothing, so the waits overlap.
type finder struct {
	in    []byte
	base  uint32
	nice  int
	depth int
	*tables
	ahead [lanes]lane
	first int // the position of the first lane
	count int // lanes in use
}

// tables are the large part of a finder.
type tables struct {
	hash2 [1 << hash2Bits]uint32
	hash3 [1 << hash3Bits]uint32
	hash4 [1 << hash4Bits]uint32
	sons  [8 * window]byte // two entries of four bytes for each position of the window
}

func (f *finder) reset(in []byte) {
	if f.tables == nil {
		f.tables = memory.New[tables]()
	}
	f.base += uint32(len(f.in)) + window
	if f.base > 1<<30 || f.base == window {
		clear(f.hash2[:])
		clear(f.hash3[:])
		clear(f.hash4[:])
		f.base = window
	}
	f.in, f.first, f.count = in, 0, 0
}

func load32(b []byte, i int) uint32 { return binary.LittleEndian.Uint32(b[i:]) }

func hash(v uint32, width int) uint32 { return v * 0x9e3779b1 >> (32 - width) }

// extend returns the length of the match between a and b, of which n bytes are
// known to be equal, at most limit.
func extend(in []byte, a, b, n, limit int) int {
	x, y := in[a:a+limit], in[b:b+limit]
	for n+8 <= len(y) && n+8 <= len(x) {
		if d := binary.LittleEndian.Uint64(x[n:]) ^ binary.LittleEndian.Uint64(y[n:]); d != 0 {
			return n + bits.TrailingZeros64(d)>>3
		}
		n += 8
	}
	for n < len(y) && n < len(x) && x[n] == y[n] {
		n++
	}
	return n
}

func load16(b []byte, i int) uint16 { return binary.LittleEndian.Uint16(b[i:]) }
func load64(b []byte, i int) uint64 { return binary.LittleEndian.Uint64(b[i:]) }

// find returns the matches at a position, each longer than the one before and
// the nearest of its length. Lengths end at nice. Positions are asked for in
// ascending order; the last few of the input have none.
func (f *finder) find(at int) []match {
	if at >= f.first+f.count {
		f.enter(at, 1)
	}
	if i := at - f.first; i < f.count {
		l := &f.ahead[i]
		return l.found[:l.matches]
	}
	return nil
}

// skip enters positions without asking for matches.
func (f *finder) skip(at, n int) {
	end := at + n
	for at = max(at, f.first+f.count); at < end; at = f.first + f.count {
		if f.enter(at, 1); f.count == 0 {
			return
		}
	}
}

// sample enters one position of every sampleStep up to end, enough to find a long
// repetition of them: content lies at such offsets in disks and archives.
func (f *finder) sample(at, end int) {
	at = (max(at, f.first+f.count) + sampleStep - 1) &^ (sampleStep - 1)
	for ; at+lanes*sampleStep+f.nice+8 <= end; at += lanes * sampleStep {
		f.enter(at, sampleStep)
	}
	f.count = 0
}

// enter puts the next positions, so far apart, into the tables and trees.
func (f *finder) enter(at, apart int) {
	f.first, f.count = at, max(0, min(lanes, len(f.in)-at-f.nice-8))
	list := f.ahead[:f.count]
	for i := range list {
		list[i].start(f, at+i*apart)
	}
	done, span := 0, uint32(lanes*apart)
	for i := range list {
		l := &list[i]
		l.short(f)
		if l.m-list[0].cur < span { // the tree of a lane that is not done
			f.walk(list[done:i])
			done = i
		}
		l.plant(f)
	}
	f.walk(list[done:])
}

// walk walks the trees of lanes in turns until all are done.
func (f *finder) walk(list []lane) {
	for busy := true; busy; {
		busy = false
		for i := range list {
			if l := &list[i]; l.depth > 0 {
				l.step(f)
				busy = true
			}
		}
	}
}
