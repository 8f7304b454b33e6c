package compress

import (
	"fmt"

	"github.com/klauspost/compress/zstd"
)

// zstdCodec makes one frame of each piece; decoders join frames (RFC 8878, 3).
type zstdCodec struct {
	encoders stock[*zstd.Encoder]
	begun    bool
}

const zstdPiece = 4 << 20

func newZstd() (*zstdCodec, error) {
	z := &zstdCodec{}
	enc, err := z.encoder()
	if err == nil {
		z.encoders.put(enc)
	}
	return z, err
}

func (z *zstdCodec) encoder() (*zstd.Encoder, error) {
	if enc, ok := z.encoders.take(); ok {
		return enc, nil
	}
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(zstdPiece),
		zstd.WithEncoderLevel(zstd.SpeedDefault), zstd.WithZeroFrames(true), zstd.WithLowerEncoderMem(true))
	if err != nil {
		return nil, fmt.Errorf("set up zstd: %w", err)
	}
	return enc, nil
}

func (*zstdCodec) size() int      { return zstdPiece }
func (*zstdCodec) history() int   { return 0 }
func (*zstdCodec) close()         {}
func (*zstdCodec) header() []byte { return nil }
func (z *zstdCodec) add(packed)   { z.begun = true }

// trailer is an empty frame when there was no data: no file is empty.
func (z *zstdCodec) trailer() []byte {
	if z.begun {
		return nil
	}
	out, err := z.pack(nil, nil, 0)
	if err != nil {
		return nil
	}
	return out.data
}

func (z *zstdCodec) pack(dst, in []byte, _ int) (packed, error) {
	enc, err := z.encoder()
	if err != nil {
		return packed{}, err
	}
	defer z.encoders.put(enc)
	return packed{data: enc.EncodeAll(in, dst)}, nil
}
