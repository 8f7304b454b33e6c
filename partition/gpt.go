package partition

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"slices"
	"unicode/utf16"
)

// gptEntries is the number of entries every writer uses and few readers exceed.
const gptEntries = 128

const gptEntrySize = 128

// gptHeader is the partition table header (UEFI 2.10, 5.3.2).
type gptHeader struct {
	Signature    [8]byte // "EFI PART"
	Revision     uint32
	HeaderSize   uint32
	CRC          uint32 // of HeaderSize bytes with this field zero
	_            uint32
	MyLBA        uint64
	AlternateLBA uint64
	FirstUsable  uint64
	LastUsable   uint64
	DiskGUID     [16]byte
	EntryLBA     uint64
	EntryCount   uint32
	EntrySize    uint32
	EntryCRC     uint32 // of the whole array
}

const gptHeaderSize = 92

// gptEntry is one partition entry (UEFI 2.10, 5.3.3).
type gptEntry struct {
	Type       [16]byte
	GUID       [16]byte
	First      uint64
	Last       uint64 // inclusive
	Attributes uint64
	Name       [36]uint16 // UTF-16, zero padded
}

// entrySectors is the length of the entry array.
func entrySectors(sectorSize int) int64 {
	return int64(gptEntries * gptEntrySize / sectorSize)
}

// gptReserve is the number of sectors at the start of the disk that belong to the
// table; at its end it is one less, the MBR being only in front.
func gptReserve(sectorSize int) int64 { return entrySectors(sectorSize) + 2 }

// encode returns the header with its checksum, padded to one sector.
func (h gptHeader) encode(sectorSize int) []byte {
	h.CRC = 0
	raw, _ := binary.Append(nil, binary.LittleEndian, h)
	binary.LittleEndian.PutUint32(raw[16:], crc32.ChecksumIEEE(raw))
	return append(raw, make([]byte, sectorSize-len(raw))...)
}

// encodeEntries returns the entry array of a layout.
func encodeEntries(l *Layout) []byte {
	array := make([]byte, gptEntries*gptEntrySize)
	for _, p := range l.Partitions {
		e := gptEntry{Type: p.Type.GUID.disk(), GUID: p.GUID.disk(),
			First: uint64(p.First), Last: uint64(p.First + p.Sectors - 1)}
		copy(e.Name[:], utf16.Encode([]rune(p.Name)))
		_, _ = binary.Encode(array[(p.Number-1)*gptEntrySize:], binary.LittleEndian, e)
	}
	return array
}

// headers returns the primary and the backup header.
func headers(l *Layout, entries []byte) (primary, backup gptHeader) {
	last := uint64(l.Size/int64(l.SectorSize)) - 1
	array := uint64(entrySectors(l.SectorSize))
	primary = gptHeader{
		Signature: [8]byte([]byte("EFI PART")), Revision: 0x10000, HeaderSize: gptHeaderSize,
		MyLBA: 1, AlternateLBA: last, FirstUsable: array + 2, LastUsable: last - array - 1,
		DiskGUID: l.DiskGUID.disk(), EntryLBA: 2, EntryCount: gptEntries,
		EntrySize: gptEntrySize, EntryCRC: crc32.ChecksumIEEE(entries),
	}
	backup = primary
	backup.MyLBA, backup.AlternateLBA, backup.EntryLBA = last, 1, last-array
	return primary, backup
}

// nameOf decodes the name of an entry.
func nameOf(units [36]uint16) string {
	text := units[:]
	if i := slices.Index(text, 0); i >= 0 {
		text = text[:i]
	}
	return string(utf16.Decode(text))
}

func isGPT(sector []byte) bool { return bytes.HasPrefix(sector, []byte("EFI PART")) }
