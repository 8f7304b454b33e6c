package ext4

import (
	"encoding/binary"
	"math/bits"
)

// hashHalfMD4 is the hash version; a flag of the superblock says unsigned.
const (
	hashHalfMD4      = 1
	flagUnsignedHash = 2
)

// nameHash is the half MD4 hash of a file name with unsigned characters ("Directory
// Entries", "Hash Tree"): the index key and the second word that breaks ties.
func nameHash(name string, seed [16]byte) (major, minor uint32) {
	state := [4]uint32{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476}
	if seed != [16]byte{} {
		for i := range state {
			state[i] = binary.LittleEndian.Uint32(seed[4*i:])
		}
	}
	for rest := name; len(rest) > 0; rest = rest[min(32, len(rest)):] {
		halfMD4(&state, hashInput(rest))
	}
	major = state[1] &^ 1
	if major == 0x7fffffff<<1 {
		major = (0x7fffffff - 1) << 1
	}
	return major, state[2]
}

// hashInput packs up to 32 characters into words, the rest filled with the length.
func hashInput(s string) (in [8]uint32) {
	pad := uint32(len(s)) | uint32(len(s))<<8
	pad |= pad << 16
	n := min(32, len(s))
	for i := range in {
		in[i] = pad
	}
	v := pad
	for i := range n {
		v = uint32(s[i]) + v<<8
		if i%4 == 3 || i == n-1 {
			in[i/4] = v
			v = pad
		}
	}
	return in
}

// halfMD4 is the transformation: three rounds of eight steps.
func halfMD4(state *[4]uint32, in [8]uint32) {
	a, b, c, d := state[0], state[1], state[2], state[3]
	round := func(f func(x, y, z uint32) uint32, k uint32, order [8]int, shift [4]int) {
		for i, w := range order {
			a = bits.RotateLeft32(a+f(b, c, d)+in[w]+k, shift[i%4])
			a, b, c, d = d, a, b, c
		}
	}
	round(func(x, y, z uint32) uint32 { return z ^ x&(y^z) }, 0,
		[8]int{0, 1, 2, 3, 4, 5, 6, 7}, [4]int{3, 7, 11, 19})
	round(func(x, y, z uint32) uint32 { return x&y + (x^y)&z }, 0x5a827999,
		[8]int{1, 3, 5, 7, 0, 2, 4, 6}, [4]int{3, 5, 9, 13})
	round(func(x, y, z uint32) uint32 { return x ^ y ^ z }, 0x6ed9eba1,
		[8]int{3, 7, 2, 6, 1, 5, 0, 4}, [4]int{3, 9, 11, 15})
	state[0] += a
	state[1] += b
	state[2] += c
	state[3] += d
}
