package ext4

import (
	"encoding/binary"
	"hash/crc32"
)

// crc is crc32c without the usual inversions, as the kernel's crc32c().
func crc(seed uint32, p []byte) uint32 {
	return ^crc32.Update(^seed, crc32.MakeTable(crc32.Castagnoli), p)
}

func crc32le(seed, v uint32) uint32 {
	return crc(seed, binary.LittleEndian.AppendUint32(nil, v))
}

func crc64le(seed uint32, v uint64) uint32 {
	return crc(seed, binary.LittleEndian.AppendUint64(nil, v))
}

// inodeSeed starts the checksums of what belongs to an inode.
func inodeSeed(fsSeed, number, generation uint32) uint32 {
	return crc32le(crc32le(fsSeed, number), generation)
}

// inodeChecksum computes the checksum of an inode whose checksum fields are zero.
func inodeChecksum(fsSeed, number uint32, raw []byte) uint32 {
	generation := binary.LittleEndian.Uint32(raw[100:])
	return crc(inodeSeed(fsSeed, number, generation), raw)
}

// crc16 is the checksum of group descriptors of the uninit_bg feature (CRC-16/ARC).
func crc16(sum uint16, p []byte) uint16 {
	for _, b := range p {
		sum ^= uint16(b)
		for range 8 {
			sum = sum>>1 ^ 0xa001*(sum&1)
		}
	}
	return sum
}

// descChecksum computes the checksum of a descriptor; its own field counts as zero
// with metadata_csum and not at all with uninit_bg.
func descChecksum(f features, fsSeed uint32, uuid [16]byte, group uint32, raw []byte) uint16 {
	switch {
	case f.ro&roMetadataCsum != 0:
		sum := crc(crc32le(fsSeed, group), raw[:descChecksumOffset])
		sum = crc(sum, []byte{0, 0})
		return uint16(crc(sum, raw[descChecksumOffset+2:]))
	case f.ro&roUninitBG != 0:
		sum := crc16(crc16(0xffff, uuid[:]), binary.LittleEndian.AppendUint32(nil, group))
		sum = crc16(sum, raw[:descChecksumOffset])
		return crc16(sum, raw[descChecksumOffset+2:])
	}
	return 0
}
