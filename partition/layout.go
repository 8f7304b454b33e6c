package partition

import (
	"fmt"

	"github.com/fimg/fimg/partition/filesystem"
)

// Table is a kind of partition table.
type Table string

// The tables. DASD is only planned here (its numbers, sizes and order): the
// volume table of contents of a real DASD is made on the machine.
const (
	GPT  Table = "gpt"
	MBR  Table = "msdos"
	DASD Table = "dasd"
)

// Role is what a partition is for.
type Role string

// The roles. ReadOnly is the squashfs or erofs root below an overlay.
const (
	BIOSBoot Role = "bios"
	ESP      Role = "esp"
	PReP     Role = "prep"
	Boot     Role = "boot"
	Swap     Role = "swap"
	Custom   Role = "custom"
	Spare    Role = "spare"
	ReadOnly Role = "readonly"
	Root     Role = "root"
	Extended Role = "extended" // the container of logical partitions
)

// Layout is a whole disk as it will be written: a value, equal for equal
// requests, and part of a build plan.
type Layout struct {
	Table      Table       `json:"table"`
	SectorSize int         `json:"sectorSize"`         // bytes
	Size       int64       `json:"size"`               // bytes of the disk
	DiskGUID   GUID        `json:"diskGUID,omitzero"`  // of a GPT
	DiskID     uint32      `json:"diskID"`             // disk signature at byte 440
	Hybrid     bool        `json:"hybrid,omitempty"`   // GPT with a hybrid MBR
	Converted  bool        `json:"forceMBR,omitempty"` // planned as GPT, written as MBR
	Partitions []Partition `json:"partitions"`         // in the order they are created
}

// Partition is one entry of the table.
type Partition struct {
	Role    Role   `json:"role"`
	Of      string `json:"of,omitempty"` // of a custom partition: the name asked for
	Number  int    `json:"number"`       // from 1; /dev/sdaN
	Clone   int    `json:"clone,omitempty"`
	Name    string `json:"name,omitempty"` // in a GPT
	KiwiID  string `json:"kiwiID,omitempty"`
	First   int64  `json:"first"`   // sector
	Sectors int64  `json:"sectors"` // length
	Type    Type   `json:"type"`
	GUID    GUID   `json:"guid,omitzero"`
	Active  bool   `json:"active,omitempty"`  // boot flag of an MBR
	Logical bool   `json:"logical,omitempty"` // inside the extended partition
}

// Offset is the first byte of p on the disk.
func (l *Layout) Offset(p Partition) int64 { return p.First * int64(l.SectorSize) }

// Bytes is the length of p in bytes.
func (l *Layout) Bytes(p Partition) int64 { return p.Sectors * int64(l.SectorSize) }

// Find returns the partition of a role that is not a clone.
func (l *Layout) Find(role Role) (Partition, bool) {
	for _, p := range l.Partitions {
		if p.Role == role && p.Clone == 0 {
			return p, true
		}
	}
	return Partition{}, false
}

// Clones returns the clones of a partition in the order of their numbers.
func (l *Layout) Clones(of Partition) []Partition {
	var list []Partition
	for _, p := range l.Partitions {
		if p.Role == of.Role && p.Of == of.Of && p.Clone > 0 {
			list = append(list, p)
		}
	}
	return list
}

// PartUUID is what the kernel calls the partition in PARTUUID=: its GUID, or for
// an MBR the disk signature and the number.
func (l *Layout) PartUUID(p Partition) string {
	if l.Table == GPT {
		return p.GUID.String()
	}
	return fmt.Sprintf("%08x-%02x", l.DiskID, p.Number)
}

// KiwiIDs returns the lines of kiwi's config.partids as names and numbers. An md
// device (kiwi_RaidDev) is no partition and not among them.
func (l *Layout) KiwiIDs() map[string]int {
	ids := map[string]int{}
	for _, p := range l.Partitions {
		if p.KiwiID != "" {
			ids[p.KiwiID] = p.Number
		}
		if p.Role == Root && p.Clone == 0 {
			l.addRootIDs(ids, p)
		}
	}
	return ids
}

// addRootIDs adds what a root implies: that it is the writable part above a
// read-only one, and the boot partition where there is none.
func (l *Layout) addRootIDs(ids map[string]int, root Partition) {
	switch root.Type.Code {
	case "8e00":
		return
	case "fd00":
		ids["kiwi_RaidPart"] = root.Number
		return
	}
	if _, ok := l.Find(ReadOnly); ok {
		ids["kiwi_RWPart"] = root.Number
	}
	if _, ok := l.Find(Boot); !ok {
		ids["kiwi_BootPart"] = root.Number
	}
}

// TooSmallError says that a partition or the disk cannot hold what it must.
type TooSmallError = filesystem.TooSmallError
