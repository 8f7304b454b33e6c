package oci

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"os"
	"slices"

	"github.com/fimg/fimg/formats/archive"
	"github.com/fimg/fimg/formats/compress"
	"github.com/fimg/fimg/tree"
)

// Options shape the making of an image.
type Options struct {
	// Base is the image to build on: one layer with the differences is put on
	// top of it. Nil means none. The caller closes it after the result.
	Base *Image
	// Exclude leaves out a path with all below it; see DefaultExclude.
	Exclude func(path string) bool
	// Compression of the layer; empty means gzip. Docker archives hold layers
	// unpacked whatever it is.
	Compression compress.Algorithm
	Workers     int
	// TempDir holds the layer until it is written; empty means os.TempDir.
	TempDir string
}

// DefaultExclude is what kiwi leaves out of containers: its own files, and what
// a running container gets from its host. The content of /run and /tmp stays
// when keepTemporary is set (ensure_empty_tmpdirs="false").
func DefaultExclude(keepTemporary bool, more ...string) func(string) bool {
	list := []string{"image", ".kconfig", ".buildenv", "var/cache/kiwi", "dev/*", "sys/*", "proc/*"}
	if !keepTemporary {
		list = append(list, "run/*", "tmp/*")
	}
	return archive.Excluding(append(list, more...)...)
}

// Build makes an image of a tree. The caller closes it.
func Build(ctx context.Context, t tree.Tree, c Config, opts Options) (*Image, error) {
	i := &Image{Reference: c.Reference(), References: c.References()}
	if opts.Base != nil {
		i.config = opts.Base.config
		i.config.History = slices.Clone(i.config.History)
		i.Layers = slices.Clone(opts.Base.Layers)
	}
	if err := c.apply(&i.config, opts.Base != nil); err != nil {
		return nil, fmt.Errorf("build container image: %w", err)
	}
	layer, err := i.layer(ctx, t, c, opts)
	if err != nil {
		return nil, fmt.Errorf("build container image: %w", err)
	}
	i.Layers = append(i.Layers, layer)
	i.config.RootFS = rootFS{Type: "layers"}
	for _, l := range i.Layers {
		i.config.RootFS.DiffIDs = append(i.config.RootFS.DiffIDs, l.DiffID)
	}
	return i, nil
}

var layerTypes = map[compress.Algorithm]string{
	compress.None: typeLayer, compress.Gzip: typeLayerGzip, compress.Zstd: typeLayerZstd,
}

// layer packs the tree, or what differs from the base, into a temporary file.
func (i *Image) layer(ctx context.Context, t tree.Tree, c Config, opts Options) (Layer, error) {
	algorithm := opts.Compression
	if algorithm == compress.None {
		algorithm = compress.Gzip
	}
	mediaType, known := layerTypes[algorithm]
	if !known {
		return Layer{}, fmt.Errorf("layers cannot be packed with %s", algorithm)
	}
	file, err := temporary(opts.TempDir)
	if err != nil {
		return Layer{}, err
	}
	i.close = append(i.close, file.Close)
	packed := &meter{w: file, hash: sha256.New()}
	diffID, err := i.pack(ctx, t, c, opts, algorithm, packed)
	if err != nil {
		return Layer{}, err
	}
	return Layer{Blob: fileBlob(file, packed), MediaType: mediaType, DiffID: diffID}, nil
}

func (i *Image) pack(ctx context.Context, t tree.Tree, c Config, opts Options, a compress.Algorithm, out io.Writer) (string, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	packer, err := compress.NewWriter(ctx, out, a, compress.Options{Workers: opts.Workers})
	if err != nil {
		return "", err
	}
	plain := &meter{w: packer, hash: sha256.New()}
	err = writeLayer(ctx, archive.NewWriter(plain, c.Created), t, c, opts)
	if err != nil {
		cancel()
	}
	if done := packer.Close(); err == nil {
		err = done
	}
	return plain.digest(), err
}

func writeLayer(ctx context.Context, w *archive.Writer, t tree.Tree, c Config, opts Options) error {
	var err error
	if opts.Base == nil {
		err = w.Tree(ctx, t, opts.Exclude)
	} else {
		err = writeDifference(ctx, w, t, c.Created, opts)
	}
	if err != nil {
		return err
	}
	return w.Close()
}

// temporary is a file without a name.
func temporary(dir string) (*os.File, error) {
	f, err := os.CreateTemp(dir, ".fimg-layer-*")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// meter counts and hashes what it passes on.
type meter struct {
	w    io.Writer
	hash hash.Hash
	n    int64
}

func (m *meter) Write(p []byte) (int, error) {
	n, err := m.w.Write(p)
	m.hash.Write(p[:n])
	m.n += int64(n)
	return n, err
}

func (m *meter) digest() string { return "sha256:" + hex.EncodeToString(m.hash.Sum(nil)) }

func fileBlob(f *os.File, m *meter) Blob {
	size := m.n
	return Blob{Digest: m.digest(), Size: size, open: func() (io.ReadCloser, error) {
		return io.NopCloser(io.NewSectionReader(f, 0, size)), nil
	}}
}
