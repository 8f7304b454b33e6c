package oci

import (
	"bytes"
	"context"
	"crypto/sha256"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/fimg/fimg/formats/archive"
	"github.com/fimg/fimg/tree"
)

// difference compares a tree with the state of the layers below it.
type difference struct {
	old     map[string]state
	tree    tree.Tree
	latest  time.Time
	exclude func(string) bool
	seen    map[string]bool // paths of the tree; true for those that changed
	links   map[uint64]bool // inodes of which a name changed
	plain   map[string]bool // paths of the tree that are no directories
}

// find decides for every path whether it changed. All names of an inode go
// together.
func (d *difference) find(ctx context.Context) error {
	skip := ""
	return d.tree.Walk(ctx, func(n *tree.Node) error {
		if n.Path == "." || skip != "" && strings.HasPrefix(n.Path, skip) {
			return nil
		}
		if skip = ""; d.exclude != nil && d.exclude(n.Path) {
			skip = n.Path + "/"
			return nil
		}
		changed, err := d.changed(n)
		if err != nil {
			return err
		}
		d.seen[n.Path] = changed
		if !n.IsDir() {
			d.plain[n.Path] = true
		}
		if n.Link != 0 && changed {
			d.links[n.Link] = true
		}
		return nil
	})
}

func (d *difference) changed(n *tree.Node) (bool, error) {
	old, ok := d.old[n.Path]
	if !ok || old.node.Mode != n.Mode || old.node.UID != n.UID || old.node.GID != n.GID || old.node.Target != n.Target {
		return true, nil
	}
	if !slices.EqualFunc(old.node.Xattrs, n.Xattrs, func(a, b tree.Xattr) bool {
		return a.Name == b.Name && bytes.Equal(a.Value, b.Value)
	}) {
		return true, nil
	}
	switch n.Type() {
	case tree.TypeDir:
		return false, nil
	case tree.TypeFile:
		if old.node.Size != n.Size || !d.sameTime(old.node.MTime, n.MTime) {
			return true, nil
		}
		sum, err := d.sum(n)
		return sum != old.sum, err
	case tree.TypeChar, tree.TypeBlock:
		return old.node.Major != n.Major || old.node.Minor != n.Minor, nil
	}
	return false, nil
}

func (d *difference) sameTime(a, b time.Time) bool {
	if !d.latest.IsZero() && b.After(d.latest) {
		b = d.latest
	}
	return a.Unix() == b.Unix()
}

func (d *difference) sum(n *tree.Node) (sum [sha256.Size]byte, err error) {
	f, err := d.tree.Open(n)
	if err != nil {
		return sum, err
	}
	defer f.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, io.NewSectionReader(f, 0, n.Size)); err != nil {
		return sum, err
	}
	return [sha256.Size]byte(hash.Sum(nil)), nil
}

// write writes what changed; whiteouts come first, sorted by path.
func (d *difference) write(ctx context.Context, w *archive.Writer) error {
	for _, p := range d.gone() {
		if err := w.Whiteout(p, d.latest); err != nil {
			return err
		}
	}
	return d.tree.Walk(ctx, func(n *tree.Node) error {
		changed, known := d.seen[n.Path]
		if !known || !changed && (n.Link == 0 || !d.links[n.Link]) {
			return nil
		}
		return w.Node(d.tree, n)
	})
}

// gone lists the paths that the tree lacks, without those below another.
func (d *difference) gone() []string {
	var list []string
	paths := slices.Sorted(maps.Keys(d.old))
	for _, p := range paths {
		if _, there := d.seen[p]; there || d.under(p) {
			continue
		}
		list = append(list, p)
	}
	return list
}

// under tells whether a parent of a path is gone too, is no directory any more,
// or whether the path is excluded and so not ours to judge.
func (d *difference) under(p string) bool {
	if d.exclude != nil && d.exclude(p) {
		return true
	}
	for dir := path.Dir(p); dir != "."; dir = path.Dir(dir) {
		if _, there := d.seen[dir]; !there || d.plain[dir] {
			return true
		}
		if d.exclude != nil && d.exclude(dir) {
			return true
		}
	}
	return false
}
