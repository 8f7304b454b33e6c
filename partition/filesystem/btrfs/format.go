package btrfs

import (
	"encoding/binary"
	"hash/crc32"

	"github.com/fimg/fimg/seed"
)

// The structures of the on-disk format, in the order and with the names of the
// kernel's documentation ("On-disk Format", btrfs.readthedocs.io). Everything is
// little endian and packed.

var le = binary.LittleEndian

// Object ids of trees.
const (
	rootTreeID       = 1
	extentTreeID     = 2
	chunkTreeID      = 3
	devTreeID        = 4
	fsTreeID         = 5
	rootTreeDirID    = 6
	csumTreeID       = 7
	quotaTreeID      = 8
	uuidTreeID       = 9
	freeSpaceTreeID  = 10
	blockGroupTreeID = 11
	firstFreeID      = 256
	dataRelocTreeID  = ^uint64(9) + 1  // -9
	extentCsumID     = ^uint64(10) + 1 // -10
	firstChunkID     = 256
	devItemsID       = 1
)

// Item types, the middle part of a key.
const (
	typeInodeItem      = 1
	typeInodeRef       = 12
	typeInodeExtref    = 13
	typeXattrItem      = 24
	typeDirItem        = 84
	typeDirIndex       = 96
	typeExtentData     = 108
	typeExtentCsum     = 128
	typeRootItem       = 132
	typeRootBackref    = 144
	typeRootRef        = 156
	typeExtentItem     = 168
	typeMetadataItem   = 169
	typeOwnerRef       = 172
	typeTreeBlockRef   = 176
	typeExtentDataRef  = 178
	typeBlockGroup     = 192
	typeFreeSpaceInfo  = 198
	typeFreeSpace      = 199
	typeDevExtent      = 204
	typeDevItem        = 216
	typeChunkItem      = 228
	typeQgroupStatus   = 240
	typeQgroupInfo     = 242
	typeQgroupLimit    = 244
	typePersistentItem = 249
	typeUUIDSubvol     = 251
)

// Sizes of structures, in bytes.
const (
	headerSize     = 101
	itemHeaderSize = 25
	keyPtrSize     = 33
	inlineHeader   = 21 // of an inline file extent
	extentDataSize = 53
	dirItemSize    = 30
	superSize      = 4096
)

// key addresses an item in a tree.
type key struct {
	ObjectID uint64
	Type     uint8
	Offset   uint64
}

// compare orders keys as trees do.
func (k key) compare(o key) int {
	switch {
	case k.ObjectID != o.ObjectID:
		return order(k.ObjectID, o.ObjectID)
	case k.Type != o.Type:
		return order(uint64(k.Type), uint64(o.Type))
	}
	return order(k.Offset, o.Offset)
}

func order(a, b uint64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func (k key) put(b []byte) {
	le.PutUint64(b, k.ObjectID)
	b[8] = k.Type
	le.PutUint64(b[9:], k.Offset)
}

func getKey(b []byte) key {
	return key{le.Uint64(b), b[8], le.Uint64(b[9:])}
}

// header begins every tree block.
type header struct {
	Csum          [32]byte
	FSID          seed.UUID
	Bytenr        uint64
	Flags         uint64 // headerWritten | headerMixedBackref
	ChunkTreeUUID seed.UUID
	Generation    uint64
	Owner         uint64
	NrItems       uint32
	Level         uint8
}

const headerFlags = 1 | 1<<56 // written; mixed back references

type timespec struct {
	Sec  int64
	Nsec uint32
}

type inodeItem struct {
	Generation, Transid, Size, Nbytes, BlockGroup uint64
	Nlink, UID, GID, Mode                         uint32
	Rdev, Flags, Sequence                         uint64
	Reserved                                      [4]uint64
	Atime, Ctime, Mtime, Otime                    timespec
}

// Inode flags.
const (
	inodeNoDataSum   = 1 << 0
	inodeNoDataCOW   = 1 << 1
	inodeNoCompress  = 1 << 3
	inodeSync        = 1 << 5
	inodeImmutable   = 1 << 6
	inodeAppend      = 1 << 7
	inodeNoDump      = 1 << 8
	inodeCompress    = 1 << 11
	inodeRootInit    = 1 << 31
	rootFlagReadOnly = 1
)

type rootItem struct {
	Inode                          inodeItem
	Generation, RootDirID, Bytenr  uint64
	ByteLimit, BytesUsed, LastSnap uint64
	Flags                          uint64
	Refs                           uint32
	DropProgress                   key
	DropLevel, Level               uint8
	GenerationV2                   uint64
	UUID, ParentUUID, ReceivedUUID seed.UUID
	Ctransid, Otransid             uint64
	Stransid, Rtransid             uint64
	Ctime, Otime, Stime, Rtime     timespec
	Reserved                       [8]uint64
}

// extentData is a regular file extent; an inline one has the first six fields
// and then the data.
type extentData struct {
	Generation, RAMBytes    uint64
	Compression, Encryption uint8
	Encoding                uint16
	Type                    uint8
	DiskBytenr, DiskBytes   uint64
	Offset, NumBytes        uint64
}

// Types of file extents.
const (
	extentInline   = 0
	extentRegular  = 1
	extentPrealloc = 2
)

type devItem struct {
	DevID, TotalBytes, BytesUsed  uint64
	IOAlign, IOWidth, SectorSize  uint32
	Type, Generation, StartOffset uint64
	DevGroup                      uint32
	SeekSpeed, Bandwidth          uint8
	UUID, FSID                    seed.UUID
}

type chunkItem struct {
	Length, Owner, StripeLen, Type uint64
	IOAlign, IOWidth, SectorSize   uint32
	NumStripes, SubStripes         uint16
}

type stripe struct {
	DevID, Offset uint64
	DevUUID       seed.UUID
}

type devExtent struct {
	ChunkTree, ChunkObjectID, ChunkOffset, Length uint64
	ChunkTreeUUID                                 seed.UUID
}

type blockGroupItem struct{ Used, ChunkObjectID, Flags uint64 }

// Types of chunks and block groups.
const (
	chunkData     = 1 << 0
	chunkSystem   = 1 << 1
	chunkMetadata = 1 << 2
	chunkDup      = 1 << 5
	stripeLen     = 64 << 10
)

type extentItem struct{ Refs, Generation, Flags uint64 }

const (
	extentFlagData      = 1
	extentFlagTreeBlock = 2
)

type dataRef struct {
	Root, ObjectID, Offset uint64
	Count                  uint32
}

type backupRoot struct {
	TreeRoot, TreeRootGen, ChunkRoot, ChunkRootGen uint64
	ExtentRoot, ExtentRootGen, FSRoot, FSRootGen   uint64
	DevRoot, DevRootGen, CsumRoot, CsumRootGen     uint64
	TotalBytes, BytesUsed, NumDevices              uint64
	Unused                                         [4]uint64
	TreeLevel, ChunkLevel, ExtentLevel             uint8
	FSLevel, DevLevel, CsumLevel                   uint8
	Unused8                                        [10]uint8
}

type superBlock struct {
	Csum                                       [32]byte
	FSID                                       seed.UUID
	Bytenr, Flags                              uint64
	Magic                                      [8]byte
	Generation, Root, ChunkRoot, LogRoot       uint64
	LogRootTransid, TotalBytes, BytesUsed      uint64
	RootDirObjectID, NumDevices                uint64
	SectorSize, NodeSize, LeafSize, StripeSize uint32
	SysChunkArraySize                          uint32
	ChunkRootGeneration                        uint64
	CompatFlags, CompatROFlags, IncompatFlags  uint64
	CsumType                                   uint16
	RootLevel, ChunkRootLevel, LogRootLevel    uint8
	DevItem                                    devItem
	Label                                      [256]byte
	CacheGeneration, UUIDTreeGeneration        uint64
	MetadataUUID                               seed.UUID
	Reserved                                   [28]uint64
	SysChunkArray                              [2048]byte
	Backups                                    [4]backupRoot
	Padding                                    [565]byte
}

var superMagic = [8]byte{'_', 'B', 'H', 'R', 'f', 'S', '_', 'M'}

// Feature flags of the super block.
const (
	incompatMixedBackref   = 1 << 0
	incompatDefaultSubvol  = 1 << 1
	incompatMixedGroups    = 1 << 2
	incompatCompressLZO    = 1 << 3
	incompatCompressZSTD   = 1 << 4
	incompatBigMetadata    = 1 << 5
	incompatExtendedIref   = 1 << 6
	incompatSkinnyMetadata = 1 << 8
	incompatNoHoles        = 1 << 9
	incompatMetadataUUID   = 1 << 10
	incompatSimpleQuota    = 1 << 16
	compatROFreeSpaceTree  = 1 << 0
	compatROFreeSpaceValid = 1 << 1
	compatROBlockGroupTree = 1 << 3
)

// Types of directory entries.
const (
	entryFile = iota + 1
	entryDir
	entryChar
	entryBlock
	entryFIFO
	entrySocket
	entryLink
	entryXattr
)

// appendStruct appends the packed little-endian form of a fixed-size structure.
func appendStruct(b []byte, v any) []byte {
	b, err := binary.Append(b, le, v)
	if err != nil {
		panic(err) // only for types that have no fixed size: a defect of this package
	}
	return b
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// nameHash is the offset of the key of a directory entry or attribute.
func nameHash(name string) uint64 {
	return uint64(^crc32.Update(1, castagnoli, []byte(name)))
}

// refHash is the offset of the key of an extended inode reference.
func refHash(parent uint64, name string) uint64 {
	return uint64(^crc32.Update(^uint32(parent), castagnoli, []byte(name)))
}

// appendDirItem appends a directory entry or, with data, an attribute.
func appendDirItem(b []byte, location key, kind uint8, name string, data []byte) []byte {
	var k [17]byte
	location.put(k[:])
	b = append(b, k[:]...)
	b = le.AppendUint64(b, generation)
	b = le.AppendUint16(b, uint16(len(data)))
	b = le.AppendUint16(b, uint16(len(name)))
	b = append(b, kind)
	b = append(b, name...)
	return append(b, data...)
}
