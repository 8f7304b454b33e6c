package btrfs

import "math/bits"

// LZO1X as the kernel describes its stream (Documentation/staging/lzo.rst), in the
// frame btrfs puts around it: a total length, and for every sector of input a
// length and a stream of its own; no length crosses a sector of output.

const (
	lzoHashBits   = 13
	lzoMinMatch   = 4
	lzoM2Distance = 2048
	lzoM3Distance = 16384
	lzoM4Distance = 49151
)

// lzoEncoder holds the positions of four-byte sequences.
type lzoEncoder struct {
	table [1 << lzoHashBits]uint16
}

// blocks appends the framed form of src.
func (l *lzoEncoder) blocks(dst, src []byte, sector int) []byte {
	start := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	for len(src) > 0 {
		n := min(sector, len(src))
		at := len(dst)
		dst = l.stream(append(dst, 0, 0, 0, 0), src[:n])
		le.PutUint32(dst[at:], uint32(len(dst)-at-4))
		src = src[n:]
		if left := sector - (len(dst)-start)%sector; left < 4 {
			dst = append(dst, make([]byte, left)...)
		}
	}
	le.PutUint32(dst[start:], uint32(len(dst)-start))
	return dst
}

// lzoStream is a stream being written. after is where the two bits are that can
// tell of up to three literals behind the last match; -1 before any match.
type lzoStream struct {
	dst   []byte
	after int
}

// stream appends one LZO1X stream with its end mark.
func (l *lzoEncoder) stream(dst, src []byte) []byte {
	clear(l.table[:])
	s := lzoStream{dst, -1}
	literal := 0
	for at := 0; at+lzoMinMatch < len(src); {
		from, n := l.match(src, at)
		if n == 0 {
			at += 1 + (at-literal)>>5
			continue
		}
		s.literals(src[literal:at])
		s.match(at-from, n)
		at += n
		literal = at
	}
	s.literals(src[literal:])
	return append(s.dst, 0x11, 0, 0)
}

// match looks for an earlier occurrence of what is at a position.
func (l *lzoEncoder) match(src []byte, at int) (from, n int) {
	v := le.Uint32(src[at:])
	slot := &l.table[v*2654435761>>(32-lzoHashBits)]
	from = int(*slot) - 1
	*slot = uint16(at + 1)
	if from < 0 || from >= at || at-from > lzoM4Distance || le.Uint32(src[from:]) != v {
		return 0, 0
	}
	return from, lzoMinMatch + common(src[from+lzoMinMatch:], src[at+lzoMinMatch:])
}

// common is the length of the common beginning of a and b, b being the shorter.
func common(a, b []byte) int {
	n := 0
	for ; len(b)-n >= 8; n += 8 {
		if x := le.Uint64(a[n:]) ^ le.Uint64(b[n:]); x != 0 {
			return n + bits.TrailingZeros64(x)>>3
		}
	}
	for n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

func (s *lzoStream) literals(b []byte) {
	switch n := len(b); {
	case n == 0:
		return
	case s.after < 0 && n <= 238:
		s.dst = append(s.dst, byte(17+n))
	case s.after >= 0 && n <= 3:
		s.dst[s.after] |= byte(n)
	default:
		s.length(0, n-3, 15)
	}
	s.dst = append(s.dst, b...)
}

// length appends an instruction whose low bits hold a length up to most, or zero
// and then the rest in bytes of 255.
func (s *lzoStream) length(code byte, n, most int) {
	if n <= most {
		s.dst = append(s.dst, code|byte(n))
		return
	}
	s.dst = append(s.dst, code)
	for n -= most; n > 255; n -= 255 {
		s.dst = append(s.dst, 0)
	}
	s.dst = append(s.dst, byte(n))
}

func (s *lzoStream) match(distance, n int) {
	switch {
	case n <= 8 && distance <= lzoM2Distance:
		d := distance - 1
		s.after = len(s.dst)
		s.dst = append(s.dst, byte((n-1)<<5|d&7<<2), byte(d>>3))
		return
	case distance <= lzoM3Distance:
		distance--
		s.length(0x20, n-2, 31)
	default:
		distance -= lzoM3Distance
		s.length(0x10|byte(distance>>14<<3), n-2, 7)
	}
	s.after = len(s.dst)
	s.dst = append(s.dst, byte(distance<<2), byte(distance>>6))
}
