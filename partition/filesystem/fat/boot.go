package fat

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrFormat says that something is not a FAT, or a damaged one.
var ErrFormat = errors.New("not a valid FAT file system")

func damaged(format string, args ...any) error {
	return fmt.Errorf("read fat: %s: %w", fmt.Sprintf(format, args...), ErrFormat)
}

// bootSector is the common part of the BIOS parameter block (specification 3.1).
type bootSector struct {
	Jump          [3]byte
	OEM           [8]byte
	SectorSize    uint16
	PerCluster    uint8
	Reserved      uint16
	FATs          uint8
	RootEntries   uint16
	Total16       uint16
	Media         uint8
	FATSize16     uint16
	PerTrack      uint16
	Heads         uint16
	HiddenSectors uint32
	Total32       uint32
}

// extended32 follows for FAT32 (3.3), extended in all cases (3.2).
type extended32 struct {
	FATSize     uint32
	Flags       uint16
	Version     uint16
	RootCluster uint32
	FSInfo      uint16
	BackupBoot  uint16
	_           [12]byte
}

type extended struct {
	Drive     uint8
	_         uint8
	Signature uint8 // 0x29
	Serial    uint32
	Label     [11]byte
	Type      [8]byte
}

const (
	media      = 0xf8
	infoSector = 1
	backupBoot = 6
)

// stub prints nothing and asks the BIOS for the next boot device (int 18h).
func stub() []byte { return []byte{0xcd, 0x18, 0xf4, 0xeb, 0xfd} }

// encodeBoot returns the boot sector.
func encodeBoot(g *geometry, o Options) []byte {
	b := bootSector{OEM: [8]byte([]byte("mkfs.fat")), SectorSize: uint16(g.sector), PerCluster: uint8(g.perCluster),
		Reserved: uint16(g.reserved), FATs: 2, RootEntries: uint16(g.rootEntries), Media: media,
		PerTrack: 63, Heads: 255, HiddenSectors: o.HiddenSectors}
	if g.total < 1<<16 && g.bits != 32 {
		b.Total16 = uint16(g.total)
	} else {
		b.Total32 = uint32(g.total)
	}
	e := extended{Drive: 0x80, Signature: 0x29, Serial: o.Serial, Label: paddedLabel(o.Label)}
	copy(e.Type[:], fmt.Sprintf("FAT%-5d", g.bits))
	headerSize := 62
	if g.bits == 32 {
		headerSize = 90
	} else {
		b.FATSize16 = uint16(g.fat)
	}
	b.Jump = [3]byte{0xeb, byte(headerSize - 2), 0x90}
	raw, _ := binary.Append(nil, binary.LittleEndian, b)
	if g.bits == 32 {
		raw, _ = binary.Append(raw, binary.LittleEndian, extended32{FATSize: uint32(g.fat), RootCluster: 2,
			FSInfo: infoSector, BackupBoot: backupBoot})
	}
	raw, _ = binary.Append(raw, binary.LittleEndian, e)
	raw = append(raw, stub()...)
	raw = append(raw, make([]byte, g.sector-len(raw))...)
	raw[510], raw[511] = 0x55, 0xaa
	return raw
}

func paddedLabel(label string) (b [11]byte) {
	if label == "" {
		label = "NO NAME"
	}
	copy(b[:], fmt.Sprintf("%-11s", label))
	return b
}

// encodeInfo returns the FSInfo sector of a FAT32 (5).
func encodeInfo(sector int, free, next uint32) []byte {
	raw := make([]byte, sector)
	copy(raw, "RRaA")
	copy(raw[484:], "rrAa")
	binary.LittleEndian.PutUint32(raw[488:], free)
	binary.LittleEndian.PutUint32(raw[492:], next)
	raw[510], raw[511] = 0x55, 0xaa
	return raw
}

// volume is what a boot sector says.
type volume struct {
	geometry
	rootCluster uint32
	serial      uint32
	label       string
}

// decodeBoot reads and checks a boot sector of at least 512 bytes; size is that of
// the device.
func decodeBoot(raw []byte, size int64) (*volume, error) {
	var b bootSector
	n, err := binary.Decode(raw, binary.LittleEndian, &b)
	if err != nil || raw[510] != 0x55 || raw[511] != 0xaa {
		return nil, damaged("boot sector has no signature")
	}
	if b.SectorSize < 512 || b.SectorSize > 4096 || b.SectorSize&(b.SectorSize-1) != 0 ||
		b.PerCluster == 0 || b.PerCluster&(b.PerCluster-1) != 0 || b.FATs != 2 && b.FATs != 1 || b.Reserved == 0 {
		return nil, damaged("boot sector has impossible values")
	}
	v := &volume{geometry: geometry{bits: 16, sector: int(b.SectorSize), perCluster: int64(b.PerCluster),
		reserved: int64(b.Reserved), fat: int64(b.FATSize16), rootEntries: int64(b.RootEntries),
		total: max(int64(b.Total16), int64(b.Total32))}}
	if b.FATSize16 == 0 {
		var e extended32
		m, _ := binary.Decode(raw[n:], binary.LittleEndian, &e)
		n += m
		v.bits, v.fat, v.rootCluster = 32, int64(e.FATSize), e.RootCluster
	}
	var e extended
	_, _ = binary.Decode(raw[n:], binary.LittleEndian, &e)
	v.serial, v.label = e.Serial, trimLabel(e.Label[:])
	if b.FATs == 1 {
		return nil, damaged("only one FAT")
	}
	return v, v.finish(size)
}

// finish computes the number of clusters and checks every position.
func (v *volume) finish(size int64) error {
	if v.fat == 0 || v.total == 0 || v.total > size/int64(v.sector) || v.dataStart() >= v.total {
		return damaged("it does not fit into %d bytes", size)
	}
	v.clusters = (v.total - v.dataStart()) / v.perCluster
	if v.bits == 16 && v.clusters < 4085 {
		v.bits = 12
	}
	if (v.clusters+2)*int64(v.bits) > v.fat*int64(v.sector)*8 || v.clusters > max32+16 {
		return damaged("%d clusters are more than its table holds", v.clusters)
	}
	return nil
}
