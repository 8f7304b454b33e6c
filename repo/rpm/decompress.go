package rpm

import (
	"bufio"
	"compress/bzip2"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz/lzma"

	"github.com/fimg/fimg/internal/xzread"
)

// maxDictionary bounds the memory a compressed payload may ask for, in bytes:
// the largest window of "zstd --ultra --long" that is readable by default.
const maxDictionary = 256 << 20

// decompress returns a reader of the plain payload. Name is the tag
// PAYLOADCOMPRESSOR, which old and uncompressed packages do not have.
func decompress(name string, r io.Reader, b *Buffers) (io.ReadCloser, error) {
	switch name {
	case "", "gzip":
		return gunzip(r)
	case "zstd":
		return b.zstd(r)
	case "xz":
		d, err := xzread.NewReader(bufio.NewReaderSize(r, 64<<10))
		return closing(d, err)
	case "lzma":
		d, err := lzma.ReaderConfig{DictCap: maxDictionary}.NewReader(bufio.NewReaderSize(r, 64<<10))
		return closing(d, err)
	case "bzip2":
		return io.NopCloser(bzip2.NewReader(r)), nil
	case "none", "identity":
		return io.NopCloser(r), nil
	}
	return nil, fmt.Errorf("payload compressor %q is not known", name)
}

// Buffers keeps the memory of decompressors from one package to the next. The
// zero value is ready; several goroutines may share one.
type Buffers struct{ pool sync.Pool }

// zstd returns a decompressor from the pool; closing it puts it back.
func (b *Buffers) zstd(r io.Reader) (io.ReadCloser, error) {
	d, err := b.decoder()
	if err != nil {
		return nil, err
	}
	return &pooled{d, b}, d.Reset(r)
}

func (b *Buffers) decoder() (*zstd.Decoder, error) {
	if b != nil {
		if d, ok := b.pool.Get().(*zstd.Decoder); ok {
			return d, nil
		}
	}
	return zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(maxDictionary), zstd.WithDecodeAllCapLimit(true))
}

// giveBack ends the use of a decompressor.
func (b *Buffers) giveBack(d *zstd.Decoder) {
	if b == nil {
		d.Close()
		return
	}
	b.pool.Put(d)
}

// pooled is a decompressor that goes back to its pool.
type pooled struct {
	d  *zstd.Decoder
	to *Buffers
}

func (p *pooled) Read(b []byte) (int, error) {
	if p.d == nil {
		return 0, io.ErrClosedPipe
	}
	return p.d.Read(b)
}

// Close returns the decompressor.
func (p *pooled) Close() error {
	if p.d == nil {
		return nil
	}
	err := p.d.Reset(nil)
	p.to.giveBack(p.d)
	p.d = nil
	return err
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
