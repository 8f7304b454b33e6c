package btrfs

import (
	"crypto/sha256"
	"hash/crc32"

	"golang.org/x/crypto/blake2b"
)

// size returns the bytes of one checksum as stored for data.
func (c Checksum) size() int {
	switch c {
	case XXHash64:
		return 8
	case SHA256, Blake2b:
		return 32
	}
	return 4
}

// sum appends the checksum of b to dst.
func (c Checksum) sum(dst, b []byte) []byte {
	switch c {
	case XXHash64:
		return le.AppendUint64(dst, xxhash64(b))
	case SHA256:
		s := sha256.Sum256(b)
		return append(dst, s[:]...)
	case Blake2b:
		s := blake2b.Sum256(b)
		return append(dst, s[:]...)
	}
	return le.AppendUint32(dst, crc32.Checksum(b, castagnoli))
}

// sectors appends the checksums of all sectors of b.
func (c Checksum) sectors(dst, b []byte, sector int) []byte {
	for at := 0; at < len(b); at += sector {
		dst = c.sum(dst, b[at:at+sector])
	}
	return dst
}

// seal stores the checksum of a tree block or super block in its first 32 bytes.
func (c Checksum) seal(block []byte) {
	var store [32]byte
	clear(block[:32])
	copy(block, c.sum(store[:0], block[32:]))
}
