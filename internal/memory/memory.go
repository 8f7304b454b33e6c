// Package memory allocates large tables and buffers outside the Go heap, so that
// they do not let the heap grow to twice their size between collections.
package memory

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// Huge returns n zero bytes, for which the kernel is asked to use huge pages:
// that saves most of the address-translation misses of random access. Free gives
// them back.
func Huge(n int) []byte {
	b, err := unix.Mmap(-1, 0, n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		return make([]byte, n)
	}
	// Only advice: without it the memory is slower, not wrong.
	_ = unix.Madvise(b, unix.MADV_HUGEPAGE)
	return b
}

// New returns a zero T, which must hold no pointers, in memory that Huge returns.
// Release gives it back.
func New[T any]() *T {
	size := unsafe.Sizeof(*(*T)(nil)) // not a variable: it would take as much again
	return (*T)(unsafe.Pointer(unsafe.SliceData(Huge(int(size)))))
}

// Release gives back what New returned; nil is nothing.
func Release[T any](t *T) {
	if t != nil {
		Free(unsafe.Slice((*byte)(unsafe.Pointer(t)), unsafe.Sizeof(*t)))
	}
}

// hugePage is the size in which Drop gives memory back, so that what stays keeps
// its huge pages.
const hugePage = 2 << 20

// Drop gives the memory of b, which Huge returned or is a part of that, back to
// the kernel, as far as it covers whole huge pages. They read as zero from then on
// and may be written again.
func Drop(b []byte) {
	if len(b) < hugePage {
		return
	}
	skip := -uintptr(unsafe.Pointer(&b[0])) & (hugePage - 1)
	if whole := (len(b) - int(skip)) &^ (hugePage - 1); whole > 0 {
		_ = unix.Madvise(b[skip:int(skip)+whole], unix.MADV_DONTNEED)
	}
}

// Free gives back what Huge returned; nobody may use it any more.
func Free(b []byte) {
	if cap(b) > 0 {
		// What Huge took from the heap is not known to the kernel as a mapping
		// of its own, and the error says so; the collector has it.
		_ = unix.Munmap(b[:cap(b)])
	}
}
