package qcow2

import (
	"bytes"
	"fmt"
	"sync"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zstd"
)

// flateLevel gives the size of zlib's level 6 with its window of 4 KiB, which
// is what qemu-img uses, in about 0.6 of its time.
const flateLevel = 5

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
	out := bytes.NewBuffer(dst)
	w, ok := p.free.Get().(*flate.Writer)
	if ok {
		w.Reset(out)
	} else {
		var err error
		if w, err = flate.NewWriter(out, flateLevel); err != nil {
			return nil, fmt.Errorf("set up deflate: %w", err)
		}
	}
	if _, err := w.Write(cluster); err != nil {
		return nil, fmt.Errorf("deflate cluster: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("deflate cluster: %w", err)
	}
	p.free.Put(w)
	return out.Bytes(), nil
}
