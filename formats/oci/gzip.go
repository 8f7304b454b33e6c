package oci

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"

	"github.com/fimg/fimg/formats/compress"
)

// Gzip packs the layers that are not packed, as those of a docker archive, which
// registries and their users expect to be; equal ones once. The packed layers are
// temporary files in dir. Workers is how many processors pack; zero means all. The
// result depends on the content alone.
func (i *Image) Gzip(ctx context.Context, dir string, workers int) error {
	known := map[string]Layer{}
	for n := range i.Layers {
		if i.Layers[n].MediaType != typeLayer {
			continue
		}
		plain := i.Layers[n].Digest
		packed, done := known[plain]
		if !done {
			var err error
			if packed, err = i.gzip(ctx, &i.Layers[n], dir, workers); err != nil {
				return fmt.Errorf("pack layer %s: %w", plain, err)
			}
			known[plain] = packed
		}
		i.Layers[n] = packed
	}
	return nil
}

func (i *Image) gzip(ctx context.Context, l *Layer, dir string, workers int) (Layer, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	f, err := temporary(dir)
	if err != nil {
		return Layer{}, err
	}
	i.close = append(i.close, f.Close)
	r, err := l.Open()
	if err != nil {
		return Layer{}, err
	}
	defer r.Close()
	out := &meter{w: f, hash: sha256.New()}
	packer, err := compress.NewWriter(ctx, out, compress.Gzip, compress.Options{Workers: workers})
	if err != nil {
		return Layer{}, err
	}
	if _, err = io.Copy(packer, r); err != nil {
		cancel()
	}
	if done := packer.Close(); err == nil {
		err = done
	}
	return Layer{Blob: fileBlob(f, out), MediaType: typeLayerGzip, DiffID: l.DiffID}, err
}
