// Package zstdblock compresses single blocks of at most 128 KiB to zstd frames
// (RFC 8878), as file systems and disk formats store them: one frame of a single
// segment with its content size, one block in it, no checksum, no dictionary.
//
// It is a fast encoder of one level: a little larger than libzstd's level 1 for
// such blocks, and faster. Everything that is bounded by the size of a block lies
// in arrays of fixed size that are used again and again. The same input gives the
// same bytes on any machine: the loops in assembly language do what those in Go
// do, which the tag purego selects everywhere.
//
// Left out: longer input, several blocks in a frame, matches that are searched for
// more patiently, tables repeated from an earlier block.
package zstdblock

import "encoding/binary"

// MaxBlock is the longest input.
const MaxBlock = 128 << 10

// Bound is the most bytes that a frame of n bytes of content has.
func Bound(n int) int { return n + frameHead + blockHead }

const (
	frameMagic = 0xfd2fb528
	frameHead  = 9 // at most: magic number, descriptor, content size of four bytes
	blockHead  = 3
)

// Kinds of blocks (RFC 8878, 3.1.1.2.2).
const (
	blockRaw = iota
	blockRLE
	blockCompressed
)

// Encoder compresses blocks one after another. Its zero value is ready; it is
// large and not safe for concurrent use.
type Encoder struct {
	finder
	literalCoder
	sequenceCoder
}

// Append appends the frame of src to dst. It panics when src is longer than
// MaxBlock, which is for the caller to see to.
func (e *Encoder) Append(dst, src []byte) []byte {
	if len(src) > MaxBlock {
		panic("zstdblock: input of more than a block")
	}
	dst = appendFrameHead(dst, len(src))
	if len(src) > 1 && repeats(src) {
		return append(appendBlockHead(dst, blockRLE, len(src)), src[0])
	}
	head := len(dst)
	dst = appendBlockHead(dst, blockCompressed, 0)
	if out, ok := e.appendBlock(dst, src); ok {
		putBlockHead(out[head:], blockCompressed, len(out)-head-blockHead)
		return out
	}
	return append(appendBlockHead(dst[:head], blockRaw, len(src)), src...)
}

// appendBlock appends the content of a compressed block; false when it would not
// be shorter than src.
func (e *Encoder) appendBlock(dst, src []byte) ([]byte, bool) {
	if len(src) < minInput {
		return dst, false
	}
	e.find(src)
	at := len(dst)
	dst, ok := e.appendLiterals(dst, e.literals[:e.literalCount], len(src))
	if !ok {
		return dst, false
	}
	return e.appendSequences(dst, e.sequences[:e.sequenceCount], len(src)-(len(dst)-at))
}

// appendFrameHead appends the magic number and the frame header of a single
// segment (3.1.1.1).
func appendFrameHead(dst []byte, size int) []byte {
	const singleSegment = 1 << 5
	dst = binary.LittleEndian.AppendUint32(dst, frameMagic)
	switch {
	case size < 256:
		return append(dst, singleSegment, byte(size))
	case size < 256+1<<16:
		return binary.LittleEndian.AppendUint16(append(dst, 1<<6|singleSegment), uint16(size-256))
	}
	return binary.LittleEndian.AppendUint32(append(dst, 2<<6|singleSegment), uint32(size))
}

func appendBlockHead(dst []byte, kind, size int) []byte {
	dst = append(dst, 0, 0, 0)
	putBlockHead(dst[len(dst)-blockHead:], kind, size)
	return dst
}

// putBlockHead writes the header of the last block of a frame.
func putBlockHead(b []byte, kind, size int) {
	head := 1 | kind<<1 | size<<3
	b[0], b[1], b[2] = byte(head), byte(head>>8), byte(head>>16)
}

// repeats tells whether all bytes are the same.
func repeats(src []byte) bool {
	if src[0] != src[len(src)-1] || src[0] != src[len(src)/2] {
		return false
	}
	for i := 1; i < len(src); i++ {
		if src[i] != src[0] {
			return false
		}
	}
	return true
}
