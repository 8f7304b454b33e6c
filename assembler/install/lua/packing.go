package lua

import (
	"bufio"
	"compress/bzip2"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
	"github.com/ulikunitz/xz/lzma"
	"golang.org/x/sys/unix"

	"github.com/fimg/fimg/internal/xzread"
)

// maxWindow bounds the memory that unpacking may take, in bytes.
const maxWindow = 64 << 20

// packing is one of rpm's io types.
type packing struct {
	read  func(io.Reader) (io.Reader, error)
	write func(w io.Writer, level int) (io.WriteCloser, error) // level -1: the usual one
}

// gunzip unpacks what is packed and passes on what is not, as zlib does.
func gunzip(r io.Reader) (io.Reader, error) {
	b := bufio.NewReader(r)
	if magic, err := b.Peek(2); err != nil || magic[0] != 0x1f || magic[1] != 0x8b {
		return b, nil
	}
	return gzip.NewReader(b)
}

var packings = map[string]packing{
	"gzdio": {
		gunzip,
		func(w io.Writer, level int) (io.WriteCloser, error) { return gzip.NewWriterLevel(w, level) },
	},
	"zstdio": {
		func(r io.Reader) (io.Reader, error) {
			d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
			return d, err
		},
		func(w io.Writer, level int) (io.WriteCloser, error) {
			if level < 0 {
				level = 3
			}
			return zstd.NewWriter(w, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.EncoderLevelFromZstd(level)))
		},
	},
	"xzdio": {
		xzread.NewReader,
		func(w io.Writer, _ int) (io.WriteCloser, error) { return xz.NewWriter(w) },
	},
	"lzdio": {
		func(r io.Reader) (io.Reader, error) {
			return lzma.ReaderConfig{DictCap: maxWindow}.NewReader(bufio.NewReader(r))
		},
		func(w io.Writer, _ int) (io.WriteCloser, error) { return lzma.NewWriter(w) },
	},
	"bzdio": {
		func(r io.Reader) (io.Reader, error) { return bzip2.NewReader(r), nil },
		func(io.Writer, int) (io.WriteCloser, error) { return nil, unix.ENOTSUP },
	},
}
