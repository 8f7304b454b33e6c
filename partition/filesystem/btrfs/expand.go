package btrfs

import (
	"bytes"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
)

// decoder undoes compression; a result never gets larger than it should be.
type decoder struct {
	once sync.Once
	zstd *zstd.Decoder
	err  error
}

// expand decompresses one extent of size bytes; missing ones are zero.
func (d *decoder) expand(algo Algo, src []byte, size, sector int) ([]byte, error) {
	out := make([]byte, size)
	switch algo {
	case Zlib:
		r, err := zlib.NewReader(bytes.NewReader(src))
		if err != nil {
			return nil, err
		}
		if _, err := io.ReadFull(r, out); err != nil && err != io.ErrUnexpectedEOF {
			return nil, err
		}
		return out, nil
	case LZO:
		return out, expandLZO(out, src, sector)
	case ZSTD:
		return out, d.expandZSTD(out, src)
	}
	return nil, fmt.Errorf("unknown compression %d", algo)
}

func (d *decoder) expandZSTD(out, src []byte) error {
	d.once.Do(func() {
		d.zstd, d.err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(2), zstd.WithDecoderMaxMemory(1<<20),
			zstd.WithDecoderLowmem(true), zstd.IgnoreChecksum(true))
	})
	if d.err != nil {
		return d.err
	}
	n, err := frameLength(src)
	if err != nil {
		return err
	}
	plain, err := d.zstd.DecodeAll(src[:n], make([]byte, 0, len(out)))
	if err != nil {
		return err
	}
	copy(out, plain)
	return nil
}

// frameLength finds the end of a zstd frame, behind which the sector is filled with
// zeros (RFC 8878, sections 3.1.1.1 and 3.1.1.2).
func frameLength(src []byte) (int, error) {
	var h zstd.Header
	if err := h.Decode(src); err != nil {
		return 0, err
	}
	at := h.HeaderSize
	for {
		if at+3 > len(src) {
			return 0, io.ErrUnexpectedEOF
		}
		head := int(src[at]) | int(src[at+1])<<8 | int(src[at+2])<<16
		size := head >> 3
		if head>>1&3 == 1 { // a run: one byte stands for all
			size = 1
		}
		at += 3 + size
		if head&1 == 1 {
			break
		}
	}
	if h.HasCheckSum {
		at += 4
	}
	if at > len(src) {
		return 0, io.ErrUnexpectedEOF
	}
	return at, nil
}

// expandLZO undoes the framing of btrfs around LZO1X.
func expandLZO(out, src []byte, sector int) error {
	if len(src) < 4 || int64(le.Uint32(src)) > int64(len(src)) {
		return io.ErrUnexpectedEOF
	}
	end := int(le.Uint32(src))
	for at := 4; at < end && len(out) > 0; {
		if left := sector - at%sector; left < 4 {
			at += left
			continue
		}
		if at+4 > end {
			return io.ErrUnexpectedEOF
		}
		n := int(le.Uint32(src[at:]))
		at += 4
		if n > end-at {
			return io.ErrUnexpectedEOF
		}
		size := min(sector, len(out))
		if err := expandLZO1X(out[:size], src[at:at+n]); err != nil {
			return err
		}
		out, at = out[size:], at+n
	}
	return nil
}

// lzoReader is an LZO1X stream being expanded.
type lzoReader struct {
	src, out []byte
	n        int // bytes of out that are there
	bad      bool
}

func (r *lzoReader) byte() int {
	if len(r.src) == 0 {
		r.bad = true
		return 0
	}
	b := r.src[0]
	r.src = r.src[1:]
	return int(b)
}

// long reads the rest of a length whose bits were all zero.
func (r *lzoReader) long(base int) int {
	for !r.bad && base < 1<<20 {
		b := r.byte()
		if b != 0 {
			return base + b
		}
		base += 255
	}
	r.bad = true
	return 0
}

func (r *lzoReader) literals(n int) {
	if n > len(r.src) || n > len(r.out)-r.n {
		r.bad = true
		return
	}
	r.n += copy(r.out[r.n:], r.src[:n])
	r.src = r.src[n:]
}

func (r *lzoReader) match(distance, n int) {
	if distance > r.n || distance <= 0 || n > len(r.out)-r.n {
		r.bad = true
		return
	}
	for range n {
		r.out[r.n] = r.out[r.n-distance]
		r.n++
	}
}

// expandLZO1X expands one stream; out may end before it is full.
func expandLZO1X(out, src []byte) error {
	r := &lzoReader{src: src, out: out}
	state := 0
	if len(src) > 0 && src[0] > 17 {
		n := r.byte() - 17
		r.literals(n)
		state = min(n, 4)
	}
	for done := false; !done && !r.bad; {
		state, done = r.instruction(state)
	}
	if r.bad {
		return fmt.Errorf("lzo stream is damaged")
	}
	return nil
}

// instruction carries out one instruction and its trailing literals. The state is
// how many literals the one before had, 4 for a run of them.
func (r *lzoReader) instruction(state int) (next int, done bool) {
	t := r.byte()
	n, distance := 0, 0
	switch {
	case t >= 64:
		n = t>>5 + 1
		distance = r.byte()<<3 + t>>2&7 + 1
	case t >= 32:
		n = r.count(t&31, 31)
		t = r.byte()
		distance = r.byte()<<6 + t>>2 + 1
	case t >= 16:
		high := t & 8 << 11
		n = r.count(t&7, 7)
		t = r.byte()
		distance = high + r.byte()<<6 + t>>2
		if distance == 0 {
			return 0, true
		}
		distance += lzoM3Distance
	case state == 0:
		r.literals(r.count(t, 15) + 1)
		return 4, false
	case state == 4:
		n, distance = 3, r.byte()<<2+t>>2+lzoM2Distance+1
	default:
		n, distance = 2, r.byte()<<2+t>>2+1
	}
	r.match(distance, n)
	r.literals(t & 3)
	return t & 3, false
}

// count is a match length: two and the bits, or a long one when they are zero.
func (r *lzoReader) count(bits, most int) int {
	if bits == 0 {
		bits = r.long(most)
	}
	return bits + 2
}
