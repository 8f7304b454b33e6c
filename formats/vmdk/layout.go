// Package vmdk writes and reads VMware's hosted sparse disks ("Virtual Disk
// Format 5.0"): streamOptimized, with compressed grains for transport and import,
// and monolithicSparse. Flat, split and ESX formats are left out.
package vmdk

import (
	"encoding/binary"
	"fmt"
)

// Header is the SparseExtentHeader, little endian; offsets and sizes count
// sectors of 512 bytes.
type Header struct {
	Magic             uint32 // "KDMV"
	Version           uint32
	Flags             uint32
	Capacity          uint64
	GrainSize         uint64
	DescriptorOffset  uint64
	DescriptorSize    uint64
	GTEsPerGT         uint32
	RedundantGD       uint64
	GD                uint64
	Overhead          uint64
	Unclean           uint8
	SingleEndLine     byte
	NonEndLine        byte
	DoubleEndLine1    byte
	DoubleEndLine2    byte
	CompressAlgorithm uint16
	Pad               [433]byte
}

// The constants of the format.
const (
	magic = 0x564d444b

	flagNewlines   = 1 << 0
	flagRedundant  = 1 << 1
	flagCompressed = 1 << 16
	flagMarkers    = 1 << 17

	gdAtEnd          = 1<<64 - 1
	algorithmDeflate = 1

	sector       = 512
	grainSectors = 128
	grain        = grainSectors * sector
	perTable     = 512 // entries of a grain table
	tableSectors = perTable * 4 / sector
	tableSpan    = perTable * grain

	descriptorAt      = 1
	descriptorSectors = 20

	markerEnd    = 0
	markerTable  = 1
	markerGD     = 2
	markerFooter = 3
)

func newHeader(capacity int64) Header {
	return Header{
		Magic: magic, Version: 1, Flags: flagNewlines, Capacity: uint64(capacity), GrainSize: grainSectors,
		DescriptorOffset: descriptorAt, DescriptorSize: descriptorSectors, GTEsPerGT: perTable,
		SingleEndLine: '\n', NonEndLine: ' ', DoubleEndLine1: '\r', DoubleEndLine2: '\n',
	}
}

func (h Header) encode() ([]byte, error) {
	raw, err := binary.Append(nil, binary.LittleEndian, h)
	if err != nil {
		return nil, fmt.Errorf("encode vmdk header: %w", err)
	}
	return raw, nil
}

// marker encodes a metadata marker: the size in sectors of what follows.
func marker(sectors uint64, kind uint32) []byte {
	b := make([]byte, sector)
	binary.LittleEndian.PutUint64(b, sectors)
	binary.LittleEndian.PutUint32(b[12:], kind)
	return b
}

// padded fills b up to whole sectors.
func padded(b []byte) []byte {
	return append(b, make([]byte, -len(b)&(sector-1))...)
}

func ceil(a, b int64) int64 { return (a + b - 1) / b }
