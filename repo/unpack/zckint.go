package unpack

import (
	"bufio"
	"errors"
	"io"
)

var errZckShort = errors.New("ends too early or holds a number that is too large")

// zckInts reads the compressed integers and byte strings of a header: seven bits
// a byte, lowest first, the last byte marked by its top bit. The first error stays.
type zckInts struct {
	buf []byte
	err error
}

func (z *zckInts) int() uint64 {
	var n uint64
	for i, b := range z.buf {
		if i == 9 {
			break
		}
		n |= uint64(b&0x7f) << (7 * i)
		if b&0x80 != 0 {
			z.buf = z.buf[i+1:]
			return n
		}
	}
	z.fail()
	return 0
}

func (z *zckInts) fail() {
	z.buf, z.err = nil, errZckShort
}

func (z *zckInts) bytes(n int) []byte {
	if n > len(z.buf) {
		z.fail()
		return nil
	}
	b := z.buf[:n]
	z.buf = z.buf[n:]
	return b
}

func (z *zckInts) skip(n uint64) {
	if n > uint64(len(z.buf)) {
		z.fail()
		return
	}
	z.buf = z.buf[n:]
}

// count reads a number of elements of at least size bytes each.
func (z *zckInts) count(size int) uint64 {
	n := z.int()
	if n > uint64(len(z.buf)/size) {
		z.fail()
		return 0
	}
	return n
}

// recorder reads the lead and remembers its bytes for the checksum.
type recorder struct {
	in   *bufio.Reader
	seen []byte
	err  error
}

func (r *recorder) Read(p []byte) (int, error) {
	n, err := r.in.Read(p)
	r.seen = append(r.seen, p[:n]...)
	return n, err
}

func (r *recorder) int() uint64 {
	start := len(r.seen)
	for len(r.seen)-start < 9 {
		b, err := r.in.ReadByte()
		if err != nil {
			r.err = io.ErrUnexpectedEOF
			return 0
		}
		r.seen = append(r.seen, b)
		if b&0x80 != 0 {
			ints := zckInts{buf: r.seen[start:]}
			return ints.int()
		}
	}
	r.err = errZckShort
	return 0
}
