// Package ext4 writes and reads ext4, ext3 and ext2, after the kernel's
// documentation (Documentation/filesystems/ext4).
//
// A file system is planned first: inode numbers and blocks are given out in the
// order of the tree, one file after the other, so that the same tree gives the same
// bits with any number of workers. Then contents are copied to their places in
// parallel and the metadata is written. It can grow online: the resize inode
// reserves descriptors for 1024 times its size as mke2fs does.
//
// A directory "lost+found" of the tree becomes the file system's own, so that it
// can carry a label. Left out are inline data, bigalloc, quota, casefolding,
// encryption of what is written, extended attributes larger than a block, and
// replaying a journal when reading.
package ext4

import (
	"fmt"
	"time"

	"github.com/fimg/fimg/fault"
	"github.com/fimg/fimg/tree"
)

// Options shape a file system. Only Size has no useful zero value; ParseArgs fills
// in the others from the words of an mke2fs command line.
type Options struct {
	// Size of the file system in bytes; what is no whole block stays unused.
	Size int64
	// Kind is "ext4" (also when empty), "ext3" or "ext2".
	Kind string
	// Label has at most 16 bytes.
	Label string
	// UUID names the file system, HashSeed starts the directory hashes.
	UUID, HashSeed [16]byte
	// Time is that of creation, and of inodes the tree does not have.
	Time time.Time
	// Workers copy contents; zero is one for each processor.
	Workers int

	// Features changes the features of the kind, as the words of mke2fs -O.
	Features []string
	// BlockSize is 1024, 2048, 4096 (also when zero) up to 65536 bytes.
	BlockSize int
	// InodeSize is 128 or more bytes, a power of two; zero is 256.
	InodeSize int
	// Inodes is their number; zero is one for each InodeRatio bytes, and at least
	// what the tree needs. InodeRatio zero is 16384, below 512 MiB 4096.
	Inodes, InodeRatio int64
	// Reserved is the percentage of blocks for root; nil is 5.
	Reserved *float64
	// JournalSize in bytes; zero chooses by size.
	JournalSize int64
	// OrphanFileSize in bytes; zero chooses by size.
	OrphanFileSize int64
	// MaxSize is what the resize inode is to allow for; zero is 1024 times Size.
	MaxSize int64
	// BlocksPerGroup and GroupsPerFlex; zero is 8 times the block size and 16.
	BlocksPerGroup, GroupsPerFlex int64
	// BackupSupers is the number of backups with sparse_super2: 0 to 2; nil is 2.
	BackupSupers *int
	// Stride and StripeWidth describe a RAID, in blocks.
	Stride, StripeWidth uint32
	// LostFound are the extended attributes, such as a label, of the directory
	// lost+found where the tree has none.
	LostFound []tree.Xattr
	// RootOwner replaces the owner of the root directory.
	RootOwner *Owner
	// LastMounted is the directory shown as the last one mounted on.
	LastMounted string
	// Errors is what the kernel does on errors: 1 continue (also when zero), 2
	// remount read-only, 3 panic.
	Errors uint16
}

// Owner is a user and a group id.
type Owner struct{ UID, GID uint32 }

// OptionError says that the options make no sense or ask for what is not there.
type OptionError struct{ Reason string }

func (e *OptionError) Error() string { return "make ext4: " + e.Reason }

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

func (e *ContentError) Error() string { return fmt.Sprintf("write ext4: %s: %s", e.Path, e.Reason) }

// FaultClass is fault.Description.
func (e *ContentError) FaultClass() fault.Class { return fault.Description }

// check validates the options and fills in those that depend on nothing else.
func (o *Options) check() (f features, err error) {
	if o.Kind == "" {
		o.Kind = "ext4"
	}
	o.BlockSize = orDefault(o.BlockSize, 4096)
	o.InodeSize = orDefault(o.InodeSize, 256)
	o.BlocksPerGroup = orDefault(o.BlocksPerGroup, min(65528, int64(8*o.BlockSize)))
	o.GroupsPerFlex = orDefault(o.GroupsPerFlex, 16)
	o.Errors = orDefault(o.Errors, 1)
	if o.InodeRatio == 0 {
		o.InodeRatio = ratioFor(o.Size)
	}
	switch {
	case o.Kind != "ext2" && o.Kind != "ext3" && o.Kind != "ext4":
		return f, badOption("unknown kind %q", o.Kind)
	case !power(o.BlockSize) || o.BlockSize < 1024 || o.BlockSize > 65536:
		return f, badOption("block size %d", o.BlockSize)
	case !power(o.InodeSize) || o.InodeSize < smallInode || o.InodeSize > o.BlockSize:
		return f, badOption("inode size %d", o.InodeSize)
	case o.BlocksPerGroup < 256 || o.BlocksPerGroup > min(65528, int64(8*o.BlockSize)) || o.BlocksPerGroup%8 != 0:
		return f, badOption("%d blocks per group", o.BlocksPerGroup)
	case !power(int(o.GroupsPerFlex)) || o.GroupsPerFlex > 1<<20:
		return f, badOption("%d groups in a flex group", o.GroupsPerFlex)
	case o.InodeRatio < 1024 || o.InodeRatio > 64<<20 || o.Inodes < 0 || o.Inodes > 1<<32-1:
		return f, badOption("number of inodes out of range")
	case len(o.Label) > 16:
		return f, badOption("label %q has more than 16 bytes", o.Label)
	case o.Size < 0 || o.Size > 1<<56:
		return f, badOption("size %d out of range", o.Size)
	case o.Reserved != nil && (*o.Reserved < 0 || *o.Reserved > 50):
		return f, badOption("%g %% reserved", *o.Reserved)
	}
	f = defaults(o.Kind)
	if err := f.apply(o.Features); err != nil {
		return f, err
	}
	if o.InodeSize == smallInode {
		f.ro &^= roExtraISize
	}
	return f, f.settle()
}

// ratioFor is the bytes per inode mke2fs.conf gives a size.
func ratioFor(size int64) int64 {
	switch {
	case size < 512<<20:
		return 4096
	case size < 4<<40:
		return 16384
	case size < 16<<40:
		return 32768
	}
	return 65536
}

func power(n int) bool { return n > 0 && n&(n-1) == 0 }

func orDefault[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}

func ceil(n, unit int64) int64    { return (n + unit - 1) / unit }
func roundUp(n, unit int64) int64 { return ceil(n, unit) * unit }
