// Package qcow2 writes and reads QEMU's qcow2 images, versions 2 and 3, after
// docs/interop/qcow2 of QEMU ("the specification" below).
//
// The writer makes images front to back from one read of the disk: header and L1
// table, then data clusters with each L2 table behind the data it describes,
// then the refcount blocks and the refcount table. Left out are backing files,
// external data files, encryption, snapshots, bitmaps and subclusters.
package qcow2

import (
	"encoding/binary"
	"io"
)

// Header is the fixed part of the image header (specification, "Header"). All
// numbers are big endian.
type Header struct {
	Magic                 uint32
	Version               uint32
	BackingFileOffset     uint64
	BackingFileSize       uint32
	ClusterBits           uint32
	Size                  uint64
	CryptMethod           uint32
	L1Size                uint32
	L1TableOffset         uint64
	RefcountTableOffset   uint64
	RefcountTableClusters uint32
	NbSnapshots           uint32
	SnapshotsOffset       uint64
}

// HeaderV3 follows Header in version 3.
type HeaderV3 struct {
	IncompatibleFeatures uint64
	CompatibleFeatures   uint64
	AutoclearFeatures    uint64
	RefcountOrder        uint32
	HeaderLength         uint32
}

// The constants of the header.
const (
	Magic = 0x514649fb // "QFI\xfb"

	incompatDirty       = 1 << 0
	incompatCorrupt     = 1 << 1
	incompatDataFile    = 1 << 2
	incompatCompression = 1 << 3
	incompatExtendedL2  = 1 << 4

	compatLazyRefcounts = 1 << 0

	lengthV2   = 72
	lengthV3   = 104
	lengthType = 112 // with the compression type byte and its padding

	typeZlib = 0
	typeZstd = 1

	extensionEnd = 0
)

// The flags of L1 and L2 entries (specification, "Cluster mapping").
const (
	flagCopied     = 1 << 63
	flagCompressed = 1 << 62
	flagZero       = 1 << 0
	offsetMask     = 0x00fffffffffffe00
)

// encode writes the header with an empty list of header extensions.
func encode(w io.Writer, h Header, v3 HeaderV3, compression byte) error {
	if err := binary.Write(w, binary.BigEndian, h); err != nil {
		return err
	}
	if h.Version >= 3 {
		if err := binary.Write(w, binary.BigEndian, v3); err != nil {
			return err
		}
	}
	if h.Version >= 3 && v3.HeaderLength == lengthType {
		if _, err := w.Write([]byte{compression, 0, 0, 0, 0, 0, 0, 0}); err != nil {
			return err
		}
	}
	return binary.Write(w, binary.BigEndian, [2]uint32{extensionEnd, 0})
}

// compressedEntry is the L2 entry of size compressed bytes at a host offset
// (specification, "Compressed Clusters Descriptor").
func compressedEntry(at int64, size int, clusterBits uint) uint64 {
	shift := 62 - (clusterBits - 8)
	sectors := (uint64(at)&511 + uint64(size) - 1) >> 9
	return flagCompressed | sectors<<shift | uint64(at)
}

// compressedAt undoes compressedEntry: where the data begins and how many bytes
// may belong to it.
func compressedAt(entry uint64, clusterBits uint) (at, size int64) {
	shift := 62 - (clusterBits - 8)
	entry &^= flagCompressed | flagCopied
	at = int64(entry & (1<<shift - 1))
	return at, int64(entry>>shift+1)*512 - at&511
}
