package lzma2

import (
	"encoding/binary"
	"math/bits"

	"github.com/fimg/fimg/formats/internal/memory"
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
type finder struct {
	in    []byte
	base  uint32
	nice  int
	depth int
	hash2 [1 << hash2Bits]uint32
	hash3 [1 << hash3Bits]uint32
	hash4 [1 << hash4Bits]uint32
	sons  []byte // two entries of four bytes for each position of the window
	found [64]match
}

func (f *finder) reset(in []byte) {
	if f.sons == nil {
		f.sons = memory.Huge(8 * window)
	}
	f.base += uint32(len(f.in)) + window
	if f.base > 1<<30 || f.base == window {
		f.hash2, f.hash3, f.hash4 = [1 << hash2Bits]uint32{}, [1 << hash3Bits]uint32{}, [1 << hash4Bits]uint32{}
		f.base = window
	}
	f.in = in
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

// find enters the position and returns the matches there, each longer than the
// one before and the nearest of its length. Lengths end at nice.
func (f *finder) find(at int) []match {
	limit := min(f.nice, len(f.in)-at)
	if limit < 4 {
		return nil
	}
	seq := load32(f.in, at)
	cur := uint32(at) + f.base
	h2, h3, h4 := hash(seq<<16, hash2Bits), hash(seq<<8, hash3Bits), hash(seq, hash4Bits)
	m2, m3, m4 := f.hash2[h2], f.hash3[h3], f.hash4[h4]
	f.hash2[h2], f.hash3[h3], f.hash4[h4] = cur, cur, cur

	found := f.found[:0]
	best := 1
	if cur-m2 < window && load16(f.in, int(m2-f.base)) == uint16(seq) {
		best = extend(f.in, int(m2-f.base), at, 2, limit)
		found = append(found, match{uint32(best), cur - m2 - 1})
	}
	if m3 != m2 && cur-m3 < window && load32(f.in, int(m3-f.base))<<8 == seq<<8 {
		if n := extend(f.in, int(m3-f.base), at, 3, limit); n > best {
			best = n
			found = append(found, match{uint32(best), cur - m3 - 1})
		}
	}
	if best >= limit {
		f.tree(cur, m4, at, limit, limit, nil)
		return found
	}
	return f.tree(cur, m4, at, limit, max(best, 3), found)
}

func load16(b []byte, i int) uint16 { return binary.LittleEndian.Uint16(b[i:]) }

// skip enters positions without searching.
func (f *finder) skip(at, n int) {
	for ; n > 0; n-- {
		limit := min(f.nice, len(f.in)-at)
		if limit < 4 {
			return
		}
		seq := load32(f.in, at)
		cur := uint32(at) + f.base
		h4 := hash(seq, hash4Bits)
		m4 := f.hash4[h4]
		f.hash2[hash(seq<<16, hash2Bits)], f.hash3[hash(seq<<8, hash3Bits)], f.hash4[h4] = cur, cur, cur
		f.tree(cur, m4, at, limit, limit, nil)
		at++
	}
}

// tree walks the tree that begins at m, making cur its new root, and adds the
// matches longer than best to found. In sons, the root of the smaller subtree
// comes first.
func (f *finder) tree(cur, m uint32, at, limit, best int, found []match) []match {
	const mask = 8*window - 1
	in, sons := f.in, f.sons[:8*window]
	small, large := cur<<3&mask, cur<<3&mask+4 // where the next smaller and larger subtree go
	smallLen, largeLen := 0, 0
	y := in[at : at+limit]
	for depth := f.depth; depth > 0 && cur-m < window; depth-- {
		pair := m << 3 & mask
		both := binary.LittleEndian.Uint64(sons[pair:])
		n := min(smallLen, largeLen)
		i := int(m - f.base)
		x := in[i : i+limit]
		if n < len(x) && n < len(y) && x[n] == y[n] {
			n = extend(in, i, at, n+1, limit)
			if n > best {
				best = n
				found = append(found, match{uint32(n), cur - m - 1})
			}
			if n >= limit {
				put32(sons, small, uint32(both))
				put32(sons, large, uint32(both>>32))
				return found
			}
		}
		if x[n] < y[n] {
			put32(sons, small, m)
			small, smallLen = pair+4, n
			m = uint32(both >> 32)
		} else {
			put32(sons, large, m)
			large, largeLen = pair, n
			m = uint32(both)
		}
	}
	put32(sons, small, 0)
	put32(sons, large, 0)
	return found
}

func put32(b []byte, i, v uint32) { binary.LittleEndian.PutUint32(b[i:], v) }
