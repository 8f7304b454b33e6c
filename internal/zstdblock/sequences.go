package zstdblock

import (
	"encoding/binary"
	"math/bits"
)

// Modes of the tables of codes (RFC 8878, 3.1.1.3.2.1.1).
const (
	modePredefined = iota
	modeRLE
	modeCompressed
)

// Kinds of codes in the order of their tables.
const (
	literalCodes = iota
	offsetCodes
	matchCodes
)

// field is one kind of code.
type field struct {
	count   [64]uint32
	table   fseTable
	mode    int
	longest uint // bits of the largest table
	norm    [maxSymbols]int16
}

// coded is a sequence as the states see it.
type coded struct {
	extra  uint64 // bits beside the codes, as they are written
	codes  uint32 // of literals, match and offset, a byte each
	extras uint8  // bits in extra
	_      [3]byte
}

// sequenceCoder encodes sequences. They take eight bytes for every four of the
// input at most: states 26 bits, an offset 17, which leaves 21 for the lengths, and
// more extra bits than that only lengths of a thousand bytes and more have.
type sequenceCoder struct {
	fields [3]field
	coded  [maxSeqs]coded
	out    [maxSeqs*8 + 64]byte
}

// appendSequences appends a sequences section; false when that takes limit bytes.
func (c *sequenceCoder) appendSequences(dst []byte, list []uint64, limit int) ([]byte, bool) {
	at := len(dst)
	dst = appendCount(dst, len(list))
	if len(list) == 0 {
		return dst, len(dst)-at < limit
	}
	extra := c.codes(list)
	c.fields[literalCodes].longest, c.fields[matchCodes].longest, c.fields[offsetCodes].longest = 9, 9, 8
	modes := len(dst)
	dst = append(dst, 0)
	for i := range c.fields {
		f := &c.fields[i]
		dst = f.choose(dst, &standards[i], uint32(len(list)))
		dst[modes] |= byte(f.mode << (6 - 2*i))
	}
	if len(dst)-at+extra/8 >= limit {
		return dst, false
	}
	n := c.encode(len(list))
	dst = append(dst, c.out[:n]...)
	return dst, len(dst)-at < limit
}

// appendCount appends the number of sequences.
func appendCount(dst []byte, n int) []byte {
	switch {
	case n < 128:
		return append(dst, byte(n))
	case n < 0x7f00:
		return append(dst, byte(n>>8+128), byte(n))
	}
	return binary.LittleEndian.AppendUint16(append(dst, 255), uint16(n-0x7f00))
}

// codes finds the codes of all sequences, counts them and returns how many bits
// they need beside them.
func (c *sequenceCoder) codes(list []uint64) int {
	for i := range c.fields {
		c.fields[i].count = [64]uint32{}
	}
	return c.encodeCodes(list)
}

// codesSlow is what codes does with counts of zero.
func (c *sequenceCoder) codesSlow(list []uint64) int {
	lits, offs, matches := &c.fields[literalCodes].count, &c.fields[offsetCodes].count, &c.fields[matchCodes].count
	out := c.coded[:len(list)]
	sum := 0
	for i, s := range list {
		ll, ml, off := uint32(s&lengthMask), uint32(s>>lengthShift&lengthMask), uint32(s>>offsetShift)
		lc, mc := literalCode(ll), matchCode(ml)
		oc := uint32(bits.Len32(off)-1) & 63
		lb, mb, ob := uint(codesOf.literalBits[lc]), uint(codesOf.matchBits[mc]), uint(oc)
		lits[lc]++
		matches[mc]++
		offs[oc]++
		x := uint64(off) &^ (1 << ob)
		x = x<<(mb&63) | uint64(ml)&(1<<(mb&63)-1)
		x = x<<(lb&63) | uint64(ll)&(1<<(lb&63)-1)
		n := lb + mb + ob
		out[i] = coded{extra: x, codes: lc | mc<<8 | oc<<16, extras: uint8(n)}
		sum += int(n)
	}
	return sum
}

// literalCode is the code of a number of literals.
func literalCode(n uint32) uint32 {
	if n < 64 {
		return uint32(codesOf.literal[n])
	}
	return uint32(bits.Len32(n)-1+19) & 63
}

// matchCode is the code of a match's length over three.
func matchCode(n uint32) uint32 {
	if n < 128 {
		return uint32(codesOf.match[n])
	}
	return uint32(bits.Len32(n)-1+36) & 63
}

// encode writes all sequences, from the last one on, and returns the bytes.
func (c *sequenceCoder) encode(n int) int {
	lt, mt, ot := &c.fields[literalCodes].table, &c.fields[matchCodes].table, &c.fields[offsetCodes].table
	w := bitWriter{buf: c.out[:]}
	s := &c.coded[n-1]
	states := [3]uint32{literalCodes: lt.begin(uint8(s.codes)), matchCodes: mt.begin(uint8(s.codes >> 8)),
		offsetCodes: ot.begin(uint8(s.codes >> 16))}
	w.add(s.extra, uint(s.extras))
	w.flush()
	c.encodeStates(&w, c.coded[:n-1], &states)
	for _, kind := range [3]int{matchCodes, offsetCodes, literalCodes} {
		n := c.fields[kind].table.bits
		w.add(uint64(states[kind])&(1<<n-1), n)
	}
	w.flush()
	return w.close()
}

// statesSlow encodes sequences from the last one on. A word takes the bits of
// three states (26 at most), the extra bits of most sequences and the seven bits
// that were left over.
func (c *sequenceCoder) statesSlow(w *bitWriter, list []coded, states *[3]uint32) {
	lt, mt, ot := &c.fields[literalCodes].table, &c.fields[matchCodes].table, &c.fields[offsetCodes].table
	ls, ms, os := states[literalCodes], states[matchCodes], states[offsetCodes]
	for i := len(list) - 1; i >= 0; i-- {
		s := &list[i]
		next, k := ot.next(os, uint8(s.codes>>16))
		w.add(uint64(os)&(1<<(k&63)-1), k)
		os = next
		next, k = mt.next(ms, uint8(s.codes>>8))
		w.add(uint64(ms)&(1<<(k&63)-1), k)
		ms = next
		next, k = lt.next(ls, uint8(s.codes))
		w.add(uint64(ls)&(1<<(k&63)-1), k)
		ls = next
		if s.extras > 30 {
			w.flush()
		}
		w.add(s.extra, uint(s.extras))
		w.flush()
	}
	*states = [3]uint32{literalCodes: ls, matchCodes: ms, offsetCodes: os}
}

// choose makes the table for the codes as they were counted and appends its
// description: the one of the format, one of its own, or of a single code.
func (f *field) choose(dst []byte, base *standard, total uint32) []byte {
	high, used := 0, uint32(0)
	for s, n := range f.count {
		if n > 0 {
			high, used = s, used+1
		}
	}
	if used == 1 && total > 2 {
		f.mode = modeRLE
		f.table.rle(uint8(high))
		return append(dst, byte(high))
	}
	own := dst
	if used > 1 && total >= 8 {
		n := tableBits(total, used, f.longest)
		norm := f.norm[:high+1]
		normalize(norm, f.count[:high+1], total, n)
		own = appendNorm(dst, norm, n)
		cost := uint64(len(own)-len(dst))<<11 + price(norm, f.count[:high+1], n)
		if high >= len(base.norm) || cost < price(base.norm, f.count[:min(high+1, len(base.norm))], base.bits) {
			f.mode = modeCompressed
			f.table.build(norm, n)
			return own
		}
	}
	f.mode = modePredefined
	f.table.build(base.norm, base.bits)
	return dst
}
