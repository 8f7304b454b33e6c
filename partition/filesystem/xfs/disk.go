package xfs

import (
	"encoding/binary"
	"hash/crc32"
)

// All numbers on disk are big endian, but for the checksums.

// superblock is struct xfs_dsb, one at the start of each allocation group.
type superblock struct {
	Magic                   uint32
	BlockSize               uint32
	Blocks                  uint64
	RealtimeBlocks          uint64
	RealtimeExtents         uint64
	UUID                    [16]byte
	LogStart                uint64
	RootInode               uint64
	BitmapInode             uint64
	SummaryInode            uint64
	RealtimeExtent          uint32
	GroupBlocks             uint32
	Groups                  uint32
	BitmapBlocks            uint32
	LogBlocks               uint32
	Version                 uint16
	SectorSize              uint16
	InodeSize               uint16
	InodesPerBlock          uint16
	Label                   [12]byte
	BlockLog                uint8
	SectorLog               uint8
	InodeLog                uint8
	InodesPerBlockLog       uint8
	GroupLog                uint8
	RealtimeLog             uint8
	InProgress              uint8
	MaxInodes               uint8 // per cent
	Inodes                  uint64
	FreeInodes              uint64
	FreeBlocks              uint64
	FreeRealtime            uint64
	UserQuota, GroupQuota   uint64
	QuotaFlags              uint16
	Flags                   uint8
	SharedVersion           uint8
	InodeAlign              uint32 // blocks
	StripeUnit, StripeWidth uint32
	DirLog                  uint8
	LogSectorLog            uint8
	LogSectorSize           uint16
	LogStripe               uint32
	Features2, BadFeatures2 uint32
	Compat, ROCompat        uint32
	Incompat, LogIncompat   uint32
	Checksum                uint32
	SparseAlign             uint32
	ProjectQuota            uint64
	LSN                     uint64
	MetaUUID                [16]byte
}

const (
	superMagic    = 0x58465342 // XFSB
	superChecksum = 224
	versionBits   = 0xb4a5 // version 5 with what it always has
	versionSector = 0x0800 // sectors larger than 512 bytes
	features2     = 0x18a  // lazy counters, attr2, 32-bit projects, checksums
	roFreeInodes  = 1
	roReverseMap  = 2
	roReflink     = 4
	roInodeCounts = 8
	inFileType    = 1
	inSparse      = 2
	inMetaUUID    = 4
	inBigTime     = 8
	inNeedsRepair = 16
	inBigExtents  = 32
	noInode       = 1<<64 - 1
	noBlock       = 1<<32 - 1
)

// freeHeader is struct xfs_agf: the free space of a group.
type freeHeader struct {
	Magic, Version, Group, Length uint32
	Roots                         [3]uint32 // by block, by size, reverse map
	Levels                        [3]uint32
	First, Last, Count            uint32 // of the free list
	Free, Longest                 uint32
	TreeBlocks                    uint32
	UUID                          [16]byte
	ReverseBlocks                 uint32
	RefcountBlocks                uint32
	RefcountRoot, RefcountLevel   uint32
	_                             [14]uint64
	LSN                           uint64
	Checksum                      uint32
	_                             uint32
}

const (
	freeMagic    = 0x58414746 // XAGF
	freeChecksum = 216
)

// inodeHeader is struct xfs_agi: the inodes of a group.
type inodeHeader struct {
	Magic, Version, Group, Length uint32
	Count, Root, Level, Free      uint32
	NewInode, DirInode            uint32
	Unlinked                      [64]uint32
	UUID                          [16]byte
	Checksum                      uint32
	_                             uint32
	LSN                           uint64
	FreeRoot, FreeLevel           uint32
	TreeBlocks, FreeTreeBlocks    uint32
}

const (
	inodesMagic    = 0x58414749 // XAGI
	inodesChecksum = 312
)

// listHeader is struct xfs_agfl; block numbers follow up to the end of the sector.
type listHeader struct {
	Magic, Group uint32
	UUID         [16]byte
	LSN          uint64
	Checksum     uint32
}

const (
	listMagic    = 0x5841464c // XAFL
	listChecksum = 32
	listSize     = 36
)

// groupNode is struct xfs_btree_block of the trees of one group; longNode that of
// the extents of an inode. Records, or keys and pointers, follow.
type groupNode struct {
	Magic          uint32
	Level, Records uint16
	Left, Right    uint32
	Block          uint64 // its own place in units of 512 bytes
	LSN            uint64
	UUID           [16]byte
	Group          uint32
	Checksum       uint32
}

type longNode struct {
	Magic          uint32
	Level, Records uint16
	Left, Right    uint64
	Block          uint64
	LSN            uint64
	UUID           [16]byte
	Inode          uint64
	Checksum       uint32
	_              uint32
}

const (
	byBlockMagic   = 0x41423342 // AB3B
	bySizeMagic    = 0x41423343 // AB3C
	inodeTreeMagic = 0x49414233 // IAB3
	freeTreeMagic  = 0x46494233 // FIB3
	refcountMagic  = 0x52334643 // R3FC
	extentMagic    = 0x424d4133 // BMA3

	groupNodeSize     = 56
	groupNodeChecksum = 52
	longNodeSize      = 72
	longNodeChecksum  = 64
)

// rawInode is struct xfs_dinode of version 3; the data fork follows.
type rawInode struct {
	Magic, Mode         uint16
	Version, Format     uint8
	_                   uint16
	UID, GID, Links     uint32
	_                   uint32 // project
	BigExtents          uint64 // with nrext64
	ATime, MTime, CTime uint64
	Size, Blocks        uint64
	ExtentSize          uint32
	Extents             uint32
	AttrExtents         uint16
	ForkOffset          uint8 // in units of 8 bytes
	AttrFormat          uint8
	_                   uint32
	_                   uint16
	Flags               uint16
	Generation          uint32
	NextUnlinked        uint32
	Checksum            uint32
	Changes             uint64
	LSN                 uint64
	Flags2              uint64
	CowExtentSize       uint32
	_                   [12]byte
	CRTime              uint64
	Number              uint64
	UUID                [16]byte
}

const (
	inodeMagic    = 0x494e
	inodeHead     = 176
	inodeChecksum = 100

	formatDevice = 0
	formatLocal  = 1
	formatList   = 2
	formatTree   = 3

	flagNewBitmap = 1 << 2
	flagImmutable = 1 << 3
	flagAppend    = 1 << 4
	flagSync      = 1 << 5
	flagNoDump    = 1 << 7

	flag2BigTime    = 1 << 3
	flag2BigExtents = 1 << 4
)

// encode lays out a structure of fixed size.
func encode(v any) []byte {
	raw, _ := binary.Append(nil, binary.BigEndian, v)
	return raw
}

// seal sets the checksum of a block: CRC-32C of all of it with zeros in its place.
func seal(raw []byte, at int) []byte {
	clear(raw[at : at+4])
	binary.LittleEndian.PutUint32(raw[at:], crc32.Checksum(raw, crc32.MakeTable(crc32.Castagnoli)))
	return raw
}

// padded is a structure in a block or sector of its own.
func padded(v any, size int) []byte {
	raw := make([]byte, size)
	_, _ = binary.Encode(raw, binary.BigEndian, v)
	return raw
}
