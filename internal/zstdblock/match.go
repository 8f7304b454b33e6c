package zstdblock

import (
	"math/bits"

	"github.com/fimg/fimg/internal/le"
)

const (
	hashBits  = 13
	hashPrime = 227718039650203 // of libzstd, for six bytes
	minMatch  = 4               // what a match has at least
	minInput  = 16              // below that nothing is searched for
	wild      = 32              // what copies of literals write at once
	maxSeqs   = MaxBlock / minMatch

	// After so many bits of bytes without a match the search goes on in
	// longer steps.
	patience = 6
)

// Fields of a packed sequence: literals before the match (17 bits), length of the
// match over three (17 bits), offset as it is coded (18 bits).
const (
	lengthShift = 17
	offsetShift = 34
	lengthMask  = 1<<17 - 1
	repeatFirst = 1 // offset code for the latest offset, or after no literals the one before
	offsetAdd   = 3
)

// finder splits a block into literals and sequences.
type finder struct {
	table         [1 << hashBits]uint32 // where a hash was seen last
	literalCount  int
	sequenceCount int
	literals      [MaxBlock + wild]byte
	sequences     [maxSeqs]uint64
}

// hash6 is of the lower six bytes of v.
func hash6(v uint64) uint64 { return v << 16 * hashPrime >> (64 - hashBits) }

// find splits src. The table begins with zeros, which are a place like any other.
func (f *finder) find(src []byte) {
	clear(f.table[:])
	anchor := f.search(src)
	f.literalCount += copy(f.literals[f.literalCount:], src[anchor:])
}

// findSlow is the match finder of libzstd's strategy "fast": two positions a turn are
// looked up by a hash of six bytes, the latest offset is tried two bytes ahead.
// Like search it returns where the literals at the end begin.
//
// All loads are of eight bytes at places below or at last, the start of the last
// eight bytes of src, or before the place searched at.
func (f *finder) findSlow(src []byte) int {
	f.literalCount, f.sequenceCount = 0, 0
	last := len(src) - 8
	stop := last - 4 // so that a match found has eight bytes behind its first four
	at, anchor, rep1, rep2 := 1, 0, 1, 4
	for at < stop {
		searched, place, found := f.next(src, at, rep1, stop)
		if searched >= stop {
			return anchor
		}
		n := back(src, place, found, anchor)
		length := length4(src, place, found, last) + n
		place, found = place-n, found-n
		f.literal(src, anchor, place)
		offset := place - found
		code := uint64(repeatFirst)
		if offset != rep1 || place == anchor {
			rep1, rep2 = offset, rep1
			code = uint64(offset + offsetAdd)
		}
		f.sequence(place-anchor, length, code)
		at = place + length
		if at < stop {
			f.table[hash6(le.Load64(src, searched+2))] = uint32(searched + 2)
			f.table[hash6(le.Load64(src, at-2))] = uint32(at - 2)
			at, rep1, rep2 = f.repeats(src, at, rep1, rep2, stop)
		}
		anchor = at
	}
	return anchor
}

// next searches from a place on and returns where it was when it found four bytes
// at place that are at found, too; stop or more when it found none before.
func (f *finder) next(src []byte, at, rep, stop int) (searched, place, found int) {
	table := &f.table
	step, next := 3, at+1<<patience
	for at < stop {
		v := le.Load64(src, at)
		h0, h1 := hash6(v), hash6(v>>8)
		c0 := int(table[h0])
		table[h0] = uint32(at)
		c1 := int(table[h1])
		table[h1] = uint32(at + 1)
		switch {
		case le.Load32(src, at+2-rep) == uint32(v>>16):
			return at, at + 2, at + 2 - rep
		case le.Load32(src, c0) == uint32(v):
			return at, at, c0
		case le.Load32(src, c1) == uint32(v>>8):
			return at, at + 1, c1
		}
		at += step
		if at >= next {
			step++
			next += 1 << patience
		}
	}
	return at, 0, 0
}

// repeats takes matches with the offset before the latest as long as one follows
// another, and returns where they end and the latest offsets.
func (f *finder) repeats(src []byte, at, rep1, rep2, stop int) (end, latest, before int) {
	for at < stop {
		v := le.Load64(src, at)
		if uint32(v) != le.Load32(src, at-rep2) {
			break
		}
		length := length4(src, at, at-rep2, len(src)-8)
		rep1, rep2 = rep2, rep1
		f.table[hash6(v)] = uint32(at)
		f.sequence(0, length, repeatFirst)
		at += length
	}
	return at, rep1, rep2
}

// sequence adds a sequence of so many literals and a match of a length.
func (f *finder) sequence(literals, length int, offset uint64) {
	f.sequences[f.sequenceCount] = uint64(literals) | uint64(length-3)<<lengthShift | offset<<offsetShift
	f.sequenceCount++
}

// literal takes the bytes between two places.
func (f *finder) literal(src []byte, from, to int) {
	n := to - from
	if n <= wild && from <= len(src)-wild {
		le.Store64(f.literals[:], f.literalCount, le.Load64(src, from))
		le.Store64(f.literals[:], f.literalCount+8, le.Load64(src, from+8))
		le.Store64(f.literals[:], f.literalCount+16, le.Load64(src, from+16))
		le.Store64(f.literals[:], f.literalCount+24, le.Load64(src, from+24))
	} else {
		copy(f.literals[f.literalCount:], src[from:to])
	}
	f.literalCount += n
}

// matchLength is how many bytes at a and, before it, at b are the same.
func matchLength(src []byte, a, b, last int) int {
	from := a
	for a <= last {
		if x := le.Load64(src, a) ^ le.Load64(src, b); x != 0 {
			return a - from + bits.TrailingZeros64(x)>>3
		}
		a, b = a+8, b+8
	}
	for a < len(src) && src[a] == src[b] {
		a, b = a+1, b+1
	}
	return a - from
}

// back is how many bytes before two places, down to anchor, are the same, as far
// as one word tells.
func back(src []byte, place, found, anchor int) int {
	if found < 8 {
		if found > 0 && place > anchor && src[place-1] == src[found-1] {
			return 1
		}
		return 0
	}
	x := le.Load64(src, place-8) ^ le.Load64(src, found-8)
	return min(place-anchor, bits.LeadingZeros64(x)>>3)
}

// length4 is the length of a match known to have four bytes.
func length4(src []byte, a, b, last int) int {
	if a+12 <= last {
		x := le.Load64(src, a+4) ^ le.Load64(src, b+4)
		y := le.Load64(src, a+12) ^ le.Load64(src, b+12)
		base := 4
		if x == 0 {
			x = y
			base = 12
		}
		if x != 0 {
			return base + bits.TrailingZeros64(x)>>3
		}
		return 20 + matchLength(src, a+20, b+20, last)
	}
	return 4 + matchLength(src, a+4, b+4, last)
}
