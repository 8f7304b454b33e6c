package disk

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
)

// gptHeader is the header of a GUID partition table (UEFI specification, "GPT
// Header"), little endian.
type gptHeader struct {
	Signature    [8]byte // "EFI PART"
	Revision     uint32
	HeaderSize   uint32
	HeaderCRC    uint32
	_            uint32
	MyLBA        uint64
	AlternateLBA uint64
	FirstUsable  uint64
	LastUsable   uint64
	DiskGUID     [16]byte
	EntriesLBA   uint64
	EntryCount   uint32
	EntrySize    uint32
	EntriesCRC   uint32
}

const (
	gptSignature = "EFI PART"
	gptSize      = 92
	maxEntries   = 1 << 20 // bytes of partition entries looked at
)

// table is the GUID partition table of a disk, whose copy lies at its end.
type table struct {
	sector  int64
	sectors int64 // of the disk
	header  gptHeader
	entries []byte // in whole sectors
	mbr     []byte
}

// findTable reads the table of a disk; it is nil when there is none that is
// whole and has its copy in the last sector.
func findTable(src Source) *table {
	for _, sector := range []int64{512, 4096} {
		t := &table{sector: sector, sectors: src.Size() / sector, mbr: make([]byte, 512)}
		if src.Size()%sector == 0 && t.read(src) {
			return t
		}
	}
	return nil
}

func (t *table) read(src Source) bool {
	raw := make([]byte, gptSize)
	if t.sectors < 3 || readFull(src, t.mbr, 0) != nil || readFull(src, raw, t.sector) != nil {
		return false
	}
	h := &t.header
	if _, err := binary.Decode(raw, binary.LittleEndian, h); err != nil || string(h.Signature[:]) != gptSignature {
		return false
	}
	size := int64(h.EntryCount) * int64(h.EntrySize)
	if h.HeaderSize != gptSize || h.MyLBA != 1 || h.AlternateLBA != uint64(t.sectors-1) || size <= 0 || size > maxEntries ||
		h.EntriesLBA >= uint64(t.sectors) || (int64(h.EntriesLBA)+1)*t.sector+2*size+2*t.sector > src.Size() || !bytes.Equal(raw, t.encode(*h)) {
		return false
	}
	t.entries = make([]byte, (size+t.sector-1)/t.sector*t.sector)
	if readFull(src, t.entries, int64(h.EntriesLBA)*t.sector) != nil {
		return false
	}
	return crc32.ChecksumIEEE(t.entries[:size]) == h.EntriesCRC
}

// encode seals a header with its checksum.
func (t *table) encode(h gptHeader) []byte {
	h.HeaderCRC = 0
	raw, err := binary.Append(nil, binary.LittleEndian, h)
	if err != nil {
		return nil // the structure has a fixed size
	}
	binary.LittleEndian.PutUint32(raw[16:], crc32.ChecksumIEEE(raw))
	return raw
}

// patch is content that replaces what a disk has at an offset.
type patch struct {
	at   int64
	data []byte
}

// move returns what makes the table right on a disk of another, larger size: the
// copy goes to the new end, its old place becomes zeros.
func (t *table) move(size int64) []patch {
	old, last := t.sectors-1, size/t.sector-1
	length := int64(len(t.entries))
	first := t.header
	first.AlternateLBA, first.LastUsable = uint64(last), uint64(last-length/t.sector-1)
	second := first
	second.MyLBA, second.AlternateLBA, second.EntriesLBA = uint64(last), 1, uint64(last-length/t.sector)
	return []patch{
		{0, t.protect(last)}, {t.sector, t.encode(first)},
		{old*t.sector - length, make([]byte, length+t.sector)},
		{last*t.sector - length, append(bytes.Clone(t.entries), padTo(t.encode(second), t.sector)...)},
	}
}

func padTo(b []byte, size int64) []byte { return append(b, make([]byte, size-int64(len(b)))...) }

// The place of the first partition in an MBR and what protects a GPT there
// (UEFI specification, "Protective MBR").
const (
	mbrEntry      = 446
	mbrProtective = 0xee
)

// protect is the MBR with its protective entry over the whole of the larger disk;
// one that covers less, as in a hybrid MBR, stays as it is.
func (t *table) protect(last int64) []byte {
	mbr := bytes.Clone(t.mbr)
	for i := range 4 {
		e := mbr[mbrEntry+16*i:]
		if e[4] == mbrProtective && binary.LittleEndian.Uint32(e[8:]) == 1 && int64(binary.LittleEndian.Uint32(e[12:])) == t.sectors-1 {
			binary.LittleEndian.PutUint32(e[12:], uint32(min(last, 1<<32-1)))
		}
	}
	return mbr
}
