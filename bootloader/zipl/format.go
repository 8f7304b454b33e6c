package zipl

import (
	"bytes"
	"encoding/binary"
)

// magic begins the boot record, the program table and every component table.
var magic = [4]byte{'z', 'I', 'P', 'L'}

// recordVersion is DISK_LAYOUT_ID, mapVersion BOOTMAP_HEADER_VERSION.
const (
	recordVersion = 1
	mapVersion    = 1
)

// Where the parts are loaded (loaders_layout.h, linux_layout.h).
const (
	heapAddress    = 0x2000
	heapSize       = 0x4000
	paramsAddress  = 0x9000
	stage3Address  = 0xa000
	stage3Max      = 0x4000
	stackAddress   = 0xf000
	stackSize      = 0x1000
	kernelAddress  = 0x10000
	addressLimit   = 0x80000000
	parameterRoom  = 0x10000
	pageSize       = 0x1000
	initrdAlign    = 0x10000
	loadPSW        = 0x0008000080000000 // 31-bit addressing, disabled for interrupts
	scsiFlag       = 0x0001000000000000
	tableSize      = 512 // of the program table
	pointerSize    = 16
	environmentMax = 0x1000
)

// blockPointer is struct linear_blockptr: a run of sectors; Count is one less than
// their number.
type blockPointer struct {
	Block uint64
	Size  uint16 // of a sector
	Count uint16
	_     [4]byte
}

// bootRecord is the beginning of struct scsi_mbr; what follows it in the first
// sector, the partition table, is not ours.
type bootRecord struct {
	Magic   [4]byte
	Version uint32
	_       [8]byte
	Table   blockPointer
}

// mapHeader is struct bootmap_header.
type mapHeader struct {
	Text        [48]byte
	Version     uint64
	Environment uint64 // offset in the file
	_           [448]byte
}

// componentHeader is struct component_header; kind 0 is IPL.
type componentHeader struct {
	Magic [4]byte
	Kind  uint8
	_     [27]byte
}

// The types of struct component_entry.
const (
	typeExecute = 1
	typeLoad    = 2
)

// component is struct component_entry.
type component struct {
	Segment blockPointer // of the first segment table
	_       [7]byte
	Type    uint8
	Value   uint64 // load address, or the PSW to execute
}

// stage3Params is struct stage3_parms. Loaders before s390-tools 2.17 read the
// first eight words only.
type stage3Params struct {
	Parameters, InitrdAddress, InitrdSize uint64
	PSW                                   uint64
	ExtraParameters, Flags                uint64
	KernelSize, KernelAddress             uint64
	Environment, EnvironmentSize          uint64
}

// encode writes a structure as s390x, a big-endian machine, reads it.
func encode(v any) []byte {
	var b bytes.Buffer
	_ = binary.Write(&b, binary.BigEndian, v)
	return b.Bytes()
}
