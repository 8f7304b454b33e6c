package compress

import (
	"encoding/binary"
	"hash/crc32"
	"math"

	"github.com/fimg/fimg/formats/compress/deflate"
)

// gzipCodec makes one gzip member of many deflate pieces, each of which ends on
// a byte and may refer to the 32 KiB before it.
type gzipCodec struct {
	isPacked bool // the stream is mostly packed already
	encoders stock[*deflate.Encoder]
	check    uint32
	plain    uint64
}

const gzipPiece = 512 << 10

func newGzip(isPacked bool) *gzipCodec {
	return &gzipCodec{isPacked: isPacked}
}

func (*gzipCodec) size() int    { return gzipPiece }
func (*gzipCodec) history() int { return 32 << 10 }
func (*gzipCodec) close()       {}

// header is that of RFC 1952, 2.3: no name, no time, unknown system.
func (*gzipCodec) header() []byte {
	return []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255}
}

func (g *gzipCodec) pack(dst, in []byte, start int) (packed, error) {
	enc, ok := g.encoders.take()
	if !ok {
		enc = new(deflate.Encoder)
	}
	defer g.encoders.put(enc)
	level := deflate.Normal
	if g.isPacked && noise(in[start:]) {
		level = deflate.Stored
	}
	return packed{
		data:  enc.Encode(dst, in, start, level, deflate.Sync),
		check: crc32.ChecksumIEEE(in[start:]),
		plain: int64(len(in) - start),
	}, nil
}

func (g *gzipCodec) add(p packed) {
	g.check = joinCRC(g.check, p.check, uint64(p.plain))
	g.plain += uint64(p.plain)
}

func (g *gzipCodec) trailer() []byte {
	out := []byte{3, 0} // an empty fixed block, the last one
	out = binary.LittleEndian.AppendUint32(out, g.check)
	return binary.LittleEndian.AppendUint32(out, uint32(g.plain))
}

// joinCRC returns the CRC-32 of two strings joined, from theirs and the length
// of the second: the first is multiplied by x^8n modulo the polynomial.
func joinCRC(a, b uint32, n uint64) uint32 {
	factor := uint32(1 << 31) // x^0, reflected
	square := uint32(1 << 23) // x^8
	for ; n > 0; n >>= 1 {
		if n&1 != 0 {
			factor = multiply(factor, square)
		}
		square = multiply(square, square)
	}
	return multiply(a, factor) ^ b
}

// multiply multiplies two polynomials modulo that of CRC-32, bits reflected.
func multiply(a, b uint32) uint32 {
	var product uint32
	for ; a != 0; a <<= 1 {
		if a&(1<<31) != 0 {
			product ^= b
		}
		if b&1 != 0 {
			b = b>>1 ^ crc32.IEEE
		} else {
			b >>= 1
		}
	}
	return product
}

// noise tells whether the bytes are spread so evenly that they are packed
// already.
func noise(b []byte) bool {
	var count [256]int
	for _, c := range b {
		count[c]++
	}
	var bits float64
	for _, n := range count {
		if n > 0 {
			bits += float64(n) * math.Log2(float64(len(b))/float64(n))
		}
	}
	return bits > 7.9*float64(len(b))
}
