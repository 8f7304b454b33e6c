// Package unpack decompresses repository metadata: gzip, xz, zstd, bzip2 and
// zchunk, told apart by their first bytes, since file names lie.
package unpack

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/xi2/xz"
)

const (
	bufferSize = 256 << 10
	// windowLimit bounds the memory that a zstd frame or an xz dictionary may ask
	// for; the largest presets in use need 64 MiB and 128 MiB.
	windowLimit = 128 << 20
)

// Reader returns the decompressed content of r, or r's own bytes when they are
// not compressed in a known way. Close releases what decompression holds and
// leaves r open.
func Reader(r io.Reader) (io.ReadCloser, error) {
	in := bufio.NewReaderSize(r, bufferSize)
	head, err := in.Peek(6)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	out, err := open(head, in)
	if err != nil {
		return nil, fmt.Errorf("decompress: %w", err)
	}
	return out, nil
}

func open(head []byte, in *bufio.Reader) (io.ReadCloser, error) {
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		return gzip.NewReader(in)
	case bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(windowLimit))
		if err != nil {
			return nil, err
		}
		return z.IOReadCloser(), nil
	case bytes.HasPrefix(head, []byte{0xfd, '7', 'z', 'X', 'Z', 0}):
		x, err := xz.NewReader(in, windowLimit)
		return io.NopCloser(x), err
	case bytes.HasPrefix(head, []byte("BZh")):
		return io.NopCloser(bzip2.NewReader(in)), nil
	case bytes.HasPrefix(head, []byte(zckMagic)):
		z, err := newZchunk(in)
		return z, err
	}
	return io.NopCloser(in), nil
}
