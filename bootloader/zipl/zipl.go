// Package zipl makes a disk of s390x start Linux by list-directed IPL, as the
// program of that name does (s390-tools, MIT licence): a boot record in the first
// sector, and in the file system of /boot a file "bootmap" with the tables that
// lead the firmware to the blocks of the third stage loader, of the kernel, its
// parameters and the initial RAM disk.
//
// The formats are those of s390-tools' boot_defs.h and loaders_layout.h for disks
// that are addressed by number ("SCSI"; virtio and FCP disks). Nothing is run and
// nothing mounted: the caller says where the files lie on the disk.
//
// Left out: DASD (ECKD and FBA), dump devices, the menu of the second stage, and
// signature components for secure IPL, which zipl itself adds only on a machine
// whose firmware has it.
package zipl

import (
	"errors"
	"fmt"
	"io"
)

// stage3Paths are where distributions keep the loader's third stage.
var stage3Paths = []string{"usr/lib/s390-tools/stage3.bin", "lib/s390-tools/stage3.bin"}

// Bootmap is the path of the boot map below the boot file system.
const Bootmap = "bootmap"

// Extent is a run of bytes of a file and where it lies on the disk. Both are
// multiples of the sector, but for the last length of a file.
type Extent struct {
	File   int64 // offset in the file
	Disk   int64 // offset on the disk
	Length int64
}

// File is where a file of the boot file system lies.
type File struct {
	Size    int64
	Extents []Extent // in the file's order; gaps are holes
}

// Program is one entry of the boot map.
type Program struct {
	Kernel     File
	Initrd     *File // nil for none
	Parameters string
}

// Options say what to write.
type Options struct {
	Programs   []Program // the first is started; 1 to 30
	Stage3     []byte    // the third stage loader without a signature
	Bootmap    File      // as Reserve made it, written by the file system's writer
	SectorSize int       // 0 is 512
}

// MaxPrograms is how many entries a boot map has room for.
const MaxPrograms = 30

// reserved is the room in the boot map for one program: heap and stack of the
// third stage, the loader, its parameters, the kernel's, the environment, and
// tables for some hundreds of fragments.
const reserved = 160 << 10

// Size is the size of a boot map with room for a number of programs.
func Size(programs int) int64 { return headerRoom + int64(programs)*reserved }

// Install writes the boot map's content into its place and the boot record into
// the disk's first sector, whose partition table stays.
func Install(disk io.WriterAt, opts Options) error {
	if opts.SectorSize == 0 {
		opts.SectorSize = 512
	}
	if len(opts.Programs) == 0 || len(opts.Programs) > MaxPrograms {
		return fmt.Errorf("install zipl: %d boot entries, 1 to %d are possible", len(opts.Programs), MaxPrograms)
	}
	m := &mapper{sector: int64(opts.SectorSize), file: opts.Bootmap, data: make([]byte, 0, opts.Bootmap.Size)}
	table, err := m.build(&opts)
	if err != nil {
		return fmt.Errorf("install zipl: %w", err)
	}
	if err := m.write(disk); err != nil {
		return fmt.Errorf("install zipl: write boot map: %w", err)
	}
	if _, err := disk.WriteAt(encode(bootRecord{Magic: magic, Version: recordVersion, Table: table}), 0); err != nil {
		return fmt.Errorf("install zipl: write boot record: %w", err)
	}
	return nil
}

// Installed tells whether a disk begins with a boot record of zipl.
func Installed(disk io.ReaderAt) bool {
	var m [4]byte
	_, err := disk.ReadAt(m[:], 0)
	return err == nil && m == magic
}

var errRoom = errors.New("the files are in too many pieces for the boot map")
