package btrfs

import (
	"bytes"
	"fmt"

	"github.com/fimg/fimg/internal/zstdblock"
	"github.com/fimg/fimg/tree"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
)

// blockBytes is how much is compressed at a time, groupBytes how much the kernel
// decides about together: after one block that stays uncompressed, so does the
// rest of its group.
const (
	blockBytes = 128 << 10
	groupBytes = 512 << 10
)

// propertyName is the attribute that sets the compression of one file.
const propertyName = "btrfs.compression"

// property returns the compression a file asks for itself.
func property(n *tree.Node) (Algo, bool) {
	value, ok := n.Xattr(propertyName)
	if !ok {
		return None, false
	}
	switch {
	case bytes.HasPrefix(value, []byte("zlib")):
		return Zlib, true
	case bytes.HasPrefix(value, []byte("lzo")):
		return LZO, true
	case bytes.HasPrefix(value, []byte("zstd")):
		return ZSTD, true
	}
	return None, true
}

// compressor compresses single blocks. It is not safe for concurrent use.
type compressor struct {
	level  int
	sector int
	zstd   *zstd.Encoder
	fast   *zstdblock.Encoder
	zlib   *zlib.Writer
	lzo    *lzoEncoder
	out    bytes.Buffer
}

// compress appends the compressed form of src to dst in the form of the kernel.
func (c *compressor) compress(algo Algo, dst, src []byte) ([]byte, error) {
	switch algo {
	case ZSTD:
		return c.compressZSTD(dst, src)
	case Zlib:
		return c.compressZlib(dst, src)
	case LZO:
		if c.lzo == nil {
			c.lzo = &lzoEncoder{}
		}
		return c.lzo.blocks(dst, src, c.sector), nil
	}
	return nil, fmt.Errorf("compress: unknown algorithm %d", algo)
}

// compressZSTD makes one frame of a single segment, so that its window is never
// larger than the block, without checksum: what the kernel's decoder expects.
func (c *compressor) compressZSTD(dst, src []byte) ([]byte, error) {
	if c.level == 1 || c.level < 0 {
		if c.fast == nil {
			c.fast = new(zstdblock.Encoder)
		}
		return c.fast.Append(dst, src), nil
	}
	if c.zstd == nil {
		var err error
		if c.zstd, err = newZSTD(zstdLevel(c.level)); err != nil {
			return nil, err
		}
	}
	return c.zstd.EncodeAll(src, dst), nil
}

func newZSTD(level zstd.EncoderLevel) (*zstd.Encoder, error) {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false),
		zstd.WithSingleSegment(true), zstd.WithWindowSize(blockBytes),
		zstd.WithEncoderLevel(level), zstd.WithLowerEncoderMem(true))
	if err != nil {
		return nil, fmt.Errorf("compress: %w", err)
	}
	return enc, nil
}

func zstdLevel(level int) zstd.EncoderLevel {
	switch {
	case level == 0:
		return zstd.SpeedDefault
	case level <= 5:
		return zstd.SpeedDefault
	case level <= 9:
		return zstd.SpeedBetterCompression
	}
	return zstd.SpeedBestCompression
}

func (c *compressor) compressZlib(dst, src []byte) ([]byte, error) {
	c.out.Reset()
	if c.zlib == nil {
		level := c.level
		if level == 0 {
			level = 3
		}
		w, err := zlib.NewWriterLevel(&c.out, level)
		if err != nil {
			return nil, fmt.Errorf("compress: %w", err)
		}
		c.zlib = w
	}
	c.zlib.Reset(&c.out)
	if _, err := c.zlib.Write(src); err != nil {
		return nil, fmt.Errorf("compress: %w", err)
	}
	if err := c.zlib.Close(); err != nil {
		return nil, fmt.Errorf("compress: %w", err)
	}
	return append(dst, c.out.Bytes()...), nil
}
