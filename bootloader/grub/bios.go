package grub

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

const sector = 512

// bootSector is GRUB's boot.img as boot.S lays it out. What the BIOS parameter
// block, the disk signature and the partition table hold belongs to the disk.
type bootSector struct {
	Jump         [3]byte
	BPB          [0x57]byte // 0x03: parameter block, left to the disk
	Version      [2]byte    // 0x5a
	CoreSector   uint64     // 0x5c: first sector of the core image
	BootDrive    uint8      // 0x64: 0xff takes the drive the BIOS passes
	Pad          uint8
	DriveCheck   [2]byte // 0x66: two no-operations accept any drive number
	Code         [0x150]byte
	Signature    [6]byte // 0x1b8: disk signature and two bytes of zero
	Table        [64]byte
	MagicTrailer uint16
}

// blockList is the last entry of the first core sector (diskboot.S): where the
// rest of the core image lies and where it is loaded.
type blockList struct {
	Start   uint64 // sector
	Sectors uint16
	Segment uint16 // of the load address
}

const (
	blockListAt = sector - 12
	// coreSegment is where diskboot loads what follows it: 0x8000 plus the
	// sector it occupies itself.
	coreSegment = 0x800 + sector>>4
	maxCore     = 0xffff * sector
)

// ErrBootCode says that a boot or core image is not what GRUB makes.
var ErrBootCode = errors.New("not a GRUB boot image")

// WriteBIOS installs boot code: boot.img becomes the code of the disk's first
// sector, keeping signature and partition table there, and core is written at
// byte offset at, where at most room bytes belong to it (the BIOS boot
// partition, or the gap behind an MBR table).
func WriteBIOS(disk interface {
	io.ReaderAt
	io.WriterAt
}, boot, core []byte, at, room int64) error {
	if int64(len(core)) > room || len(core) > maxCore {
		return fmt.Errorf("write bios boot code: core image has %d bytes, there is room for %d", len(core), room)
	}
	placed, err := placeCore(core, uint64(at/sector))
	if err != nil {
		return fmt.Errorf("write bios boot code: %w", err)
	}
	first := make([]byte, sector)
	if _, err := disk.ReadAt(first, 0); err != nil && err != io.EOF {
		return fmt.Errorf("write bios boot code: %w", err)
	}
	merged, err := mergeBoot(boot, first, uint64(at/sector))
	if err != nil {
		return fmt.Errorf("write bios boot code: %w", err)
	}
	if _, err := disk.WriteAt(placed, at); err != nil {
		return fmt.Errorf("write core image: %w", err)
	}
	if _, err := disk.WriteAt(merged, 0); err != nil {
		return fmt.Errorf("write boot sector: %w", err)
	}
	return nil
}

// mergeBoot combines GRUB's code with the disk's own fields of the first sector.
func mergeBoot(boot, disk []byte, core uint64) ([]byte, error) {
	var code, have bootSector
	if len(boot) != sector || boot[510] != 0x55 || boot[511] != 0xaa {
		return nil, ErrBootCode
	}
	if err := errors.Join(decode(boot, &code), decode(disk, &have)); err != nil {
		return nil, err
	}
	code.BPB, code.Signature, code.Table = have.BPB, have.Signature, have.Table
	code.CoreSector = core
	code.BootDrive = 0xff
	code.DriveCheck = [2]byte{0x90, 0x90}
	return encode(&code)
}

// placeCore returns the core image, padded to whole sectors, with the block list
// for a contiguous place at the given sector.
func placeCore(core []byte, at uint64) ([]byte, error) {
	if len(core) < 2*sector {
		return nil, ErrBootCode
	}
	sectors := (len(core) + sector - 1) / sector
	out := make([]byte, sectors*sector)
	copy(out, core)
	list, err := encode(&blockList{Start: at + 1, Sectors: uint16(sectors - 1), Segment: coreSegment})
	if err != nil {
		return nil, err
	}
	copy(out[blockListAt:sector], list)
	clear(out[blockListAt-len(list) : blockListAt])
	return out, nil
}

func decode(b []byte, v any) error {
	_, err := binary.Decode(b, binary.LittleEndian, v)
	return err
}

func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	err := binary.Write(&b, binary.LittleEndian, v)
	return b.Bytes(), err
}
