package deflate

import (
	"math/bits"

	"github.com/fimg/fimg/internal/le"
)

const (
	hash3Bits = 14
	hash4Bits = 16
)

// far is a distance beyond every window: the end of a chain.
const far = 0xffff

// matcher finds earlier occurrences: heads of chains by a hash of four bytes,
// the chains themselves, and the last occurrence by a hash of three bytes.
// Positions are biased by base so that entries of earlier inputs lie out of the
// window and need no clearing.
type matcher struct {
	base  int32
	size  int32 // of the current input
	hash3 [1 << hash3Bits]int32
	hash4 [1 << hash4Bits]int32
	prev  [window]uint16 // distance to the one before in the chain
}

func (m *matcher) reset(size int) {
	if m.base += m.size + window; m.base > 1<<30 || m.base == window {
		m.hash3 = [1 << hash3Bits]int32{}
		m.hash4 = [1 << hash4Bits]int32{}
		m.base = window
	}
	m.size = int32(size)
}

func hash(seq uint32, width int) uint32 { return seq * 0x1e35a7bd >> (32 - width) }

func log2(n int) int { return bits.Len32(uint32(n)) }

// skip enters the positions from at to end without searching.
func (m *matcher) skip(in []byte, at, end int) {
	for end = min(end, len(in)-3); at < end; at++ {
		seq := le.Load32(in, at)
		cur := int32(at) + m.base
		h4 := hash(seq, hash4Bits)
		m.hash3[hash(seq<<8, hash3Bits)] = cur
		m.prev[cur&(window-1)] = uint16(min(cur-m.hash4[h4], far))
		m.hash4[h4] = cur
	}
}

// find enters the position and returns the longest match that is longer than
// best, looking at depth candidates and stopping at a length of nice; the length
// is best when there is none.
//
// All loads are at the position or before it and end within most bytes of it:
// best is below most when a candidate is looked at.
func (m *matcher) find(in []byte, at, best, depth, nice int) (length, dist int) {
	if at+4 > len(in) {
		return best, 0
	}
	seq := le.Load32(in, at)
	cur := int32(at) + m.base
	h3, h4 := hash(seq<<8, hash3Bits), hash(seq, hash4Bits)
	short, cand := m.hash3[h3], m.hash4[h4]
	m.hash3[h3], m.hash4[h4] = cur, cur
	m.prev[cur&(window-1)] = uint16(min(cur-cand, far))

	limit := cur - window
	most := min(maxMatch, len(in)-at)
	nice = min(nice, most)
	from := int32(0)
	if best < minMatch && short > limit {
		if le.Load32(in, int(short-m.base))<<8 == seq<<8 {
			best, from = minMatch, short
		}
	}
	if best >= most {
		return best, 0
	}
	tail := le.Load32(in, at+max(best, 3)-3)
	for ; depth > 0 && cand > limit; depth-- {
		i := int(cand - m.base)
		if le.Load32(in, i+max(best, 3)-3) == tail && le.Load32(in, i) == seq {
			if n := extend(in, i, at, most); n > best {
				best, from = n, cand
				if n >= nice {
					break
				}
				tail = le.Load32(in, at+best-3)
			}
		}
		cand -= int32(m.prev[cand&(window-1)])
	}
	if from == 0 {
		return best, 0
	}
	return best, int(cur - from)
}

// extend returns the length of the match between i and at, at least 4 and at
// most most.
func extend(in []byte, i, at, most int) int {
	n := 4
	a, b := in[i:i+most], in[at:at+most]
	for n+8 <= len(b) {
		if x := le.Load64(a, n) ^ le.Load64(b, n); x != 0 {
			return n + bits.TrailingZeros64(x)>>3
		}
		n += 8
	}
	for n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}
