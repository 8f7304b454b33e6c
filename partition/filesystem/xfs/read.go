package xfs

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/bits"

	"github.com/fimg/fimg/partition/filesystem"
	"github.com/fimg/fimg/partition/filesystem/inodes"
	"github.com/fimg/fimg/seed"
)

// ErrFormat says that something is no XFS of version 5, or a damaged one.
var ErrFormat = errors.New("not a valid xfs of version 5")

func damaged(format string, args ...any) error {
	return fmt.Errorf("read xfs: %s: %w", fmt.Sprintf(format, args...), ErrFormat)
}

// FS is an opened file system; it is a filesystem.Reader. Every checksum is
// verified before what it covers is used. The log is not read: what a file system
// that was not unmounted has only there is missing.
type FS struct {
	r     io.ReaderAt
	super superblock
	files inodes.Finder[uint64, *diskInode]
	// isTrusting leaves checksums out, for tests of what lies behind them.
	isTrusting bool
}

// Open reads and checks the superblock of a device of size bytes.
func Open(r io.ReaderAt, size int64) (*FS, error) { return open(r, size, false) }

func open(r io.ReaderAt, size int64, isTrusting bool) (*FS, error) {
	raw := make([]byte, 512)
	if size < int64(len(raw)) {
		return nil, damaged("%d bytes are too few", size)
	}
	if _, err := r.ReadAt(raw, 0); err != nil {
		return nil, fmt.Errorf("read xfs: superblock: %w", err)
	}
	fs := &FS{r: r, isTrusting: isTrusting}
	_, _ = binary.Decode(raw, binary.BigEndian, &fs.super)
	s := &fs.super
	switch {
	case s.Magic != superMagic:
		return nil, damaged("no magic number")
	case s.Version&0xf != 5 || s.SectorSize < 512 || s.SectorSize > 32768 || s.SectorSize&(s.SectorSize-1) != 0:
		return nil, damaged("version %d with sectors of %d bytes", s.Version&0xf, s.SectorSize)
	}
	raw = make([]byte, s.SectorSize)
	if _, err := r.ReadAt(raw, 0); err != nil {
		return nil, fmt.Errorf("read xfs: superblock: %w", err)
	}
	if !fs.sealed(raw, superChecksum) {
		return nil, damaged("checksum of the superblock")
	}
	fs.files.Source = fs.source()
	return fs, fs.check(size)
}

// sealed verifies the checksum of a block.
func (fs *FS) sealed(raw []byte, at int) bool {
	if fs.isTrusting {
		return true
	}
	table := crc32.MakeTable(crc32.Castagnoli)
	sum := crc32.Update(0, table, raw[:at])
	sum = crc32.Update(sum, table, make([]byte, 4))
	sum = crc32.Update(sum, table, raw[at+4:])
	return sum == binary.LittleEndian.Uint32(raw[at:])
}

// readable are the incompatible features the reader understands.
const readable = inFileType | inSparse | inMetaUUID | inBigTime | inBigExtents

// check validates every number of the superblock that is used.
func (fs *FS) check(size int64) error {
	s := &fs.super
	switch {
	case s.Incompat&inNeedsRepair != 0:
		return damaged("it needs repair")
	case s.Incompat&^readable != 0 || s.Incompat&inFileType == 0:
		return damaged("incompatible features %#x", s.Incompat)
	case s.BlockLog < 9 || s.BlockLog > 16 || s.BlockSize != 1<<s.BlockLog || s.DirLog > 7 || int(s.BlockLog)+int(s.DirLog) > 16:
		return damaged("blocks of %d bytes, of directories 2^%d", s.BlockSize, s.DirLog)
	case s.InodeSize < 256 || s.InodeSize > 2048 || bits.OnesCount16(s.InodeSize) != 1 || s.InodeSize > uint16(min(s.BlockSize, 32768)):
		return damaged("inodes of %d bytes", s.InodeSize)
	case s.Blocks > uint64(size)>>s.BlockLog || s.Blocks == 0:
		return damaged("%d blocks do not fit into %d bytes", s.Blocks, size)
	case s.GroupBlocks == 0 || s.GroupLog > 31 || uint64(s.GroupBlocks) > 1<<s.GroupLog:
		return damaged("groups of %d blocks", s.GroupBlocks)
	}
	return nil
}

// Is tells whether a device begins with the magic number of XFS.
func Is(r io.ReaderAt) bool {
	raw := make([]byte, 4)
	_, err := r.ReadAt(raw, 0)
	return err == nil && binary.BigEndian.Uint32(raw) == superMagic
}

// Info implements filesystem.Reader.
func (fs *FS) Info() filesystem.Info {
	s := &fs.super
	label, _, _ := bytes.Cut(s.Label[:], []byte{0})
	return filesystem.Info{Type: "xfs", Label: string(bytes.ToValidUTF8(label, []byte("?"))), UUID: seed.UUID(s.UUID).String(),
		Size: int64(s.Blocks) << s.BlockLog, Free: int64(min(s.FreeBlocks, s.Blocks)) << s.BlockLog, BlockSize: int(s.BlockSize),
		Features: fs.features()}
}

func (fs *FS) features() (list []string) {
	s := &fs.super
	for _, f := range []struct {
		word uint32
		bit  uint32
		name string
	}{{s.ROCompat, roFreeInodes, "finobt"}, {s.ROCompat, roReverseMap, "rmapbt"}, {s.ROCompat, roReflink, "reflink"},
		{s.ROCompat, roInodeCounts, "inobtcount"}, {s.Incompat, inSparse, "sparse"}, {s.Incompat, inBigTime, "bigtime"},
		{s.Incompat, inBigExtents, "nrext64"}} {
		if f.word&f.bit != 0 {
			list = append(list, f.name)
		}
	}
	return list
}

// place is where a block of the file system lies, in bytes, with at least count
// blocks from there on in its group.
func (fs *FS) place(block, count uint64) (int64, error) {
	s := &fs.super
	group, at := block>>s.GroupLog, block&(1<<s.GroupLog-1)
	linear := group*uint64(s.GroupBlocks) + at
	if group >= uint64(s.Groups) || at+count > uint64(s.GroupBlocks) || linear+count > s.Blocks {
		return 0, damaged("block %d is outside", block)
	}
	return int64(linear) << s.BlockLog, nil
}

// blocks reads blocks that follow each other.
func (fs *FS) blocks(block, count uint64) ([]byte, error) {
	at, err := fs.place(block, count)
	if err != nil {
		return nil, err
	}
	raw := make([]byte, count<<fs.super.BlockLog)
	if _, err := fs.r.ReadAt(raw, at); err != nil {
		return nil, fmt.Errorf("read xfs: block %d: %w", block, err)
	}
	return raw, nil
}

// diskInode is an inode as read.
type diskInode struct {
	rawInode
	data, attr []byte // forks
}

// inode reads and verifies an inode.
func (fs *FS) inode(number uint64) (*diskInode, error) {
	perBlock := uint64(fs.super.BlockSize) / uint64(fs.super.InodeSize)
	raw, err := fs.blocks(number/perBlock, 1)
	if err != nil {
		return nil, err
	}
	at := number % perBlock * uint64(fs.super.InodeSize)
	raw = raw[at : at+uint64(fs.super.InodeSize)]
	i := &diskInode{}
	_, _ = binary.Decode(raw, binary.BigEndian, &i.rawInode)
	switch fork := inodeHead + 8*int(i.ForkOffset); {
	case i.Magic != inodeMagic || i.Version != 3 || i.Number != number || !fs.sealed(raw, inodeChecksum):
		return nil, damaged("inode %d", number)
	case i.Size > 1<<62:
		return nil, damaged("inode %d has an impossible size", number)
	case i.ForkOffset == 0:
		i.data = raw[inodeHead:]
	case fork > len(raw):
		return nil, damaged("forks of inode %d", number)
	default:
		i.data, i.attr = raw[inodeHead:fork], raw[fork:]
	}
	return i, nil
}
