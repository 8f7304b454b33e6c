//go:build !purego

package zstdblock

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

// findFast is findSlow in assembly language; src has at least minInput bytes. It
// reads within src and writes at most the sequences and literals there is room for:
// a literal for every byte of src and wild more, a sequence for every four.
//
//go:noescape
func findFast(src *byte, n int, table *[1 << hashBits]uint32, sequences *uint64, literals *byte) (anchor, sequenceCount, literalCount int)

// search splits src but for the literals at its end, and returns where they begin.
func (f *finder) search(src []byte) (anchor int) {
	if !cpu.X86.HasBMI1 {
		return f.findSlow(src)
	}
	anchor, f.sequenceCount, f.literalCount = findFast(unsafe.SliceData(src), len(src), &f.table, &f.sequences[0], &f.literals[0])
	return anchor
}
