package xzread

import "encoding/binary"

// Sizes of the check behind each block, by its type in the stream header (section
// 2.1.1.2).
var checkSizes = [16]int64{0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64}

const lzma2 = 0x21 // the filter's identifier (section 5.3.1)

// atStream is before a stream header or four bytes of padding (sections 2.1.1 and
// 2.2). The decoder judges the rest of the header.
func atStream(g *guard, b []byte) error {
	if binary.BigEndian.Uint32(b) == 0 {
		return g.next(atStream, 4, 0)
	}
	return g.next(atFlags, 8, 0)
}

func atFlags(g *guard, b []byte) error {
	g.check = checkSizes[b[3]&15]
	return g.next(atBlock, 1, 0)
}

// atBlock is before a block header, whose first byte tells its size, or the index.
func atBlock(g *guard, b []byte) error {
	if b[0] == 0 {
		g.size, g.left, g.vli = 1, 0, 0
		return g.next(atCount, 1, 0)
	}
	return g.next(atHeader, (int(b[0])+1)*4-1, 0)
}

// atHeader is a block header behind its first byte (section 3.1).
func atHeader(g *guard, b []byte) error {
	flags, rest := b[0], b[1:len(b)-4]
	for _, bit := range []byte{0x40, 0x80} { // packed and unpacked size
		if flags&bit != 0 {
			_, rest = number(rest)
		}
	}
	for range int(flags&3) + 1 {
		var id, size uint64
		id, rest = number(rest)
		size, rest = number(rest)
		if size > uint64(len(rest)) {
			return broken("a block header is cut short")
		}
		if err := filter(id, rest[:size]); err != nil {
			return err
		}
		rest = rest[size:]
	}
	g.size = 0
	return g.next(atChunk, 1, 0)
}

// filter looks at the properties of a filter.
func filter(id uint64, properties []byte) error {
	if id != lzma2 {
		return nil // the decoder refuses them
	}
	if len(properties) != 1 || properties[0] > 40 {
		return broken("the properties of a filter are wrong")
	}
	code := properties[0]
	if size := int64(2|code&1) << (code/2 + 11); size > MaxDictionary {
		return &DictionaryError{size}
	}
	return nil
}

// number reads a multibyte integer (section 1.2); of one that is cut short comes
// what is there.
func number(b []byte) (v uint64, rest []byte) {
	for i := 0; i < len(b) && i < 9; i++ {
		v |= uint64(b[i]&0x7f) << (7 * i)
		if b[i]&0x80 == 0 {
			return v, b[i+1:]
		}
	}
	return v, nil
}

// atChunk is before a chunk of LZMA2: a control byte, sizes, data.
func atChunk(g *guard, b []byte) error {
	g.size++
	switch control := b[0]; {
	case control == 0:
		return g.next(atBlock, 1, -g.size&3+g.check)
	case control <= 2:
		return g.next(atPlain, 2, 0)
	case control < 0x80:
		return broken("a chunk of no known kind")
	case control < 0xc0:
		return g.next(atPacked, 4, 0)
	}
	return g.next(atPackedNew, 5, 0)
}

func atPlain(g *guard, b []byte) error { return g.chunk(2, binary.BigEndian.Uint16(b)) }

func atPacked(g *guard, b []byte) error { return g.chunk(4, binary.BigEndian.Uint16(b[2:])) }

// atPackedNew is a chunk with new properties in a byte of their own.
func atPackedNew(g *guard, b []byte) error { return g.chunk(5, binary.BigEndian.Uint16(b[2:])) }

func (g *guard) chunk(head int64, size uint16) error {
	n := int64(size) + 1
	g.size += head + n
	return g.next(atChunk, 1, n)
}

// atCount is in the number of records of the index (section 4.2).
func atCount(g *guard, b []byte) error {
	g.size++
	if g.vli > 56 {
		return broken("a number is too long")
	}
	g.left |= uint64(b[0]&0x7f) << g.vli
	if g.vli += 7; b[0]&0x80 != 0 {
		return nil
	}
	if g.left >= 1<<62 {
		return broken("the index has too many records")
	}
	g.left *= 2
	return g.records()
}

// atRecord is in one of the two numbers of a record.
func atRecord(g *guard, b []byte) error {
	g.size++
	if b[0]&0x80 == 0 {
		g.left--
	}
	return g.records()
}

// records goes on in the index or, behind its padding, checksum and the stream
// footer, to the next stream.
func (g *guard) records() error {
	if g.left > 0 {
		return g.next(atRecord, 1, 0)
	}
	const checksum, footer = 4, 12
	return g.next(atStream, 4, -g.size&3+checksum+footer)
}
