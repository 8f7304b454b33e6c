// Package memory allocates large tables that are read at random.
package memory

import "golang.org/x/sys/unix"

// Huge returns n zero bytes for which the kernel is asked to use huge pages,
// which saves most of the address-translation misses of random access. The
// memory is ordinary and garbage-collected.
func Huge(n int) []byte {
	b := make([]byte, n)
	// Only advice: without it the memory is slower, not wrong.
	_ = unix.Madvise(b, unix.MADV_HUGEPAGE)
	return b
}
