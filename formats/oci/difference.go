package oci

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
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

// maxPaths is the most paths that the layers of a base image may have.
const maxPaths = 5_000_000

// flatten reads the layers of an image and returns what they add up to.
func (i *Image) flatten() (map[string]state, error) {
	paths := map[string]state{}
	for n, l := range i.Layers {
		if err := l.addTo(paths, n); err != nil {
			return nil, fmt.Errorf("read layer %s: %w", l.Digest, err)
		}
	}
	return paths, nil
}

// addTo lays the layer, the nth, over what is there.
func (l Layer) addTo(paths map[string]state, n int) error {
	own := map[string]bool{}
	return l.members(func(index int, h *tar.Header, content io.Reader) error {
		if err := addMember(paths, own, member{n, index}, h, content); err != nil {
			return err
		}
		if len(paths) > maxPaths {
			return fmt.Errorf("more than %d paths", maxPaths)
		}
		return nil
	})
}

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

func addMember(paths map[string]state, own map[string]bool, from member, h *tar.Header, content io.Reader) error {
	name := strings.TrimPrefix(path.Clean("/"+h.Name), "/")
	if name == "" {
		return nil
	}
	dir, base := path.Split(name)
	switch hidden, white := strings.CutPrefix(base, ".wh."); {
	case white && hidden == ".wh..opq":
		remove(paths, own, dir, false)
		return nil
	case white:
		remove(paths, own, dir+hidden, true)
		return nil
	}
	s := state{node: nodeOf(name, h), from: from}
	switch h.Typeflag {
	case tar.TypeReg:
		hash := sha256.New()
		if _, err := io.Copy(hash, content); err != nil {
			return err
		}
		s.sum = [sha256.Size]byte(hash.Sum(nil))
	case tar.TypeLink:
		target, ok := paths[strings.TrimPrefix(path.Clean("/"+h.Linkname), "/")]
		if !ok {
			return fmt.Errorf("hard link %s to nothing", name)
		}
		s = target
		s.node.Path, s.from, s.alias = name, from, target.node.Path
	}
	if old, ok := paths[name]; ok && old.node.IsDir() && !s.node.IsDir() {
		remove(paths, own, name+"/", false)
	}
	paths[name], own[name] = s, true
	return nil
}

// remove takes away what lower layers have at a path or below a directory.
func remove(paths map[string]state, own map[string]bool, prefix string, self bool) {
	below := strings.TrimSuffix(prefix, "/") + "/"
	for p := range paths {
		if !own[p] && (strings.HasPrefix(p, below) || below == "/" || self && p == prefix) {
			delete(paths, p)
		}
	}
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
