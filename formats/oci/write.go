package oci

import (
	"archive/tar"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fimg/fimg/formats/compress"
)

// ArchiveOptions shape an archive of an image.
type ArchiveOptions struct {
	// Compression of the whole archive; kiwi's results are packed with xz.
	Compression compress.Algorithm
	Workers     int
	Time        time.Time // of the members
	TempDir     string    // empty means os.TempDir
}

// WriteArchive writes an oci-archive: a tar of an OCI layout.
func (i *Image) WriteArchive(ctx context.Context, out io.Writer, opts ArchiveOptions) error {
	return i.archive(ctx, out, opts, func(w *members) error {
		return i.layout(w)
	})
}

// WriteLayout makes an OCI layout in an empty or missing directory.
func (i *Image) WriteLayout(ctx context.Context, dir string) error {
	if err := os.MkdirAll(filepath.Join(dir, "blobs/sha256"), 0o755); err != nil {
		return fmt.Errorf("write oci layout: %w", err)
	}
	if err := i.layout(&directory{ctx, dir}); err != nil {
		return fmt.Errorf("write oci layout: %w", err)
	}
	return nil
}

// sink takes the files of an image.
type sink interface {
	put(name string, b Blob) error
}

func (i *Image) layout(to sink) error {
	config, man, err := i.encode()
	if err != nil {
		return err
	}
	entry := descriptor{MediaType: typeManifest, Digest: man.Digest, Size: man.Size}
	if i.Reference != "" {
		entry.Annotations = map[string]string{refAnnotation: i.Reference}
	}
	index, err := jsonBlob(manifest{SchemaVersion: 2, MediaType: typeIndex, Manifests: []descriptor{entry}})
	if err != nil {
		return err
	}
	for _, f := range []struct {
		name string
		blob Blob
	}{{"oci-layout", bytesBlob([]byte(`{"imageLayoutVersion":"1.0.0"}`))}, {"index.json", index},
		{blobPath(man.Digest), man}, {blobPath(config.Digest), config}} {
		if err := to.put(f.name, f.blob); err != nil {
			return err
		}
	}
	written := map[string]bool{}
	for _, l := range i.Layers {
		if written[l.Digest] {
			continue
		}
		written[l.Digest] = true
		if err := to.put(blobPath(l.Digest), l.Blob); err != nil {
			return err
		}
	}
	return nil
}

func blobPath(digest string) string { return "blobs/" + strings.Replace(digest, ":", "/", 1) }

// directory puts files into a directory.
type directory struct {
	ctx context.Context
	dir string
}

func (d *directory) put(name string, b Blob) error {
	if err := d.ctx.Err(); err != nil {
		return err
	}
	r, err := b.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	f, err := os.OpenFile(filepath.Join(d.dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	if done := f.Close(); err == nil {
		err = done
	}
	return err
}

// members puts files into a tar.
type members struct {
	ctx  context.Context
	tar  *tar.Writer
	time time.Time
}

func (m *members) put(name string, b Blob) error {
	if err := m.ctx.Err(); err != nil {
		return err
	}
	r, err := b.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	h := &tar.Header{Format: tar.FormatGNU, Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: b.Size, ModTime: m.time}
	if err := m.tar.WriteHeader(h); err != nil {
		return err
	}
	_, err = io.Copy(m.tar, r)
	return err
}

func (i *Image) archive(ctx context.Context, out io.Writer, opts ArchiveOptions, fill func(*members) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	packer, err := compress.NewWriter(ctx, out, opts.Compression, compress.Options{Workers: opts.Workers})
	if err != nil {
		return fmt.Errorf("write container archive: %w", err)
	}
	m := &members{ctx, tar.NewWriter(packer), opts.Time.UTC().Truncate(time.Second)}
	err = fill(m)
	if err == nil {
		err = m.tar.Close()
	}
	if err != nil {
		cancel()
	}
	if done := packer.Close(); err == nil {
		err = done
	}
	if err != nil {
		return fmt.Errorf("write container archive: %w", err)
	}
	return nil
}

// dockerEntry is one image in a docker archive's manifest.json.
type dockerEntry struct {
	Config   string
	RepoTags []string
	Layers   []string
}

// WriteDocker writes a docker archive, as "docker save" makes and "docker load"
// takes: configuration, layers unpacked, and manifest.json.
func (i *Image) WriteDocker(ctx context.Context, out io.Writer, opts ArchiveOptions) error {
	return i.archive(ctx, out, opts, func(w *members) error {
		config, err := jsonBlob(i.config)
		if err != nil {
			return err
		}
		entry := dockerEntry{Config: hexOf(config.Digest) + ".json", RepoTags: i.References}
		if err := w.put(entry.Config, config); err != nil {
			return err
		}
		written := map[string]bool{}
		for _, l := range i.Layers {
			name := hexOf(l.DiffID) + ".tar"
			entry.Layers = append(entry.Layers, name)
			if written[name] {
				continue
			}
			written[name] = true
			if err := l.putPlain(w, name, opts.TempDir); err != nil {
				return err
			}
		}
		raw, err := json.Marshal([]dockerEntry{entry})
		if err != nil {
			return err
		}
		return w.put("manifest.json", bytesBlob(raw))
	})
}

func hexOf(digest string) string { return strings.TrimPrefix(digest, "sha256:") }

// putPlain unpacks the layer into a temporary file, as a tar member needs its
// size first, and writes that.
func (l Layer) putPlain(w *members, name, dir string) error {
	f, err := temporary(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	r, err := l.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	plain, err := unpacker(r)
	if err != nil {
		return err
	}
	n, err := io.Copy(f, plain)
	if err == nil {
		err = drain(r)
	}
	if err != nil {
		return err
	}
	blob := Blob{Digest: l.DiffID, Size: n, open: func() (io.ReadCloser, error) {
		return io.NopCloser(io.NewSectionReader(f, 0, n)), nil
	}}
	return w.put(name, blob)
}
