package btrfs

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/fimg/fimg/fault"
	"github.com/fimg/fimg/partition/filesystem"
	"github.com/fimg/fimg/tree"
)

// FS is an opened file system on one device. It is a tree of everything from the
// top level down, subvolumes included, and safe for concurrent use. Every block
// is verified against its checksum before it is used.
type FS struct {
	r      io.ReaderAt
	size   int64
	super  superBlock
	sum    Checksum
	chunks []readChunk
	roots  map[uint64]readRoot
	vols   map[uint64]*VolumeInfo

	mu     sync.Mutex
	blocks map[uint64][]byte
	decode decoder
}

// VolumeInfo is a subvolume as the file system lists it.
type VolumeInfo struct {
	ID       uint64 `json:"id"`
	Parent   uint64 `json:"parent"` // id of the subvolume it is in; zero of the top level
	Path     string `json:"path"`   // from the top level
	ReadOnly bool   `json:"readOnly,omitempty"`
	Default  bool   `json:"default,omitempty"`
	UUID     string `json:"uuid"`

	root uint64 // directory in the parent
	name string
}

// readChunk maps logical addresses to the device; later stripes are copies.
type readChunk struct {
	logical, length uint64
	kind            uint64
	stripes         []uint64
}

type readRoot struct {
	bytenr, flags uint64
	level         uint8
	uuid          [16]byte
}

// CorruptError says that what is on disk contradicts itself.
type CorruptError struct{ Detail string }

// Error tells what is wrong.
func (e *CorruptError) Error() string { return "read btrfs: " + e.Detail }

// FaultClass is fault.Signature, the class of wrong checksums.
func (e *CorruptError) FaultClass() fault.Class { return fault.Signature }

func corrupt(format string, args ...any) error {
	return &CorruptError{fmt.Sprintf(format, args...)}
}

// Open reads the super block, the chunks and the list of subvolumes. Size is that
// of the device.
func Open(r io.ReaderAt, size int64) (*FS, error) {
	f := &FS{r: r, size: size, blocks: map[uint64][]byte{}}
	if err := f.readSuper(); err != nil {
		return nil, err
	}
	if err := f.readSystemChunks(); err != nil {
		return nil, err
	}
	if err := f.readChunks(); err != nil {
		return nil, err
	}
	if err := f.readRoots(); err != nil {
		return nil, err
	}
	return f, nil
}

// Is tells whether there is a btrfs super block.
func Is(r io.ReaderAt) bool {
	var magic [8]byte
	_, err := r.ReadAt(magic[:], int64(superCopies[0])+64)
	return err == nil && magic == superMagic
}

// readSuper takes the first valid copy of the super block.
func (f *FS) readSuper() error {
	first := errors.New("read btrfs: no super block")
	for i, at := range superCopies {
		err := f.superAt(int64(at))
		if err == nil {
			return nil
		}
		if i == 0 {
			first = err
		}
	}
	return first
}

func (f *FS) superAt(at int64) error {
	if at+superSize > f.size {
		return corrupt("no super block at %d: the device has %d bytes", at, f.size)
	}
	block := make([]byte, superSize)
	if _, err := f.r.ReadAt(block, at); err != nil {
		return fmt.Errorf("read btrfs super block: %w", err)
	}
	s := &f.super
	if _, err := binary.Decode(block, le, s); err != nil {
		return corrupt("super block: %v", err)
	}
	if s.Magic != superMagic {
		return corrupt("no super block at %d", at)
	}
	f.sum = Checksum(s.CsumType)
	if f.sum > Blake2b || !f.sum.valid(block) {
		return corrupt("super block at %d has a wrong checksum", at)
	}
	return f.checkSuper(at)
}

// valid verifies the checksum of a tree block or super block.
func (c Checksum) valid(block []byte) bool {
	var store [32]byte
	sum := c.sum(store[:0], block[32:])
	return string(sum) == string(block[:len(sum)])
}

// known are the incompatible features that can be read here.
const known = incompatMixedBackref | incompatDefaultSubvol | incompatCompressLZO | incompatCompressZSTD |
	incompatBigMetadata | incompatExtendedIref | incompatSkinnyMetadata | incompatNoHoles | incompatSimpleQuota | incompatMixedGroups | incompatMetadataUUID

func (f *FS) checkSuper(at int64) error {
	s := &f.super
	switch {
	case s.Bytenr != uint64(at):
		return corrupt("super block at %d says it is at %d", at, s.Bytenr)
	case !powerIn(int(s.NodeSize)) || !powerIn(int(s.SectorSize)) || s.NodeSize < s.SectorSize:
		return corrupt("node size %d, sector size %d", s.NodeSize, s.SectorSize)
	case s.NumDevices != 1:
		return fmt.Errorf("read btrfs: it is on %d devices, only one can be read", s.NumDevices)
	case s.IncompatFlags&^uint64(known) != 0:
		return fmt.Errorf("read btrfs: unknown features %#x", s.IncompatFlags&^uint64(known))
	case s.SysChunkArraySize > uint32(len(s.SysChunkArray)):
		return corrupt("system chunk array of %d bytes", s.SysChunkArraySize)
	case s.LogRoot != 0:
		return fmt.Errorf("read btrfs: there is a log to replay; mount it once")
	}
	return nil
}

// Info describes the file system.
func (f *FS) Info() filesystem.Info {
	s := &f.super
	label, _, _ := strings.Cut(string(s.Label[:]), "\x00")
	info := filesystem.Info{Type: "btrfs", Label: label, UUID: s.FSID.String(), Size: int64(s.TotalBytes),
		Free: int64(s.TotalBytes) - int64(s.BytesUsed), BlockSize: int(s.SectorSize)}
	for _, n := range []struct {
		flag uint64
		in   uint64
		name string
	}{
		{incompatDefaultSubvol, s.IncompatFlags, "default-subvolume"},
		{incompatCompressLZO, s.IncompatFlags, "lzo"}, {incompatCompressZSTD, s.IncompatFlags, "zstd"},
		{incompatBigMetadata, s.IncompatFlags, "big-metadata"}, {incompatExtendedIref, s.IncompatFlags, "extref"},
		{incompatSkinnyMetadata, s.IncompatFlags, "skinny-metadata"}, {incompatNoHoles, s.IncompatFlags, "no-holes"},
		{incompatSimpleQuota, s.IncompatFlags, "squota"},
		{compatROFreeSpaceTree, s.CompatROFlags, "free-space-tree"},
		{compatROBlockGroupTree, s.CompatROFlags, "block-group-tree"},
	} {
		if n.in&n.flag != 0 {
			info.Features = append(info.Features, n.name)
		}
	}
	info.Features = append(info.Features, "csum-"+[]string{"crc32c", "xxhash64", "sha256", "blake2b"}[f.sum])
	return info
}

// Walk shows everything from the top level down, entering subvolumes.
func (f *FS) Walk(ctx context.Context, fn func(*tree.Node) error) error {
	return (&Volume{fs: f, id: fsTreeID, nested: true}).Walk(ctx, fn)
}

// Open opens a regular file by the path Walk has shown.
func (f *FS) Open(n *tree.Node) (tree.File, error) {
	return (&Volume{fs: f, id: fsTreeID, nested: true}).Open(n)
}
