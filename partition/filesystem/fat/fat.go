// Package fat writes and reads FAT12, FAT16 and FAT32 with long names, as EFI
// system partitions need them, after Microsoft's "FAT: General Overview of On-Disk
// Format" 1.03 and the long-name part of the same specification.
//
// A FAT knows no owners, links, devices or extended attributes: owners and
// attributes are dropped, hard links become copies, symbolic links and devices are
// refused. Names that differ only in case are one name, as they would be on a
// mounted FAT: directories merge, of files the last one of the walk wins under the
// name of the first. Times are written as UTC and clamped to 1980–2107.
package fat

import (
	"fmt"

	"github.com/fimg/fimg/fault"
)

// Options shape a file system. Only Size has no useful zero value.
type Options struct {
	// Size is that of the whole file system in bytes.
	Size int64
	// Bits is 12, 16 or 32; zero chooses by size as mkfs.fat does.
	Bits int
	// SectorSize is 512 (also when zero) to 4096.
	SectorSize int
	// ClusterSize is a power of two in bytes, at most 128 sectors and 64 KiB;
	// zero chooses by size.
	ClusterSize int
	// Label has at most eleven characters; empty is no label.
	Label string
	// Serial is the volume id; blkid shows it as UUID XXXX-XXXX.
	Serial uint32
	// HiddenSectors is the first sector of the partition on its disk.
	HiddenSectors uint32
}

// NameError says that something in the tree cannot be on a FAT.
type NameError struct {
	Path   string
	Reason string
}

func (e *NameError) Error() string { return fmt.Sprintf("write fat: %s: %s", e.Path, e.Reason) }

// FaultClass is fault.Description.
func (e *NameError) FaultClass() fault.Class { return fault.Description }

// OptionError says that the options make no sense.
type OptionError struct{ Reason string }

func (e *OptionError) Error() string { return "write fat: " + e.Reason }

// FaultClass is fault.Description.
func (e *OptionError) FaultClass() fault.Class { return fault.Description }

func badOption(format string, args ...any) error {
	return &OptionError{fmt.Sprintf(format, args...)}
}

// check validates what does not depend on the tree and fills in defaults.
func (o *Options) check() error {
	if o.SectorSize == 0 {
		o.SectorSize = 512
	}
	switch {
	case o.SectorSize < 512 || o.SectorSize > 4096 || o.SectorSize&(o.SectorSize-1) != 0:
		return badOption("sector size %d", o.SectorSize)
	case o.Bits != 0 && o.Bits != 12 && o.Bits != 16 && o.Bits != 32:
		return badOption("FAT%d", o.Bits)
	case o.ClusterSize != 0 && (o.ClusterSize < o.SectorSize || o.ClusterSize > min(128*o.SectorSize, 64<<10) ||
		o.ClusterSize&(o.ClusterSize-1) != 0):
		return badOption("cluster size %d", o.ClusterSize)
	case o.Size < 0 || o.Size/int64(o.SectorSize) > 1<<32-1:
		return badOption("size %d out of range", o.Size)
	}
	return checkLabel(o.Label)
}

func checkLabel(label string) error {
	if len(label) > 11 {
		return badOption("label %q has more than eleven bytes", label)
	}
	for _, c := range []byte(label) {
		if !labelByte(c) {
			return badOption("label %q has an invalid character", label)
		}
	}
	return nil
}
