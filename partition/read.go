package partition

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
)

// Found is what Read makes of a disk.
type Found struct {
	Layout *Layout `json:"layout"`
	// Warnings tell what a partitioning tool would want to repair.
	Warnings []string `json:"warnings,omitempty"`
}

// ErrNoTable says that the disk has no partition table.
var ErrNoTable = errors.New("no partition table")

// errNotGPT says that a sector is no valid GPT header.
var errNotGPT = errors.New("no valid GPT header")

// Limits of what Read accepts.
const (
	maxEntryArray = 1 << 20
	maxLogical    = 128
)

// Read reads the partition table of a disk of size bytes. A GPT is found for both
// sector sizes, from its backup when the primary is damaged; an MBR does not tell
// its sector size, sectorSize (512 when zero) does.
func Read(r io.ReaderAt, size int64, sectorSize int) (*Found, error) {
	if sectorSize == 0 {
		sectorSize = 512
	}
	if sectorSize != 512 && sectorSize != 4096 {
		return nil, fmt.Errorf("read partition table: sector size %d", sectorSize)
	}
	tail, err := readRecord(r, 0, size)
	if err != nil {
		return nil, err
	}
	for _, sector := range []int{512, 4096} {
		found, err := readGPT(r, size, sector, tail)
		if !errors.Is(err, errNotGPT) {
			return found, err
		}
	}
	return readMBR(r, size, sectorSize, tail)
}

// readRecord reads a boot record; one without signature is ErrNoTable.
func readRecord(r io.ReaderAt, offset, size int64) (t mbrTail, err error) {
	if offset < 0 || offset > size-512 {
		return t, fmt.Errorf("read boot record at %d: beyond the disk: %w", offset, ErrNoTable)
	}
	raw := make([]byte, 72)
	if _, err := r.ReadAt(raw, offset+mbrTailOffset); err != nil {
		return t, fmt.Errorf("read boot record: %w", err)
	}
	_, _ = binary.Decode(raw, binary.LittleEndian, &t)
	if t.Signature != mbrSignature {
		return t, fmt.Errorf("read boot record at %d: %w", offset, ErrNoTable)
	}
	return t, nil
}

// readGPT reads the primary table, or else the backup at the end of the disk.
func readGPT(r io.ReaderAt, size int64, sector int, tail mbrTail) (*Found, error) {
	lastLBA := size/int64(sector) - 1
	found := &Found{}
	primary, entries, err := readHeader(r, size, 1, sector)
	if err != nil {
		var backupErr error
		if primary, entries, backupErr = readHeader(r, size, lastLBA, sector); backupErr != nil {
			return nil, errNotGPT
		}
		found.Warnings = append(found.Warnings, "the primary GPT is damaged: "+err.Error())
	} else if backup, _, err := readHeader(r, size, int64(primary.AlternateLBA), sector); err != nil {
		found.Warnings = append(found.Warnings, "the backup GPT is damaged: "+err.Error())
	} else if backup.EntryCRC != primary.EntryCRC || int64(primary.AlternateLBA) != lastLBA {
		found.Warnings = append(found.Warnings, "the backup GPT differs from the primary or is not at the end of the disk")
	}
	found.Layout = &Layout{Table: GPT, SectorSize: sector, Size: size, DiskID: tail.DiskID,
		DiskGUID: fromDisk(primary.DiskGUID), Hybrid: isHybrid(tail)}
	found.entries(entries, int(primary.EntrySize), lastLBA)
	return found, nil
}

func isHybrid(t mbrTail) bool {
	return slices.ContainsFunc(t.Entries[:], func(e mbrEntry) bool { return e.Type != 0xee && e.Type != 0 })
}

// readHeader reads and verifies one header and its entries.
func readHeader(r io.ReaderAt, size, lba int64, sector int) (h gptHeader, entries []byte, err error) {
	if lba < 1 || lba > size/int64(sector)-1 {
		return h, nil, fmt.Errorf("header beyond the disk: %w", errNotGPT)
	}
	raw := make([]byte, sector)
	if _, err := r.ReadAt(raw, lba*int64(sector)); err != nil || !isGPT(raw) {
		return h, nil, fmt.Errorf("sector %d: %w", lba, errNotGPT)
	}
	_, _ = binary.Decode(raw, binary.LittleEndian, &h)
	if h.HeaderSize < gptHeaderSize || int(h.HeaderSize) > sector {
		return h, nil, fmt.Errorf("header of %d bytes: %w", h.HeaderSize, errNotGPT)
	}
	binary.LittleEndian.PutUint32(raw[16:], 0)
	if crc32.ChecksumIEEE(raw[:h.HeaderSize]) != h.CRC || h.MyLBA != uint64(lba) {
		return h, nil, fmt.Errorf("checksum of the header: %w", errNotGPT)
	}
	entries, err = readEntries(r, size, sector, h)
	return h, entries, err
}

func readEntries(r io.ReaderAt, size int64, sector int, h gptHeader) ([]byte, error) {
	length := int64(h.EntryCount) * int64(h.EntrySize)
	if h.EntrySize < gptEntrySize || h.EntrySize > 4096 || length > maxEntryArray ||
		h.EntryLBA < 1 || h.EntryLBA > uint64((size-length)/int64(sector)) {
		return nil, fmt.Errorf("%d entries of %d bytes: %w", h.EntryCount, h.EntrySize, errNotGPT)
	}
	entries := make([]byte, length)
	if _, err := r.ReadAt(entries, int64(h.EntryLBA)*int64(sector)); err != nil {
		return nil, fmt.Errorf("read GPT entries: %w: %w", err, errNotGPT)
	}
	if crc32.ChecksumIEEE(entries) != h.EntryCRC {
		return nil, fmt.Errorf("checksum of the entries: %w", errNotGPT)
	}
	return entries, nil
}

// entries adds the partitions of an entry array.
func (f *Found) entries(array []byte, entrySize int, lastLBA int64) {
	for i := 0; (i+1)*entrySize <= len(array); i++ {
		var e gptEntry
		_, _ = binary.Decode(array[i*entrySize:], binary.LittleEndian, &e)
		if e.Type == [16]byte{} {
			continue
		}
		if e.First > e.Last || e.Last > uint64(lastLBA) {
			f.Warnings = append(f.Warnings, fmt.Sprintf("partition %d lies beyond the disk", i+1))
			continue
		}
		p := Partition{Number: i + 1, Name: nameOf(e.Name), First: int64(e.First),
			Sectors: int64(e.Last - e.First + 1), Type: typeOfGUID(fromDisk(e.Type)), GUID: fromDisk(e.GUID)}
		p.Role = roleOf(p)
		f.Layout.Partitions = append(f.Layout.Partitions, p)
	}
}

// roleOf guesses what a partition is for from its type and name.
func roleOf(p Partition) Role {
	switch p.Type.Code {
	case "ef02":
		return BIOSBoot
	case "ef00":
		return ESP
	case "4100":
		return PReP
	case "8200":
		return Swap
	case "ea00":
		return Boot
	}
	switch {
	case p.Name == "p.spare":
		return Spare
	case p.Name == "p.lxreadonly":
		return ReadOnly
	}
	for _, pair := range archTypes() {
		if p.Type.GUID == pair[0].GUID {
			return Root
		}
	}
	return Custom
}
