package rpm

import (
	"bufio"
	"compress/bzip2"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
	"github.com/ulikunitz/xz/lzma"
)

// maxDictionary bounds the memory a compressed payload may ask for, in bytes:
// the largest window of "zstd --ultra --long" that is readable by default.
const maxDictionary = 256 << 20

// decompress returns a reader of the plain payload. Name is the tag
// PAYLOADCOMPRESSOR, which old and uncompressed packages do not have.
func decompress(name string, r io.Reader) (io.ReadCloser, error) {
	switch name {
	case "", "gzip":
		return gunzip(r)
	case "zstd":
		d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(maxDictionary))
		if err != nil {
			return nil, err
		}
		return d.IOReadCloser(), nil
	case "xz":
		d, err := xz.ReaderConfig{DictCap: 8 << 20}.NewReader(bufio.NewReaderSize(r, 64<<10))
		return closing(d, err)
	case "lzma":
		d, err := lzma.NewReader(bufio.NewReaderSize(r, 64<<10))
		return closing(d, err)
	case "bzip2":
		return io.NopCloser(bzip2.NewReader(r)), nil
	case "none", "identity":
		return io.NopCloser(r), nil
	}
	return nil, fmt.Errorf("payload compressor %q is not known", name)
}

// gunzip reads gzip or, like zlib's gzread, what is not compressed as it is.
func gunzip(r io.Reader) (io.ReadCloser, error) {
	b := bufio.NewReaderSize(r, 64<<10)
	magic, err := b.Peek(2)
	if err != nil && err != io.EOF {
		return nil, err
	}
	if len(magic) == 2 && magic[0] == 0x1f && magic[1] == 0x8b {
		return gzip.NewReader(b)
	}
	return io.NopCloser(b), nil
}

// closing gives a reader that needs no closing a Close method.
func closing(r io.Reader, err error) (io.ReadCloser, error) {
	if err != nil {
		return nil, err
	}
	return io.NopCloser(r), nil
}
