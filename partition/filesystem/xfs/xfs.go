// Package xfs writes and reads XFS version 5, after "XFS Algorithms & Data Structures" of the
// kernel's documentation project and what mkfs.xfs writes.
//
// A file system is planned first: its tree is divided among the allocation groups
// in walk order, so that each is used to the same degree and can grow where it is;
// within a group come inodes, then directories, then the contents of files, each in
// one piece. The same tree gives the same bits with any number of workers. Then
// contents are copied and the metadata is written.
//
// The geometry is that of mkfs.xfs: four allocation groups, a log of 64 MiB or
// more. Left out are real-time sections, external logs, quota, stripes, the
// reverse-mapping tree, version 4, directory blocks larger than a block, and more
// attributes of one inode than fit into a block (long values have blocks of their
// own); when reading, replaying a log.
package xfs

import (
	"fmt"
	"time"

	"github.com/fimg/fimg/fault"
	"github.com/fimg/fimg/tree"
)

// Options shape a file system. Only Size has no useful zero value; ParseArgs fills
// in the others from the words of a mkfs.xfs command line.
type Options struct {
	// Size of the file system in bytes; what is no whole block stays unused.
	Size int64
	// Label has at most 12 bytes.
	Label string
	UUID  [16]byte
	// Time is that of creation, and of inodes the tree does not have.
	Time time.Time
	// Workers copy contents; zero is one for each processor.
	Workers int

	// SectorSize is 512 (also when zero) or 4096 bytes.
	SectorSize int
	// InodeSize is 512 (also when zero), 1024 or 2048 bytes.
	InodeSize int
	// Groups is the number of allocation groups, GroupSize theirs in bytes; zero
	// chooses by size. At most one of them is given.
	Groups, GroupSize int64
	// LogSize in bytes; zero chooses by size.
	LogSize int64
	// MaxInodes is the percentage of space for inodes; zero chooses by size.
	MaxInodes int
	// Without turns off features that are on by default.
	Without Features
	// With turns on features that are off by default.
	With Features
}

// Features are what mkfs.xfs -m and -i can turn on or off.
type Features uint

// The features. All but BigExtents are on by default: kernels from 5.10 on and
// GRUB 2.06 know them.
const (
	FreeInodes  Features = 1 << iota // finobt
	Reflink                          // reflink
	BigTime                          // bigtime
	InodeCounts                      // inobtcount
	Sparse                           // sparse
	BigExtents                       // nrext64
)

const defaultFeatures = FreeInodes | Reflink | BigTime | InodeCounts | Sparse

func (o *Options) has(f Features) bool { return (defaultFeatures&^o.Without|o.With)&f != 0 }

// block is the size of a block, the only one every kernel can mount.
const (
	block     = 4096
	blockLog  = 12
	perSector = block / 512 // basic blocks
)

// OptionError says that the options make no sense or ask for what is not there.
type OptionError struct{ Reason string }

func (e *OptionError) Error() string { return "make xfs: " + e.Reason }

// FaultClass is fault.Description.
func (e *OptionError) FaultClass() fault.Class { return fault.Description }

func badOption(format string, args ...any) error {
	return &OptionError{fmt.Sprintf(format, args...)}
}

// ContentError says that something in the tree cannot be on this file system.
type ContentError struct {
	Path   string
	Reason string
}

func (e *ContentError) Error() string { return fmt.Sprintf("write xfs: %s: %s", e.Path, e.Reason) }

// FaultClass is fault.Description.
func (e *ContentError) FaultClass() fault.Class { return fault.Description }

// check validates the options and fills in those that depend on nothing else.
func (o *Options) check() error {
	o.SectorSize = orDefault(o.SectorSize, 512)
	o.InodeSize = orDefault(o.InodeSize, 512)
	switch {
	case o.SectorSize != 512 && o.SectorSize != 4096:
		return badOption("sectors of %d bytes", o.SectorSize)
	case o.InodeSize != 512 && o.InodeSize != 1024 && o.InodeSize != 2048:
		return badOption("inodes of %d bytes", o.InodeSize)
	case len(o.Label) > 12:
		return badOption("label %q has more than 12 bytes", o.Label)
	case o.Size < 0 || o.Size > 1<<55:
		return badOption("size %d out of range", o.Size)
	case o.Groups < 0 || o.GroupSize < 0 || o.LogSize < 0 || o.Groups != 0 && o.GroupSize != 0:
		return badOption("number and size of allocation groups")
	case o.MaxInodes < 0 || o.MaxInodes > 100:
		return badOption("%d %% for inodes", o.MaxInodes)
	case !o.has(FreeInodes) && o.has(InodeCounts):
		o.Without |= InodeCounts
	}
	return nil
}

func orDefault[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}

func ceil(n, unit int64) int64    { return (n + unit - 1) / unit }
func roundUp(n, unit int64) int64 { return ceil(n, unit) * unit }

// fileType is the type that a directory entry tells.
func fileType(kind uint32) uint8 {
	switch kind {
	case tree.TypeFile:
		return 1
	case tree.TypeDir:
		return 2
	case tree.TypeChar:
		return 3
	case tree.TypeBlock:
		return 4
	case tree.TypeFIFO:
		return 5
	case tree.TypeSocket:
		return 6
	case tree.TypeLink:
		return 7
	}
	return 0
}
