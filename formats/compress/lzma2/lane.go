package lzma2

import (
	"encoding/binary"
	"math/bits"
)

// lanes is how many positions are entered together.
const lanes = 16

// sampleStep is the distance of positions entered where no matches are expected.
const sampleStep = 4

// lane is a position on its way through the tree of its hash. In sons the root
// of the smaller subtree comes first; small and large say where the next of each
// belongs, which has smallLen or largeLen bytes in common with the position.
type lane struct {
	at, best           int
	cur, m, m2, m3     uint32
	small, large       uint32
	smallLen, largeLen int
	depth              int    // nodes that may still be looked at
	both               uint64 // the sons of node m
	word               uint64 // what follows node m where the comparison goes on
	matches            int
	found              [nice + 1]match
}

// start looks the position up in the tables and makes it their latest.
func (l *lane) start(f *finder, at int) {
	seq := load32(f.in, at)
	l.at, l.cur = at, uint32(at)+f.base
	h2, h3, h4 := hash(seq<<16, hash2Bits), hash(seq<<8, hash3Bits), hash(seq, hash4Bits)
	l.m2, l.m3, l.m = f.hash2[h2], f.hash3[h3], f.hash4[h4]
	f.hash2[h2], f.hash3[h3], f.hash4[h4] = l.cur, l.cur, l.cur
}

// short looks at the latest positions with the same two and three bytes.
func (l *lane) short(f *finder) {
	l.matches, l.best = 0, 1
	seq := load32(f.in, l.at)
	if l.cur-l.m2 < window && load16(f.in, int(l.m2-f.base)) == uint16(seq) {
		l.add(extend(f.in, int(l.m2-f.base), l.at, 2, f.nice), l.m2)
	}
	if l.m3 != l.m2 && l.cur-l.m3 < window && load32(f.in, int(l.m3-f.base))<<8 == seq<<8 {
		if n := extend(f.in, int(l.m3-f.base), l.at, 3, f.nice); n > l.best {
			l.add(n, l.m3)
		}
	}
	l.best = max(l.best, 3)
}

func (l *lane) add(n int, m uint32) {
	l.best = n
	l.found[l.matches] = match{uint32(n), l.cur - m - 1}
	l.matches++
}

const sonsMask = 8*window - 1

// plant makes the position the new root of its tree; the walk from the old one
// splits that into what is smaller and what is larger.
func (l *lane) plant(f *finder) {
	l.small, l.large = l.cur<<3&sonsMask, l.cur<<3&sonsMask+4
	l.smallLen, l.largeLen = 0, 0
	l.depth = f.depth
	l.turn(f)
}

// turn goes to node m, unless the tree ends there.
func (l *lane) turn(f *finder) {
	if l.depth == 0 || l.cur-l.m >= window-lanes*sampleStep {
		l.end(f, 0)
		return
	}
	l.both = load64(f.sons[:], int(l.m<<3&sonsMask))
	l.word = load64(f.in, int(l.m-f.base)+min(l.smallLen, l.largeLen))
}

// end gives the last two places the sons of a node that needs no splitting.
func (l *lane) end(f *finder, both uint64) {
	put32(f.sons[:], l.small, uint32(both))
	put32(f.sons[:], l.large, uint32(both>>32))
	l.depth = 0
}

// step compares with node m and goes on to one of its sons.
func (l *lane) step(f *finder) {
	n := min(l.smallLen, l.largeLen)
	i := int(l.m - f.base)
	if d := l.word ^ load64(f.in, l.at+n); d != 0 {
		n += bits.TrailingZeros64(d) >> 3
	} else {
		n = extend(f.in, i, l.at, min(n+8, f.nice), f.nice)
	}
	if n > l.best {
		l.add(min(n, f.nice), l.m)
	}
	if n >= f.nice {
		l.end(f, l.both)
		return
	}
	l.depth--
	pair := l.m << 3 & sonsMask
	if f.in[i+n] < f.in[l.at+n] {
		put32(f.sons[:], l.small, l.m)
		l.small, l.smallLen = pair+4, n
		l.m = uint32(l.both >> 32)
	} else {
		put32(f.sons[:], l.large, l.m)
		l.large, l.largeLen = pair, n
		l.m = uint32(l.both)
	}
	l.turn(f)
}

func put32(b []byte, i, v uint32) { binary.LittleEndian.PutUint32(b[i:], v) }
