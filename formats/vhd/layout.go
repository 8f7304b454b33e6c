// Package vhd writes and reads Microsoft's Virtual Hard Disk format, version 1
// ("Virtual Hard Disk Image Format Specification", 2006), dynamic and fixed.
// Differencing disks are left out. Where the specification leaves room the
// images are like those of QEMU, which Azure, Hyper-V and Xen take.
package vhd

import (
	"encoding/binary"
	"fmt"
)

// Footer closes every image; a dynamic one also begins with a copy of it. All
// numbers are big endian.
type Footer struct {
	Cookie         [8]byte // "conectix"
	Features       uint32
	Version        uint32
	DataOffset     uint64 // of the dynamic header, or all ones
	Timestamp      uint32 // seconds since 2000-01-01 00:00 UTC
	Creator        [4]byte
	CreatorVersion uint32
	CreatorOS      [4]byte
	OriginalSize   uint64
	CurrentSize    uint64
	Cylinders      uint16
	Heads          uint8
	Sectors        uint8
	Type           uint32
	Checksum       uint32
	UUID           [16]byte
	SavedState     uint8
	Reserved       [427]byte
}

// DynamicHeader follows the copy of the footer in a dynamic image.
type DynamicHeader struct {
	Cookie       [8]byte // "cxsparse"
	DataOffset   uint64  // all ones
	TableOffset  uint64
	Version      uint32
	Entries      uint32
	BlockSize    uint32
	Checksum     uint32
	ParentUUID   [16]byte
	ParentTime   uint32
	_            uint32
	ParentName   [512]byte
	ParentLocate [8][24]byte
	_            [256]byte
}

// The constants of the format.
const (
	cookie        = "conectix"
	dynamicCookie = "cxsparse"

	typeFixed   = 2
	typeDynamic = 3

	version  = 0x00010000
	reserved = 2 // the feature bit that is always set
	none     = 1<<64 - 1
	unused   = 1<<32 - 1

	sector     = 512
	blockSize  = 2 << 20
	bitmapSize = blockSize / sector / 8
	headerAt   = 512
	tableAt    = headerAt + 1024

	epoch2000 = 946684800

	// maxSize is what QEMU and Hyper-V accept: 2040 GiB.
	maxSize = 2040 << 30
)

// footerChecksum is where the checksum lies in a footer, headerChecksum in a
// dynamic header.
const (
	footerChecksum = 64
	headerChecksum = 36
)

// seal encodes v and puts the checksum, the complement of the sum of all bytes,
// at its place.
func seal(v any, at int) ([]byte, error) {
	raw, err := binary.Append(nil, binary.BigEndian, v)
	if err != nil {
		return nil, fmt.Errorf("encode vhd header: %w", err)
	}
	binary.BigEndian.PutUint32(raw[at:], 0)
	binary.BigEndian.PutUint32(raw[at:], checksum(raw))
	return raw, nil
}

func checksum(raw []byte) uint32 {
	var sum uint32
	for _, b := range raw {
		sum += uint32(b)
	}
	return ^sum
}

// geometry computes the CHS geometry of so many sectors (specification,
// "Appendix: CHS Calculation").
func geometry(total int64) (cylinders uint16, heads, sectors uint8) {
	total = min(total, maxGeometry)
	var s, h, tracks int64
	if total >= 65535*16*63 {
		s, h, tracks = 255, 16, total/255
	} else {
		s, tracks = 17, total/17
		h = max((tracks+1023)/1024, 4)
		if tracks >= h*1024 || h > 16 {
			s, h, tracks = 31, 16, total/31
		}
		if tracks >= h*1024 {
			s, h, tracks = 63, 16, total/63
		}
	}
	return uint16(tracks / h), uint8(h), uint8(s)
}

const maxGeometry = 65535 * 16 * 255
