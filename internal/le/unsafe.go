//go:build (386 || amd64 || arm64 || ppc64le || riscv64 || loong64) && !purego

package le

import "unsafe"

// Load32 returns the four bytes of b from i on, all of which must lie within it.
func Load32(b []byte, i int) uint32 {
	return *(*uint32)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(b)), i))
}

// Load64 returns the eight bytes of b from i on, all of which must lie within it.
func Load64(b []byte, i int) uint64 {
	return *(*uint64)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(b)), i))
}

// Store64 writes the eight bytes of v to b from i on, all of which must lie within it.
func Store64(b []byte, i int, v uint64) {
	*(*uint64)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(b)), i)) = v
}
