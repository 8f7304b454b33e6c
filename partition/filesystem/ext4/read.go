package ext4

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/fimg/fimg/partition/filesystem"
	"github.com/fimg/fimg/partition/filesystem/inodes"
	"github.com/fimg/fimg/seed"
)

// ErrFormat says that something is no ext file system, or a damaged one.
var ErrFormat = errors.New("not a valid ext file system")

func damaged(format string, args ...any) error {
	return fmt.Errorf("read ext4: %s: %w", fmt.Sprintf(format, args...), ErrFormat)
}

// FS is an opened file system; it is a filesystem.Reader. Every checksum is
// verified before what it covers is used. A journal that was not replayed is an
// error, as what it holds would be missing.
type FS struct {
	r     io.ReaderAt
	super superblock
	g     geometry
	seed  uint32
	cache cache
	files inodes.Finder[uint32, *diskInode]
}

// Open reads and checks the superblock of a device of size bytes.
func Open(r io.ReaderAt, size int64) (*FS, error) {
	raw := make([]byte, superSize)
	if size < superOffset+superSize {
		return nil, damaged("%d bytes are too few", size)
	}
	if _, err := r.ReadAt(raw, superOffset); err != nil {
		return nil, fmt.Errorf("read ext4: superblock: %w", err)
	}
	fs := &FS{r: r}
	fs.files.Source = fs.source()
	_, _ = binary.Decode(raw, binary.LittleEndian, &fs.super)
	s := &fs.super
	if s.Magic != superMagic {
		return nil, damaged("no magic number")
	}
	if s.ROCompat&roMetadataCsum != 0 && crc(^uint32(0), raw[:superSize-4]) != s.Checksum {
		return nil, damaged("checksum of the superblock")
	}
	return fs, fs.check(size)
}

// readable are the incompatible features the reader understands; encrypted names
// and inline data are met file by file.
const readable = incompatFiletype | incompatMetaBG | incompatExtents | incompat64bit | incompatFlexBG |
	incompatEAInode | incompatCsumSeed | incompatLargeDir | incompatInline | incompatEncrypt

// check validates every number of the superblock that is used.
func (fs *FS) check(size int64) error {
	s := &fs.super
	switch {
	case s.Incompat&incompatRecover != 0:
		return fmt.Errorf("read ext4: the journal needs to be replayed: mount it once or run e2fsck")
	case s.Incompat&^uint32(readable) != 0:
		return damaged("unknown incompatible features %#x", s.Incompat&^uint32(readable))
	case s.LogBlockSize > 6 || s.BlocksPerGroup == 0 || s.InodesPerGroup == 0 || s.InodesPerGroup > 8<<(10+s.LogBlockSize):
		return damaged("impossible superblock")
	}
	g := &fs.g
	g.features = features{s.Compat, s.Incompat, s.ROCompat}
	g.block, g.blocks = 1024<<s.LogBlockSize, int64(s.BlocksLo)
	g.inodeSize, g.descSize = smallInode, 32
	if s.Revision > 0 {
		g.inodeSize = int64(s.InodeSize)
	}
	if s.Incompat&incompat64bit != 0 {
		g.blocks |= int64(s.BlocksHi) << 32
		g.descSize = int64(s.DescSize)
	}
	g.first, g.perGroup, g.inodes = int64(s.FirstDataBlock), int64(s.BlocksPerGroup), int64(s.InodesPerGroup)
	g.backups = s.BackupGroups
	switch {
	case !power(int(g.inodeSize)) || g.inodeSize < smallInode || g.inodeSize > g.block:
		return damaged("inode size %d", g.inodeSize)
	case g.descSize < 32 || g.descSize > 1024 || !power(int(g.descSize)) || s.Incompat&incompat64bit != 0 && g.descSize < 64:
		return damaged("descriptor size %d", g.descSize)
	case g.first > 1 || g.blocks <= g.first || g.blocks > size/g.block:
		return damaged("%d blocks do not fit into %d bytes", g.blocks, size)
	}
	g.groups = ceil(g.blocks-g.first, g.perGroup)
	g.gdt = ceil(g.groups, g.perDesc())
	if int64(s.InodesCount) != g.groups*g.inodes || g.groups > math.MaxUint32 {
		return damaged("%d inodes in %d groups", s.InodesCount, g.groups)
	}
	fs.seed = crc(^uint32(0), s.UUID[:])
	if s.Incompat&incompatCsumSeed != 0 {
		fs.seed = s.ChecksumSeed
	}
	return nil
}

func (fs *FS) sums() bool { return fs.super.ROCompat&roMetadataCsum != 0 }

// Info implements filesystem.Reader.
func (fs *FS) Info() filesystem.Info {
	s := &fs.super
	free := int64(s.FreeBlocksLo)
	if s.Incompat&incompat64bit != 0 {
		free |= int64(s.FreeBlocksHi) << 32
	}
	kind := "ext4"
	switch {
	case s.Incompat&(incompatExtents|incompat64bit|incompatFlexBG) != 0 || s.ROCompat&(roHugeFile|roMetadataCsum|roExtraISize) != 0:
	case s.Compat&compatJournal != 0:
		kind = "ext3"
	default:
		kind = "ext2"
	}
	label, _, _ := bytes.Cut(s.Label[:], []byte{0})
	return filesystem.Info{Type: kind, Label: string(bytes.ToValidUTF8(label, []byte("?"))), UUID: seed.UUID(s.UUID).String(),
		Size: fs.g.blocks * fs.g.block, Free: min(max(0, free), fs.g.blocks) * fs.g.block, BlockSize: int(fs.g.block), Features: fs.g.names()}
}

// readBlock reads one block.
func (fs *FS) readBlock(at int64) ([]byte, error) {
	if at < fs.g.first || at >= fs.g.blocks {
		return nil, damaged("block %d is outside", at)
	}
	raw := make([]byte, fs.g.block)
	if _, err := fs.r.ReadAt(raw, at*fs.g.block); err != nil {
		return nil, fmt.Errorf("read ext4: block %d: %w", at, err)
	}
	return raw, nil
}

// readDescriptor reads and verifies the descriptor of a group.
func (fs *FS) readDescriptor(group int64) (d groupDesc, err error) {
	index, at := group/fs.g.perDesc(), group%fs.g.perDesc()*fs.g.descSize
	block := fs.g.first + 1 + index
	if fs.super.Incompat&incompatMetaBG != 0 && index >= int64(fs.super.FirstMetaBG) {
		home := index * fs.g.perDesc()
		block = fs.g.start(home)
		if fs.g.hasSuper(home) {
			block++
		}
	}
	raw, err := fs.readBlock(block)
	if err != nil {
		return d, err
	}
	raw = raw[at : at+fs.g.descSize]
	full := append(bytes.Clone(raw), make([]byte, 64)...)
	_, _ = binary.Decode(full, binary.LittleEndian, &d)
	if descChecksum(fs.g.features, fs.seed, fs.super.UUID, uint32(group), raw) != d.Checksum && fs.lazy() {
		return d, damaged("checksum of group %d", group)
	}
	if fs.super.Incompat&incompat64bit == 0 {
		d.InodeTableHi = 0
	}
	return d, nil
}

func (fs *FS) lazy() bool { return fs.super.ROCompat&(roMetadataCsum|roUninitBG) != 0 }

// diskInode is an inode as read.
type diskInode struct {
	rawInode
	number uint32
	size   int64
	seed   uint32 // of checksums
	raw    []byte
}

// inode reads and verifies an inode.
func (fs *FS) inode(number uint32) (*diskInode, error) {
	if number == 0 || number > fs.super.InodesCount {
		return nil, damaged("inode %d does not exist", number)
	}
	group, index := int64(number-1)/fs.g.inodes, int64(number-1)%fs.g.inodes
	d, err := fs.descriptor(group)
	if err != nil {
		return nil, err
	}
	table := int64(d.InodeTableLo) | int64(d.InodeTableHi)<<32
	at := index * fs.g.inodeSize
	block, err := fs.readBlock(table + at/fs.g.block)
	if err != nil {
		return nil, err
	}
	at %= fs.g.block
	i := &diskInode{number: number, raw: block[at : at+fs.g.inodeSize]}
	full := append(bytes.Clone(i.raw), make([]byte, inodeExtraOffset)...)
	_, _ = binary.Decode(full, binary.LittleEndian, &i.rawInode)
	i.size = int64(i.SizeLo) | int64(i.SizeHi)<<32
	i.seed = inodeSeed(fs.seed, number, i.Generation)
	if i.size < 0 || i.size > 1<<60 {
		return nil, damaged("inode %d has an impossible size", number)
	}
	return i, fs.verifyInode(i)
}

func (fs *FS) verifyInode(i *diskInode) error {
	if !fs.sums() {
		return nil
	}
	raw := bytes.Clone(i.raw)
	want := uint32(i.ChecksumLo)
	binary.LittleEndian.PutUint16(raw[inodeChecksumLo:], 0)
	got := uint32(0)
	if len(raw) > smallInode && i.ExtraISize >= 4 {
		want |= uint32(i.ChecksumHi) << 16
		binary.LittleEndian.PutUint16(raw[inodeChecksumHi:], 0)
		got = inodeChecksum(fs.seed, i.number, raw)
	} else {
		got = inodeChecksum(fs.seed, i.number, raw) & 0xffff
	}
	if got != want {
		return damaged("checksum of inode %d", i.number)
	}
	return nil
}
