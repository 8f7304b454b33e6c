package ext4

import "encoding/binary"

// superMagic is s_magic.
const superMagic = 0xef53

// superOffset is where the primary superblock begins, superSize its length.
const (
	superOffset = 1024
	superSize   = 1024
)

// superblock is struct ext4_super_block of the kernel's documentation
// (filesystems/ext4, "Super Block").
type superblock struct {
	InodesCount       uint32
	BlocksLo          uint32
	ReservedLo        uint32
	FreeBlocksLo      uint32
	FreeInodes        uint32
	FirstDataBlock    uint32
	LogBlockSize      uint32
	LogClusterSize    uint32
	BlocksPerGroup    uint32
	ClustersPerGroup  uint32
	InodesPerGroup    uint32
	MountTime         uint32
	WriteTime         uint32
	MountCount        uint16
	MaxMountCount     uint16
	Magic             uint16
	State             uint16
	Errors            uint16
	MinorRevision     uint16
	LastCheck         uint32
	CheckInterval     uint32
	CreatorOS         uint32
	Revision          uint32
	ReservedUID       uint16
	ReservedGID       uint16
	FirstInode        uint32
	InodeSize         uint16
	GroupNumber       uint16
	Compat            uint32
	Incompat          uint32
	ROCompat          uint32
	UUID              [16]byte
	Label             [16]byte
	LastMounted       [64]byte
	AlgorithmBitmap   uint32
	PreallocBlocks    uint8
	PreallocDirBlocks uint8
	ReservedGDT       uint16
	JournalUUID       [16]byte
	JournalInode      uint32
	JournalDevice     uint32
	LastOrphan        uint32
	HashSeed          [16]byte
	HashVersion       uint8
	JournalBackup     uint8
	DescSize          uint16
	MountOptions      uint32
	FirstMetaBG       uint32
	MakeTime          uint32
	JournalBlocks     [17]uint32
	BlocksHi          uint32
	ReservedHi        uint32
	FreeBlocksHi      uint32
	MinExtraISize     uint16
	WantExtraISize    uint16
	Flags             uint32
	RAIDStride        uint16
	MMPInterval       uint16
	MMPBlock          uint64
	RAIDStripeWidth   uint32
	LogGroupsPerFlex  uint8
	ChecksumType      uint8
	EncryptionLevel   uint8
	_                 uint8
	KBytesWritten     uint64
	_                 [200]byte // snapshots, errors, mount options, quotas
	OverheadClusters  uint32
	BackupGroups      [2]uint32
	EncryptAlgorithms [4]uint8
	EncryptSalt       [16]byte
	LostFoundInode    uint32
	ProjectQuota      uint32
	ChecksumSeed      uint32
	_                 [8]uint8 // high bytes of times
	Encoding          uint16
	EncodingFlags     uint16
	OrphanFile        uint32
	_                 [94]uint32
	Checksum          uint32
}

func (s *superblock) encode() []byte {
	raw, _ := binary.Append(make([]byte, 0, superSize), binary.LittleEndian, s)
	if s.ROCompat&roMetadataCsum != 0 {
		binary.LittleEndian.PutUint32(raw[superSize-4:], crc(^uint32(0), raw[:superSize-4]))
	}
	return raw
}

// groupDesc is struct ext4_group_desc ("Block Group Descriptors"); without the
// 64bit feature only the first 32 bytes are stored.
type groupDesc struct {
	BlockBitmapLo   uint32
	InodeBitmapLo   uint32
	InodeTableLo    uint32
	FreeBlocksLo    uint16
	FreeInodesLo    uint16
	DirsLo          uint16
	Flags           uint16
	ExcludeLo       uint32
	BlockBitmapSum  uint16
	InodeBitmapSum  uint16
	UnusedInodesLo  uint16
	Checksum        uint16
	BlockBitmapHi   uint32
	InodeBitmapHi   uint32
	InodeTableHi    uint32
	FreeBlocksHi    uint16
	FreeInodesHi    uint16
	DirsHi          uint16
	UnusedInodesHi  uint16
	ExcludeHi       uint32
	BlockBitmapSum2 uint16
	InodeBitmapSum2 uint16
	_               uint32
}

const descChecksumOffset = 30

// Flags of a group.
const (
	groupInodeUninit = 1
	groupBlockUninit = 2
	groupInodeZeroed = 4
)

// rawInode is struct ext4_inode ("Index Nodes"); an inode of 128 bytes ends before
// ExtraISize.
type rawInode struct {
	Mode       uint16
	UID        uint16
	SizeLo     uint32
	ATime      uint32
	CTime      uint32
	MTime      uint32
	DTime      uint32
	GID        uint16
	Links      uint16
	BlocksLo   uint32
	Flags      uint32
	Version    uint32
	Block      [60]byte
	Generation uint32
	FileACL    uint32
	SizeHi     uint32
	Fragment   uint32
	BlocksHi   uint16
	FileACLHi  uint16
	UIDHi      uint16
	GIDHi      uint16
	ChecksumLo uint16
	_          uint16

	ExtraISize  uint16
	ChecksumHi  uint16
	CTimeExtra  uint32
	MTimeExtra  uint32
	ATimeExtra  uint32
	CRTime      uint32
	CRTimeExtra uint32
	VersionHi   uint32
	ProjectID   uint32
}

const (
	smallInode       = 128
	extraISize       = 32
	inodeChecksumLo  = 124
	inodeChecksumHi  = 130
	inodeExtraOffset = smallInode + extraISize
)

// Flags of an inode.
const (
	flagSync      = 0x8
	flagImmutable = 0x10
	flagAppend    = 0x20
	flagNoDump    = 0x40
	flagIndex     = 0x1000
	flagHugeFile  = 0x40000
	flagExtents   = 0x80000
	flagEAInode   = 0x200000
	flagInline    = 0x10000000
)

// Reserved inodes.
const (
	inodeRoot    = 2
	inodeResize  = 7
	inodeJournal = 8
	firstInode   = 11 // lost+found
)
