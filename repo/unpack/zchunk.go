package unpack

import (
	"bufio"
	"bytes"
	"crypto/sha1" //nolint:gosec // one of the format's checksum types
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/klauspost/compress/zstd"
)

// The zchunk format, version 1 (zchunk_format.txt): a lead, a header with an
// index, and chunks that are each one zstd frame made with a common dictionary.
const (
	zckMagic = "\x00ZCK1"

	zckStreams  = 1 << 0 // flag: every index entry names its stream
	zckOptional = 1 << 1 // flag: optional elements follow
	zckPlainSum = 1 << 2 // flag: checksums of the uncompressed chunks too

	zckHeaderLimit = 64 << 20
	zckChunkLimit  = 256 << 20
)

type zckChunk struct {
	sum          []byte
	size, opened uint64
}

// zchunk reads one file front to back.
type zchunk struct {
	in      *bufio.Reader
	chunks  []zckChunk // the first is the dictionary, of size zero when there is none
	newSum  func() hash.Hash
	sumSize int
	zstd    bool
	decoder *zstd.Decoder
	rest    []byte // decompressed and not yet read
	raw     []byte
	plain   []byte
}

func newZchunk(in *bufio.Reader) (*zchunk, error) {
	header, err := zckHeader(in)
	if err != nil {
		return nil, fmt.Errorf("zchunk header: %w", err)
	}
	z := &zchunk{in: in}
	if err := z.index(header); err != nil {
		return nil, fmt.Errorf("zchunk header: %w", err)
	}
	if err := z.dictionary(); err != nil {
		return nil, fmt.Errorf("zchunk dictionary: %w", err)
	}
	return z, nil
}

// zckHeader reads lead and header, compares the header's checksum and returns the
// header without the data checksum it starts with.
func zckHeader(in *bufio.Reader) (*zckInts, error) {
	lead := &recorder{in: in}
	magic := make([]byte, len(zckMagic))
	if _, err := io.ReadFull(lead, magic); err != nil {
		return nil, err
	}
	kind, size := lead.int(), lead.int()
	newSum, sumSize := zckSum(kind)
	switch {
	case lead.err != nil:
		return nil, lead.err
	case newSum == nil:
		return nil, fmt.Errorf("unknown checksum type %d", kind)
	case size > zckHeaderLimit || size < uint64(sumSize):
		return nil, fmt.Errorf("header of %d bytes", size)
	}
	sum := make([]byte, sumSize)
	header := make([]byte, size)
	if _, err := io.ReadFull(in, sum); err != nil {
		return nil, err
	}
	if _, err := io.ReadFull(in, header); err != nil {
		return nil, err
	}
	h := newSum()
	h.Write(lead.seen)
	h.Write(header)
	if !bytes.Equal(h.Sum(nil)[:sumSize], sum) {
		return nil, errors.New("checksum does not match")
	}
	return &zckInts{buf: header[sumSize:]}, nil
}

// zckSum returns a checksum type of the format and the bytes of it that are kept.
func zckSum(kind uint64) (func() hash.Hash, int) {
	switch kind {
	case 0:
		return sha1.New, sha1.Size
	case 1:
		return sha256.New, sha256.Size
	case 2:
		return sha512.New, sha512.Size
	case 3:
		return sha512.New, 16
	}
	return nil, 0
}

// index reads flags, compression and the list of chunks.
func (z *zchunk) index(h *zckInts) error {
	flags, compression := h.int(), h.int()
	if flags&^(zckStreams|zckOptional|zckPlainSum) != 0 || compression != 0 && compression != 2 {
		return fmt.Errorf("flags %#x or compression %d unknown", flags, compression)
	}
	if flags&zckOptional != 0 {
		for range h.count(2) {
			h.int()
			h.skip(h.int())
		}
	}
	h.int() // size of the index
	kind := h.int()
	newSum, sumSize := zckSum(kind)
	if newSum == nil {
		return fmt.Errorf("unknown checksum type %d", kind)
	}
	z.newSum, z.sumSize, z.zstd = newSum, sumSize, compression == 2
	entry := sumSize + 2
	for range h.count(entry) {
		if flags&zckStreams != 0 {
			h.int()
		}
		c := zckChunk{sum: h.bytes(sumSize)}
		if flags&zckPlainSum != 0 {
			h.skip(uint64(sumSize))
		}
		c.size, c.opened = h.int(), h.int()
		if c.size > zckChunkLimit || c.opened > zckChunkLimit {
			return fmt.Errorf("chunk of %d bytes, unpacked %d", c.size, c.opened)
		}
		z.chunks = append(z.chunks, c)
	}
	return h.err
}

// dictionary reads the first chunk and prepares the decoder with it.
func (z *zchunk) dictionary() error {
	options := []zstd.DOption{zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(zckChunkLimit)}
	if len(z.chunks) > 0 && z.chunks[0].size > 0 {
		plain, err := zstd.NewReader(nil, options...)
		if err != nil {
			return err
		}
		defer plain.Close()
		z.decoder = plain
		dict, err := z.chunk(z.chunks[0])
		if err != nil {
			return err
		}
		options = append(options, zstd.WithDecoderDictRaw(0, bytes.Clone(dict)))
		if bytes.HasPrefix(dict, []byte{0x37, 0xa4, 0x30, 0xec}) {
			options[len(options)-1] = zstd.WithDecoderDicts(bytes.Clone(dict))
		}
	}
	if len(z.chunks) > 0 {
		z.chunks = z.chunks[1:]
	}
	var err error
	z.decoder, err = zstd.NewReader(nil, options...)
	return err
}

// chunk reads, checks and decompresses the chunk that follows in the file.
func (z *zchunk) chunk(c zckChunk) ([]byte, error) {
	if uint64(cap(z.raw)) < c.size {
		z.raw = make([]byte, c.size)
	}
	z.raw = z.raw[:c.size]
	if _, err := io.ReadFull(z.in, z.raw); err != nil {
		return nil, err
	}
	h := z.newSum()
	h.Write(z.raw)
	if !bytes.Equal(h.Sum(nil)[:z.sumSize], c.sum) {
		return nil, errors.New("checksum of a chunk does not match")
	}
	if !z.zstd {
		return z.raw, nil
	}
	var err error
	if z.plain, err = z.decoder.DecodeAll(z.raw, z.plain[:0]); err != nil {
		return nil, err
	}
	if uint64(len(z.plain)) != c.opened {
		return nil, fmt.Errorf("chunk has %d bytes where its index says %d", len(z.plain), c.opened)
	}
	return z.plain, nil
}

func (z *zchunk) Read(p []byte) (int, error) {
	for len(z.rest) == 0 {
		if len(z.chunks) == 0 {
			return 0, io.EOF
		}
		c := z.chunks[0]
		z.chunks = z.chunks[1:]
		if c.size == 0 {
			continue
		}
		var err error
		if z.rest, err = z.chunk(c); err != nil {
			return 0, fmt.Errorf("zchunk: %w", err)
		}
	}
	n := copy(p, z.rest)
	z.rest = z.rest[n:]
	return n, nil
}

// Close releases the decoder.
func (z *zchunk) Close() error {
	z.decoder.Close()
	return nil
}
