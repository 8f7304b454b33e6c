// Package btrfs writes and reads btrfs file systems.
//
// The writer turns a Tree into a complete file system in one pass: contents are
// read once, compressed and checksummed on all cores, and written straight to
// their final place; the trees are loaded bottom up in key order. The same input
// gives the same bits whatever the number of workers.
//
// The format is that of the kernel's documentation
// (https://btrfs.readthedocs.io/en/latest/dev/On-disk-format.html), as of Linux
// 6.18: skinny metadata, extended references, no-holes, free-space tree. Left out:
// several devices, RAID profiles, mixed block groups, zoned devices, shared
// extents (reflinks and snapshots), fs-verity, encryption.
package btrfs

import (
	"context"
	"io"
	"time"

	"github.com/fimg/fimg/event"
	"github.com/fimg/fimg/seed"
	"github.com/fimg/fimg/tree"
)

// Options shape the file system. The zero value of everything but Size and UUID
// gives what mkfs.btrfs makes by default on one device of 4 KiB pages.
type Options struct {
	Label string    // at most 255 bytes, no line feed
	UUID  seed.UUID // of the file system
	Seed  seed.Seed // device, chunk-tree and subvolume UUIDs come from it
	Size  int64     // bytes of the device; what is beyond the last whole sector is unused

	NodeSize   int // 4096 to 65536, a power of two; zero: the larger of 16384 and the sector size
	SectorSize int // 4096 to 65536, a power of two; zero: 4096
	Checksum   Checksum

	Compression Compression
	// MaxInline is the size in bytes up to which contents are kept in the
	// metadata, as the mount option max_inline; zero: 2048, negative: none.
	MaxInline int

	// Root is the location of the subvolume that holds the root of the tree,
	// such as "root" or "@"; empty: the top level holds it.
	Root         string
	RootReadOnly bool
	RootDefault  bool // mount it when nothing else is asked for
	RootNoCOW    bool
	NoDataCOW    bool // the mount option nodatacow: all regular files
	Subvolumes   []Subvolume

	Quota           Quota
	MetadataSingle  bool // one copy of the metadata instead of two
	BlockGroupTree  bool // keep block groups in a tree of their own
	NoFreeSpaceTree bool // leave out the free-space tree
	NoHolesDisabled bool // write explicit hole extents, as before Linux 5.15
	Time            time.Time
	Workers         int // zero: one for each processor
	Events          event.Func
}

// Subvolume is one subvolume besides that of the root.
type Subvolume struct {
	// Path is the directory of the tree whose attributes and contents the
	// subvolume gets, such as "var/log". Where it is empty or not in the tree,
	// the subvolume is empty.
	Path string
	// Location is where the subvolume is, seen from the top level: "home",
	// "@/home". Directories missing on the way are made. Where the subvolume
	// is not at its own place inside the parent, an empty directory stays
	// there as mount point.
	Location string
	ReadOnly bool
	Default  bool  // mount it when nothing else is asked for
	NoCOW    bool  // chattr +C on everything in it: no compression, no checksums
	Limit    int64 // quota limit in bytes of referenced data; zero: none; needs Quota
}

// Compression is the mount option compress or compress-force.
type Compression struct {
	Algo  Algo
	Level int  // zero: the default of the algorithm (zlib 3, zstd 3)
	Force bool // compress-force: try everything
}

// Algo is a compression algorithm; its values are those on disk.
type Algo uint8

// The algorithms.
const (
	None Algo = iota
	Zlib
	LZO
	ZSTD
)

// Checksum is a checksum algorithm; its values are those on disk.
type Checksum uint16

// The checksum algorithms.
const (
	CRC32C Checksum = iota
	XXHash64
	SHA256
	Blake2b
)

// Quota says how space is accounted to subvolumes.
type Quota int

// The kinds of accounting.
const (
	QuotaOff    Quota = iota
	QuotaFull         // qgroups, as by "btrfs quota enable"
	QuotaSimple       // simple quotas, Linux 6.7
)

// Result tells what was written.
type Result struct {
	UsedBytes int64 // data and metadata, one copy each
	DataBytes int64 // on disk, after compression
	RawBytes  int64 // of the same data before compression
	Metadata  int64 // one copy
	Inodes    int64
	// Needed is a size in bytes that is enough for this content, with some
	// room for the kernel to work in.
	Needed int64
}

// Write writes the file system into w, whose offset zero is the start of the
// device. What is not written must read as zero. Content that does not fit gives
// a *filesystem.TooSmallError with the exact need; w then holds no valid file
// system.
func Write(ctx context.Context, w io.WriterAt, t tree.Tree, opts Options) (Result, error) {
	b, err := newBuilder(ctx, w, t, opts)
	if err != nil {
		return Result{}, err
	}
	return b.run()
}

// Plan does everything but writing: it reads and compresses all contents and
// returns the exact need. Size may be zero.
func Plan(ctx context.Context, t tree.Tree, opts Options) (Result, error) {
	if opts.Size == 0 {
		opts.Size = maxSize
	}
	b, err := newBuilder(ctx, nil, t, opts)
	if err != nil {
		return Result{}, err
	}
	return b.run()
}

// Estimate returns a size in bytes that is surely enough, assuming that nothing
// can be compressed. It reads no contents.
func Estimate(ctx context.Context, t tree.Tree, opts Options) (int64, error) {
	if opts.Size == 0 {
		opts.Size = maxSize
	}
	b, err := newBuilder(ctx, nil, t, opts)
	if err != nil {
		return 0, err
	}
	return b.needed(b.estimate.data), nil
}
