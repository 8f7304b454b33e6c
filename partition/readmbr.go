package partition

import (
	"fmt"
	"io"
)

// isExtended tells whether a type byte is one of an extended partition.
func isExtended(kind byte) bool { return kind == 0x05 || kind == 0x0f || kind == 0x85 }

// readMBR reads a plain MBR and the chain of its logical partitions.
func readMBR(r io.ReaderAt, size int64, sector int, t mbrTail) (*Found, error) {
	f := &Found{Layout: &Layout{Table: MBR, SectorSize: sector, Size: size, DiskID: t.DiskID}}
	for i, e := range t.Entries {
		if e.Type == 0 || e.Sectors == 0 {
			continue
		}
		if e.Active != 0 && e.Active != 0x80 {
			return nil, fmt.Errorf("read boot record: entry %d is not one of a partition: %w", i+1, ErrNoTable)
		}
		f.add(i+1, e, int64(e.First))
	}
	for _, p := range f.Layout.Partitions {
		if p.Role == Extended {
			return f, f.readChain(r, p.First)
		}
	}
	if len(f.Layout.Partitions) == 0 && t.DiskID == 0 && len(f.Warnings) == 0 {
		return nil, fmt.Errorf("read boot record: no entries: %w", ErrNoTable)
	}
	return f, nil
}

// add adds the partition of one record, or a warning when it is beyond the disk.
func (f *Found) add(number int, e mbrEntry, first int64) {
	p := Partition{Number: number, First: first, Sectors: int64(e.Sectors), Type: typeOfMBR(e.Type),
		Active: e.Active == 0x80, Logical: number > 4}
	if f.Layout.Offset(p)+f.Layout.Bytes(p) > f.Layout.Size {
		f.Warnings = append(f.Warnings, fmt.Sprintf("partition %d lies beyond the disk", number))
		return
	}
	p.Role = roleOf(p)
	if isExtended(e.Type) {
		p.Role = Extended
	}
	f.Layout.Partitions = append(f.Layout.Partitions, p)
}

// readChain follows the extended boot records from the sector of the first. A
// chain that goes backwards or is too long ends with a warning.
func (f *Found) readChain(r io.ReaderAt, base int64) error {
	at, number := base, 5
	for number < 5+maxLogical {
		t, err := readRecord(r, at*int64(f.Layout.SectorSize), f.Layout.Size)
		if err != nil {
			f.Warnings = append(f.Warnings, "the chain of logical partitions is broken: "+err.Error())
			return nil
		}
		if e := t.Entries[0]; e.Type != 0 && e.Sectors != 0 {
			f.add(number, e, at+int64(e.First))
			number++
		}
		next := base + int64(t.Entries[1].First)
		if !isExtended(t.Entries[1].Type) || t.Entries[1].First == 0 {
			return nil
		}
		if next <= at {
			f.Warnings = append(f.Warnings, "the chain of logical partitions goes backwards")
			return nil
		}
		at = next
	}
	f.Warnings = append(f.Warnings, "too many logical partitions")
	return nil
}
