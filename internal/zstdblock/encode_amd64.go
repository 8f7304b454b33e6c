//go:build !purego

package zstdblock

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

// fives encodes n literals at a and b as fivesSlow does.
//
//go:noescape
func fives(a, b, toA, toB *byte, n int, codes *[256]uint64) (atA, atB int, accA, accB, haveA, haveB uint64)

// encodeFives encodes the literals of two streams of which nothing is written yet.
func encodeFives(a, b *huffmanStream, literalsA, literalsB []byte, codes *[256]uint64) {
	if !cpu.X86.HasBMI2 {
		fivesSlow(a, b, literalsA, literalsB, codes)
		return
	}
	a.at, b.at, a.acc, b.acc, a.have, b.have = fives(unsafe.SliceData(literalsA), unsafe.SliceData(literalsB),
		unsafe.SliceData(a.dst), unsafe.SliceData(b.dst), len(literalsA), codes)
}

// states encodes n sequences, of which there is one at least, as statesSlow does.
//
//go:noescape
func states(list *coded, n int, literals, matches, offsets *fseTable, state *[3]uint32, to *byte, acc, have uint64) (at int, accLeft, haveLeft uint64)

// encodeStates encodes all sequences but the last.
func (c *sequenceCoder) encodeStates(w *bitWriter, list []coded, state *[3]uint32) {
	if !cpu.X86.HasBMI2 || len(list) == 0 {
		c.statesSlow(w, list, state)
		return
	}
	at, acc, have := states(&list[0], len(list), &c.fields[literalCodes].table, &c.fields[matchCodes].table,
		&c.fields[offsetCodes].table, state, &w.buf[w.at], w.acc, uint64(w.have))
	w.at, w.acc, w.have = w.at+at, acc, uint(have)
}

// codes finds the codes of n sequences, of which there is one at least, as codesSlow
// does.
//
//go:noescape
func codes(list *uint64, n int, fields *[3]field, out *coded, tables *codeTables) (sum int)

// encodeCodes is what codes does with counts of zero.
func (c *sequenceCoder) encodeCodes(list []uint64) int {
	if !cpu.X86.HasBMI2 || len(list) == 0 {
		return c.codesSlow(list)
	}
	_ = c.coded[len(list)-1]
	return codes(&list[0], len(list), &c.fields, &c.coded[0], &codesOf)
}
