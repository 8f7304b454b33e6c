package system

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/sys/unix"

	"github.com/fimg/fimg/description"
	"github.com/fimg/fimg/internal/xzread"
)

// maxUnpacked bounds what one archive of a description may unpack to.
const maxUnpacked = 64 << 30

// UnpackArchives unpacks the archives of one package phase into the tree.
func (s *System) UnpackArchives(list []description.Archive) error {
	for _, a := range list {
		target := path.Clean("/" + a.TargetDir)
		if err := s.unpackArchive(a.Name, target); err != nil {
			return fmt.Errorf("%s: unpack archive %s: %w", a.Source, a.Name, err)
		}
	}
	return nil
}

func (s *System) unpackArchive(name, target string) error {
	in, err := s.open(name)
	if err != nil {
		return err
	}
	defer in.Close()
	plain, err := decompress(in)
	if err != nil {
		return err
	}
	archive := tar.NewReader(io.LimitReader(plain, maxUnpacked))
	for {
		h, err := archive.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := s.unpackMember(archive, h, path.Join(target, path.Clean("/"+h.Name)), target); err != nil {
			return fmt.Errorf("%s: %w", h.Name, err)
		}
	}
}

func (s *System) open(name string) (fs.File, error) {
	if filepath.IsAbs(name) {
		return os.Open(name)
	}
	return s.Image.Files.Open(path.Clean(name))
}

// decompress recognises the compression by its magic number.
func decompress(in io.Reader) (io.Reader, error) {
	buffered := bufio.NewReader(in)
	magic, err := buffered.Peek(6)
	if err != nil && err != io.EOF {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		return gzip.NewReader(buffered)
	case bytes.HasPrefix(magic, []byte("BZh")):
		return bzip2.NewReader(buffered), nil
	case bytes.HasPrefix(magic, []byte("\xfd7zXZ\x00")):
		return xzread.NewReader(buffered)
	case bytes.HasPrefix(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		return zstd.NewReader(buffered, zstd.WithDecoderMaxWindow(xzread.MaxDictionary))
	}
	return buffered, nil
}

func (s *System) unpackMember(in io.Reader, h *tar.Header, name, target string) error {
	if err := s.Root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	if err := s.createMember(in, h, name, target); err != nil {
		return err
	}
	if err := s.Root.Lchown(name, h.Uid, h.Gid); err != nil {
		return err
	}
	if h.Typeflag != tar.TypeSymlink && h.Typeflag != tar.TypeLink {
		if err := s.Root.Chmod(name, uint32(h.Mode)&0o7777); err != nil {
			return err
		}
	}
	return s.setTime(name, h.ModTime)
}

func (s *System) createMember(in io.Reader, h *tar.Header, name, target string) error {
	switch h.Typeflag {
	case tar.TypeDir:
		return s.Root.MkdirAll(name, 0o755)
	case tar.TypeReg:
		return s.writeStream(name, in, h.FileInfo())
	case tar.TypeSymlink:
		return s.Root.Symlink(h.Linkname, name)
	case tar.TypeLink:
		return s.Root.Copy(path.Join(target, path.Clean("/"+h.Linkname)), name)
	}
	return fmt.Errorf("member of type %q: %w", h.Typeflag, errors.ErrUnsupported)
}

// setTime sets the modification time of a name itself.
func (s *System) setTime(name string, t time.Time) error {
	if !s.Epoch.IsZero() && t.After(s.Epoch) {
		t = s.Epoch
	}
	dir, err := s.Root.OpenFile(path.Dir(path.Clean("/"+name)), unix.O_PATH|unix.O_DIRECTORY, 0)
	if err != nil {
		return err
	}
	defer dir.Close()
	ts := unix.NsecToTimespec(t.UnixNano())
	err = unix.UtimesNanoAt(int(dir.Fd()), path.Base(name), []unix.Timespec{ts, ts}, unix.AT_SYMLINK_NOFOLLOW)
	if err != nil {
		return &fs.PathError{Op: "set time", Path: name, Err: err}
	}
	return nil
}
