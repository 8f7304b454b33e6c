package qcow2

import (
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"

	"github.com/fimg/fimg/formats/compress/deflate"
)

// compressor packs single clusters; it is safe for concurrent use.
type compressor interface {
	// pack appends the packed form of a cluster to dst.
	pack(dst, cluster []byte) ([]byte, error)
}

func newCompressor(kind string) (compressor, error) {
	switch kind {
	case "none":
		return nil, nil
	case "zstd":
		return &zstdPacker{}, nil
	}
	return &flatePacker{}, nil
}

// zstdPacker writes one zstd frame with its content size for each cluster.
type zstdPacker struct{ free sync.Pool }

func (z *zstdPacker) pack(dst, cluster []byte) ([]byte, error) {
	enc, ok := z.free.Get().(*zstd.Encoder)
	if !ok {
		var err error
		enc, err = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false),
			zstd.WithEncoderLevel(zstd.SpeedDefault))
		if err != nil {
			return nil, fmt.Errorf("set up zstd: %w", err)
		}
	}
	defer z.free.Put(enc)
	return enc.EncodeAll(cluster, dst), nil
}

// flatePacker writes raw deflate streams (RFC 1951).
type flatePacker struct{ free sync.Pool }

func (p *flatePacker) pack(dst, cluster []byte) ([]byte, error) {
	enc, ok := p.free.Get().(*deflate.Encoder)
	if !ok {
		enc = new(deflate.Encoder)
	}
	defer p.free.Put(enc)
	return enc.Encode(dst, cluster, 0, deflate.Fast, deflate.Final), nil
}
