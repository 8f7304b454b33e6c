// Package memory allocates large tables and buffers outside the Go heap, so that
// they do not let the heap grow to twice their size between collections.
package memory

import "golang.org/x/sys/unix"

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

// Free gives back what Huge returned; nobody may use it any more.
func Free(b []byte) {
	if cap(b) > 0 {
		// What Huge took from the heap is not known to the kernel as a mapping
		// of its own, and the error says so; the collector has it.
		_ = unix.Munmap(b[:cap(b)])
	}
}
