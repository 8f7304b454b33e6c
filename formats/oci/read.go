package oci

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/fimg/fimg/fault"
	"github.com/fimg/fimg/internal/xzread"
)

// store is a place that holds the files of an image by name.
type store interface {
	// blob returns the file of the name; digest and size are for the caller to
	// fill in.
	file(name string) (open func() (io.ReadCloser, error), size int64, err error)
}

// Open reads an image that others build on: an OCI layout directory, an
// oci-archive or a docker archive, packed or not. Of several images in it, ref
// (NAME:TAG or TAG) chooses one; arch is as rpm names it. The caller closes it.
func Open(name, ref, arch, tempDir string) (*Image, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("open container image: %w", err)
	}
	var s store
	var closer func() error
	if info.IsDir() {
		root, err := os.OpenRoot(name)
		if err != nil {
			return nil, fmt.Errorf("open container image: %w", err)
		}
		s, closer = (*rootStore)(root), root.Close
	} else {
		t, err := openTar(name, tempDir)
		if err != nil {
			return nil, fmt.Errorf("open container image %s: %w", filepath.Base(name), err)
		}
		s, closer = t, t.f.Close
	}
	i, err := read(s, ref, arch)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open container image %s: %w", filepath.Base(name), err), closer())
	}
	i.close = append(i.close, closer)
	return i, nil
}

func read(s store, ref, arch string) (*Image, error) {
	if raw, err := small(s, "index.json"); err == nil {
		var index manifest
		if err := json.Unmarshal(raw, &index); err != nil {
			return nil, fmt.Errorf("read index.json: %w", err)
		}
		return fromIndex(index, ref, arch, func(d descriptor) Blob { return blobIn(s, d) })
	}
	return readDocker(s, ref)
}

func blobIn(s store, d descriptor) Blob {
	return Blob{Digest: d.Digest, Size: d.Size, open: func() (io.ReadCloser, error) {
		if err := checkDigest(d.Digest); err != nil {
			return nil, err
		}
		open, _, err := s.file(blobPath(d.Digest))
		if err != nil {
			return nil, err
		}
		return open()
	}}
}

func small(s store, name string) ([]byte, error) {
	open, size, err := s.file(name)
	if err != nil {
		return nil, err
	}
	if size > maxJSON {
		return nil, fmt.Errorf("read %s: %d bytes are too many", name, size)
	}
	r, err := open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(io.LimitReader(r, maxJSON))
}

// rootStore is a layout directory.
type rootStore os.Root

func (r *rootStore) file(name string) (func() (io.ReadCloser, error), int64, error) {
	root := (*os.Root)(r)
	info, err := root.Stat(name)
	if err != nil {
		return nil, 0, err
	}
	return func() (io.ReadCloser, error) { return root.Open(name) }, info.Size(), nil
}

// tarStore is an archive whose members were found beforehand.
type tarStore struct {
	f       *os.File
	members map[string][2]int64 // offset and size
}

func (t *tarStore) file(name string) (func() (io.ReadCloser, error), int64, error) {
	at, ok := t.members[name]
	if !ok {
		return nil, 0, fmt.Errorf("read %s: %w", name, os.ErrNotExist)
	}
	return func() (io.ReadCloser, error) {
		return io.NopCloser(io.NewSectionReader(t.f, at[0], at[1])), nil
	}, at[1], nil
}

const (
	maxArchive = 1 << 40
	maxMembers = 100_000
)

// openTar finds the members of an archive, unpacking it first where needed.
func openTar(name, tempDir string) (*tarStore, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	plain, err := unpacker(f)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if _, packed := plain.(*bufio.Reader); !packed {
		unpacked, err := unpack(plain, tempDir)
		if closed := f.Close(); err == nil {
			err = closed
		}
		if err != nil {
			return nil, err
		}
		f = unpacked
	}
	t := &tarStore{f: f, members: map[string][2]int64{}}
	if err := t.find(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return t, nil
}

func unpack(r io.Reader, dir string) (*os.File, error) {
	f, err := temporary(dir)
	if err != nil {
		return nil, err
	}
	n, err := io.Copy(f, io.LimitReader(r, maxArchive))
	if err == nil && n == maxArchive {
		err = fmt.Errorf("the archive is too large")
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func (t *tarStore) find() error {
	if _, err := t.f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	links := map[string]string{}
	for r := tar.NewReader(t.f); len(t.members) < maxMembers; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		name := path.Clean(h.Name)
		at, err := t.f.Seek(0, io.SeekCurrent)
		if err != nil {
			return err
		}
		switch h.Typeflag {
		case tar.TypeReg:
			t.members[name] = [2]int64{at, h.Size}
		case tar.TypeSymlink: // docker save links equal layers
			links[name] = path.Join(path.Dir(name), h.Linkname)
		}
	}
	for from, to := range links {
		if m, ok := t.members[to]; ok {
			t.members[from] = m
		}
	}
	return nil
}

// unpacker recognises gzip, bzip2, xz and zstd; anything else is passed on unchanged, as
// a *bufio.Reader.
func unpacker(r io.Reader) (io.Reader, error) {
	b := bufio.NewReaderSize(r, 1<<16)
	head, err := b.Peek(10)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		return gzip.NewReader(b)
	case len(head) == 10 && string(head[:3]) == "BZh" && string(head[4:]) == "1AY&SY":
		return bzip2.NewReader(b), nil
	case bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		d, err := zstd.NewReader(b, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(512<<20))
		if err != nil {
			return nil, err
		}
		return d.IOReadCloser(), nil
	case strings.HasPrefix(string(head), "\xfd7zXZ\x00"):
		return xzread.NewReader(b)
	}
	return b, nil
}

// NotFoundError says that there is no such image in a place.
type NotFoundError struct{ Reference, Arch string }

func (e *NotFoundError) Error() string {
	return fmt.Sprintf("find image: none for reference %q and architecture %q", e.Reference, e.Arch)
}

// FaultClass implements fault.Classed.
func (e *NotFoundError) FaultClass() fault.Class { return fault.Repository }
