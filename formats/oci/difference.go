package oci

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/fimg/fimg/formats/archive"
	"github.com/fimg/fimg/tree"
)

// state is what the layers below make of one path.
type state struct {
	node  tree.Node
	sum   [sha256.Size]byte // of a regular file's content
	from  member            // what put it there
	alias string            // the name it was linked to
}

// member is a place in the layers: number of the layer and of the member in it.
type member struct{ layer, index int }

// members shows the members of the layer; at the end its digest is verified.
func (l Layer) members(fn func(index int, h *tar.Header, content io.Reader) error) error {
	r, err := l.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	plain, err := unpacker(r)
	if err != nil {
		return err
	}
	t := tar.NewReader(plain)
	for index := 0; ; index++ {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return drain(plain, r)
		}
		if err != nil {
			return err
		}
		if err := fn(index, h, t); err != nil {
			return err
		}
	}
}

// drain reads to the end, which verifies the digest.
func drain(list ...io.Reader) error {
	for _, r := range list {
		if _, err := io.Copy(io.Discard, r); err != nil {
			return err
		}
	}
	return nil
}

func nodeOf(name string, h *tar.Header) tree.Node {
	n := tree.Node{Path: name, UID: uint32(h.Uid), GID: uint32(h.Gid), MTime: h.ModTime,
		Size: h.Size, Major: uint32(h.Devmajor), Minor: uint32(h.Devminor), Mode: uint32(h.Mode & 0o7777)}
	switch h.Typeflag {
	case tar.TypeDir:
		n.Mode |= tree.TypeDir
	case tar.TypeSymlink:
		n.Mode |= tree.TypeLink
		n.Target = h.Linkname
	case tar.TypeChar:
		n.Mode |= tree.TypeChar
	case tar.TypeBlock:
		n.Mode |= tree.TypeBlock
	case tar.TypeFifo:
		n.Mode |= tree.TypeFIFO
	default:
		n.Mode |= tree.TypeFile
	}
	for _, key := range slices.Sorted(maps.Keys(h.PAXRecords)) {
		if x, ok := strings.CutPrefix(key, "SCHILY.xattr."); ok {
			n.SetXattr(x, []byte(h.PAXRecords[key]))
		}
	}
	return n
}

// writeDifference writes the nodes that are new or differ from the base, and
// whiteouts for what is gone, in the order of the tree.
func writeDifference(ctx context.Context, w *archive.Writer, t tree.Tree, latest time.Time, opts Options) error {
	old, err := opts.Base.flatten()
	if err != nil {
		return err
	}
	d := &difference{old: old, tree: t, latest: latest, exclude: opts.Exclude,
		seen: map[string]bool{}, links: map[uint64]bool{}, plain: map[string]bool{}}
	if err := d.find(ctx); err != nil {
		return err
	}
	return d.write(ctx, w)
}
