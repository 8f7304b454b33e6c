// Package archive writes a root tree as a tar archive (POSIX.1-2001 pax), with
// owners as numbers, hard links, devices, and extended attributes the way GNU
// tar, bsdtar and container tools read them (SCHILY.xattr records). Members are
// in the order of the tree, without a leading "./"; the root itself and sockets
// are left out.
package archive

import (
	"archive/tar"
	"context"
	"fmt"
	"io"
	"path"
	"strings"
	"time"

	"github.com/fimg/fimg/fault"
	"github.com/fimg/fimg/formats/compress"
	"github.com/fimg/fimg/formats/disk"
	"github.com/fimg/fimg/tree"
)

// Options shape an archive.
type Options struct {
	// Compression packs the archive; empty means not.
	Compression compress.Algorithm
	// Workers is the number of compressors; zero means one.
	Workers int
	// Exclude leaves out a path with all below it; nil leaves out nothing.
	Exclude func(path string) bool
	// Latest clamps modification times from above; zero keeps them.
	Latest time.Time
}

// Write writes the tree to out.
func Write(ctx context.Context, t tree.Tree, out io.Writer, opts Options) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	packer, err := compress.NewWriter(ctx, out, opts.Compression, compress.Options{Workers: opts.Workers})
	if err != nil {
		return fmt.Errorf("write archive: %w", err)
	}
	w := NewWriter(packer, opts.Latest)
	err = w.Tree(ctx, t, opts.Exclude)
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		cancel()
	}
	if done := packer.Close(); err == nil {
		err = done
	}
	if err != nil {
		return fmt.Errorf("write archive: %w", err)
	}
	return nil
}

// Writer writes nodes one by one.
type Writer struct {
	tar    *tar.Writer
	latest time.Time
	links  map[uint64]string
	buf    []byte
}

// NewWriter returns a Writer; times after latest are set back to it unless it is
// zero.
func NewWriter(w io.Writer, latest time.Time) *Writer {
	return &Writer{tar: tar.NewWriter(w), latest: latest, links: map[uint64]string{}, buf: make([]byte, 1<<20)}
}

// Tree writes all nodes of a tree that are not excluded.
func (w *Writer) Tree(ctx context.Context, t tree.Tree, exclude func(string) bool) error {
	skip := ""
	return t.Walk(ctx, func(n *tree.Node) error {
		if skip != "" && strings.HasPrefix(n.Path, skip) {
			return nil
		}
		if skip = ""; exclude != nil && exclude(n.Path) {
			skip = n.Path + "/"
			return nil
		}
		return w.Node(t, n)
	})
}

// Close writes the end of the archive.
func (w *Writer) Close() error { return w.tar.Close() }

// Node writes one node; content comes from the tree it belongs to.
func (w *Writer) Node(t tree.Tree, n *tree.Node) error {
	if n.Path == "." || n.Type() == tree.TypeSocket {
		return nil
	}
	h := w.header(n)
	if err := w.tar.WriteHeader(h); err != nil {
		return fmt.Errorf("archive %s: %w", n.Path, err)
	}
	if h.Typeflag != tar.TypeReg || h.Size == 0 {
		return nil
	}
	if err := w.content(t, n); err != nil {
		return fmt.Errorf("archive %s: %w", n.Path, err)
	}
	return nil
}

// Whiteout writes the mark by which an image layer removes a path of the layers
// below (OCI image layer specification, "Whiteouts").
func (w *Writer) Whiteout(p string, at time.Time) error {
	dir, base := path.Split(p)
	return w.tar.WriteHeader(&tar.Header{Format: tar.FormatPAX, Typeflag: tar.TypeReg,
		Name: dir + ".wh." + base, Mode: 0o600, ModTime: w.clamp(at)})
}

var kinds = map[uint32]byte{
	tree.TypeFile: tar.TypeReg, tree.TypeDir: tar.TypeDir, tree.TypeLink: tar.TypeSymlink,
	tree.TypeChar: tar.TypeChar, tree.TypeBlock: tar.TypeBlock, tree.TypeFIFO: tar.TypeFifo,
}

func (w *Writer) header(n *tree.Node) *tar.Header {
	h := &tar.Header{
		Format: tar.FormatPAX, Typeflag: kinds[n.Type()], Name: n.Path, Linkname: n.Target,
		Mode: int64(n.Mode & 0o7777), Uid: int(n.UID), Gid: int(n.GID), ModTime: w.clamp(n.MTime),
	}
	switch n.Type() {
	case tree.TypeDir:
		h.Name += "/"
	case tree.TypeFile:
		h.Size = n.Size
	case tree.TypeChar, tree.TypeBlock:
		h.Devmajor, h.Devminor = int64(n.Major), int64(n.Minor)
	}
	if len(n.Xattrs) > 0 {
		h.PAXRecords = map[string]string{}
		for _, x := range n.Xattrs {
			h.PAXRecords["SCHILY.xattr."+x.Name] = string(x.Value)
		}
	}
	w.link(h, n)
	return h
}

// link turns the second and later names of an inode into hard links.
func (w *Writer) link(h *tar.Header, n *tree.Node) {
	if n.Link == 0 {
		return
	}
	first, seen := w.links[n.Link]
	if !seen {
		w.links[n.Link] = n.Path
		return
	}
	h.Typeflag, h.Linkname, h.Size, h.PAXRecords = tar.TypeLink, first, 0, nil
}

func (w *Writer) clamp(t time.Time) time.Time {
	if !w.latest.IsZero() && t.After(w.latest) {
		t = w.latest
	}
	return t.UTC().Truncate(time.Second)
}

// content writes a file; its holes are not read.
func (w *Writer) content(t tree.Tree, n *tree.Node) error {
	f, err := t.Open(n)
	if err != nil {
		return err
	}
	defer f.Close()
	data, err := f.Data()
	if err != nil {
		return err
	}
	at := int64(0)
	for _, r := range append(data[:len(data):len(data)], disk.Range{Offset: n.Size}) {
		if r.Offset < at || r.Offset+r.Length > n.Size {
			return fmt.Errorf("content changed while it was read")
		}
		if err := w.zeros(r.Offset - at); err != nil {
			return err
		}
		if err := w.copy(io.NewSectionReader(f, r.Offset, r.Length), r.Length); err != nil {
			return err
		}
		at = r.Offset + r.Length
	}
	return nil
}

func (w *Writer) copy(r io.Reader, n int64) error {
	got, err := io.CopyBuffer(struct{ io.Writer }{w.tar}, struct{ io.Reader }{r}, w.buf)
	if err == nil && got != n {
		err = io.ErrUnexpectedEOF
	}
	return err
}

func (w *Writer) zeros(n int64) error {
	if n == 0 {
		return nil
	}
	clear(w.buf)
	for n > 0 {
		part := w.buf[:min(n, int64(len(w.buf)))]
		if _, err := w.tar.Write(part); err != nil {
			return err
		}
		n -= int64(len(part))
	}
	return nil
}

// MissingError says that a tree lacks what its format demands.
type MissingError struct{ Format, Path string }

func (e *MissingError) Error() string {
	return fmt.Sprintf("write %s: the tree has no /%s", e.Format, e.Path)
}

// FaultClass implements fault.Classed.
func (e *MissingError) FaultClass() fault.Class { return fault.Description }
