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
// PAYLOADCOMPRESSOR, empty for gzip as rpm has it.
func decompress(name string, r io.Reader) (io.ReadCloser, error) {
	switch name {
	case "", "gzip":
		return gzip.NewReader(r)
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

// closing gives a reader that needs no closing a Close method.
func closing(r io.Reader, err error) (io.ReadCloser, error) {
	if err != nil {
		return nil, err
	}
	return io.NopCloser(r), nil
}
