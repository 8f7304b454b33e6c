package qcow2

import (
	"bytes"
	"encoding/binary"
	"io"

	"github.com/fimg/fimg/formats/disk"
)

// Info is what a header says.
type Info struct {
	Header
	HeaderV3
	Compression string // "zlib" or "zstd"
}

// ReadInfo reads and checks the header of an image in a file of size bytes. An
// image that needs another file or a key is a disk.ReferenceError, one that
// breaks the rules a disk.CorruptError.
func ReadInfo(r io.ReaderAt, size int64) (Info, error) {
	var i Info
	raw := make([]byte, 512) // what the file lacks is read as zeros
	if size < lengthV2 {
		return i, disk.Corrupt("qcow2", "a file of %d bytes", size)
	}
	if _, err := r.ReadAt(raw[:min(size, 512)], 0); err != nil {
		return i, disk.Corrupt("qcow2", "no header: %v", err)
	}
	if _, err := binary.Decode(raw, binary.BigEndian, &i.Header); err != nil || i.Magic != Magic {
		return i, disk.Corrupt("qcow2", "no header")
	}
	i.RefcountOrder, i.Compression = 4, "zlib"
	if i.Version == 3 {
		if err := i.decodeV3(raw); err != nil {
			return i, err
		}
	}
	if err := i.check(size); err != nil {
		return i, err
	}
	return i, i.extensions(r, size)
}

func (i *Info) decodeV3(raw []byte) error {
	if _, err := binary.Decode(raw[lengthV2:], binary.BigEndian, &i.HeaderV3); err != nil || i.HeaderLength < lengthV3 || i.HeaderLength%8 != 0 {
		return disk.Corrupt("qcow2", "header of %d bytes", i.HeaderLength)
	}
	if i.IncompatibleFeatures&incompatCompression == 0 {
		return nil
	}
	if i.HeaderLength < lengthType || raw[lengthV3] != typeZstd {
		return disk.Corrupt("qcow2", "unknown type of compression")
	}
	i.Compression = "zstd"
	return nil
}

func (i *Info) check(size int64) error {
	const known = incompatDirty | incompatCompression
	switch {
	case i.Version != 2 && i.Version != 3:
		return disk.Corrupt("qcow2", "version %d", i.Version)
	case i.BackingFileOffset != 0:
		return &disk.ReferenceError{Format: "qcow2", What: "backing file"}
	case i.IncompatibleFeatures&incompatDataFile != 0:
		return &disk.ReferenceError{Format: "qcow2", What: "data file"}
	case i.CryptMethod != 0:
		return disk.Corrupt("qcow2", "encrypted images are not supported")
	case i.IncompatibleFeatures&^uint64(known) != 0:
		return disk.Corrupt("qcow2", "incompatible features %#x", i.IncompatibleFeatures)
	case i.ClusterBits < 9 || i.ClusterBits > 21:
		return disk.Corrupt("qcow2", "clusters of 2^%d bytes", i.ClusterBits)
	case i.Size > disk.MaxSize:
		return disk.Corrupt("qcow2", "a disk of %d bytes", i.Size)
	case i.RefcountOrder > 6:
		return disk.Corrupt("qcow2", "refcounts of 2^%d bits", i.RefcountOrder)
	}
	return i.checkTables(size)
}

// cluster is the size of a cluster in bytes.
func (i *Info) cluster() int64 { return 1 << i.ClusterBits }

// perTable is the number of entries of an L2 table.
func (i *Info) perTable() int64 { return i.cluster() / 8 }

func (i *Info) checkTables(size int64) error {
	need := ceil(ceil(int64(i.Size), i.cluster()), i.perTable())
	if int64(i.L1Size) < need || i.L1Size > maxL1 {
		return disk.Corrupt("qcow2", "L1 table of %d entries for a disk of %d bytes", i.L1Size, i.Size)
	}
	if at := i.L1TableOffset; at&uint64(i.cluster()-1) != 0 || at == 0 && need > 0 || !within(at, uint64(i.L1Size)*8, size) {
		return disk.Corrupt("qcow2", "L1 table at %d", at)
	}
	return nil
}

// within tells whether n bytes at an offset lie in a file of size bytes.
func within(at, n uint64, size int64) bool {
	return at <= uint64(size) && n <= uint64(size)-at
}

// Header extensions (specification, "Header extensions").
const (
	extDataFile   = 0x44415441
	extEncryption = 0x0537be77
)

// extensions refuses those that refer elsewhere.
func (i *Info) extensions(r io.ReaderAt, size int64) error {
	at := int64(lengthV2)
	if i.Version == 3 {
		at = int64(i.HeaderLength)
	}
	end := min(i.cluster(), size)
	for at+8 <= end {
		var head [8]byte
		if _, err := r.ReadAt(head[:], at); err != nil {
			return disk.Corrupt("qcow2", "header extension: %v", err)
		}
		kind, length := binary.BigEndian.Uint32(head[:]), int64(binary.BigEndian.Uint32(head[4:]))
		switch kind {
		case extensionEnd:
			return nil
		case extDataFile:
			return &disk.ReferenceError{Format: "qcow2", What: "data file"}
		case extEncryption:
			return disk.Corrupt("qcow2", "encrypted images are not supported")
		}
		at += 8 + (length+7)&^7
	}
	if at > end {
		return disk.Corrupt("qcow2", "header extension leaves the first cluster")
	}
	return nil
}

// Open reads an image from a file of size bytes. All tables are read and checked
// before anything else: every cluster lies in the file, and none is used twice.
func Open(r io.ReaderAt, size int64) (disk.Source, error) {
	info, err := ReadInfo(r, size)
	if err != nil {
		return nil, err
	}
	m := &image{Info: info, r: r, size: size}
	if err := m.load(); err != nil {
		return nil, err
	}
	return disk.Blocks(m, int64(info.Size), info.cluster()), nil
}

// readTable reads a table of 64-bit entries.
func readTable(r io.ReaderAt, at uint64, entries int64) ([]uint64, error) {
	raw := make([]byte, entries*8)
	if _, err := r.ReadAt(raw, int64(at)); err != nil {
		return nil, disk.Corrupt("qcow2", "table at %d: %v", at, err)
	}
	table := make([]uint64, entries)
	if err := binary.Read(bytes.NewReader(raw), binary.BigEndian, table); err != nil {
		return nil, err
	}
	return table, nil
}
