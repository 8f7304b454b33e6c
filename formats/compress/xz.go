package compress

import (
	"encoding/binary"
	"hash/crc32"
	"hash/crc64"

	"github.com/fimg/fimg/formats/compress/lzma2"
	"github.com/fimg/fimg/internal/memory"
)

// xzCodec makes one .xz stream of one block for each piece (.xz file format
// 1.2), with sizes in the block headers, so that "xz -dT0" unpacks in parallel.
type xzCodec struct {
	encoders stock[*lzma2.Encoder]
	index    []byte
	blocks   uint64
	stop     func() error // says why no block is wanted any more
}

const (
	xzPiece = 24 << 20

	xzCheckCRC64 = 4
	xzFilter     = 0x21
	xzDictionary = 22 // 8 MiB: (2 | bits&1) << (bits/2 + 11)
	xzSizes      = 0x40 | 0x80
)

var crc64Table = crc64.MakeTable(crc64.ECMA)

func newXZ(stop func() error) *xzCodec {
	return &xzCodec{stop: stop}
}

func (*xzCodec) size() int    { return xzPiece }
func (*xzCodec) history() int { return 0 }

func (x *xzCodec) close() {
	for enc, ok := x.encoders.take(); ok; enc, ok = x.encoders.take() {
		enc.Close()
	}
}

var xzFlags = []byte{0, xzCheckCRC64}

// header is the stream header (section 2.1.1).
func (*xzCodec) header() []byte {
	out := append([]byte{0xfd, '7', 'z', 'X', 'Z', 0}, xzFlags...)
	return binary.LittleEndian.AppendUint32(out, crc32.ChecksumIEEE(xzFlags))
}

// pack makes a block (section 3). The memory of in is given back on the way: what
// is packed grows as what is not yet packed shrinks.
func (x *xzCodec) pack(dst, in []byte, _ int) (packed, error) {
	enc, ok := x.encoders.take()
	if !ok {
		enc = new(lzma2.Encoder)
	}
	defer x.encoders.put(enc)
	check := crc64.Checksum(in, crc64Table)
	enc.Drop, enc.Stop = func(to int) { memory.Drop(in[:to]) }, x.stop
	const room = 64 // for the header, made when the size is known
	out := enc.Encode(append(dst, make([]byte, room)...), in)
	if err := x.stop(); err != nil {
		return packed{}, err
	}
	head := blockHeader(uint64(len(out)-room), uint64(len(in)))
	out = out[room-len(head):]
	copy(out, head)
	size := int64(len(out)) + 8
	out = append(out, make([]byte, -len(out)&3)...)
	out = binary.LittleEndian.AppendUint64(out, check)
	return packed{data: out, plain: int64(len(in)), size: size}, nil
}

// blockHeader is section 3.1.
func blockHeader(packed, plain uint64) []byte {
	out := []byte{0, xzSizes}
	out = binary.AppendUvarint(out, packed)
	out = binary.AppendUvarint(out, plain)
	out = append(out, xzFilter, 1, xzDictionary)
	out = append(out, make([]byte, -len(out)&3)...)
	out[0] = byte(len(out) / 4)
	return binary.LittleEndian.AppendUint32(out, crc32.ChecksumIEEE(out))
}

func (x *xzCodec) add(p packed) {
	x.index = binary.AppendUvarint(x.index, uint64(p.size))
	x.index = binary.AppendUvarint(x.index, uint64(p.plain))
	x.blocks++
}

// trailer is the index (section 4) and the stream footer (section 2.1.2).
func (x *xzCodec) trailer() []byte {
	out := binary.AppendUvarint([]byte{0}, x.blocks)
	out = append(out, x.index...)
	out = append(out, make([]byte, -len(out)&3)...)
	out = binary.LittleEndian.AppendUint32(out, crc32.ChecksumIEEE(out))
	foot := binary.LittleEndian.AppendUint32(nil, uint32(len(out)/4-1))
	foot = append(foot, xzFlags...)
	out = binary.LittleEndian.AppendUint32(out, crc32.ChecksumIEEE(foot))
	return append(append(out, foot...), 'Y', 'Z')
}
