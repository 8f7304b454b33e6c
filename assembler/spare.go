package assembler

import (
	"context"
	"slices"

	"github.com/fimg/fimg/tree"
)

// spareTree is what the spare partition gets, with the attributes that
// spare_part_fs_attributes sets on its top directory before it is filled.
func (d *diskWriter) spareTree() tree.Tree {
	t := &d.img.Type
	f := flagged{Tree: d.at(t.Attr.SparePartMountpoint)}
	if slices.Contains(t.SparePartAttributes, "no-copy-on-write") {
		f.top, f.below = tree.NoCOW, tree.NoCOW
	}
	if slices.Contains(t.SparePartAttributes, "synchronous-updates") {
		f.top |= tree.Sync
		if isExt(t.Attr.SparePartFS) { // where files get it from their directory
			f.below |= tree.Sync
		}
	}
	return f
}

// flagged is a tree whose directories and regular files have more flags.
type flagged struct {
	tree.Tree
	top, below tree.Flags
}

func (f flagged) Walk(ctx context.Context, fn func(*tree.Node) error) error {
	return f.Tree.Walk(ctx, func(n *tree.Node) error {
		switch {
		case n.Path == ".":
			n.Flags |= f.top
		case n.IsDir() || n.IsFile():
			n.Flags |= f.below
		}
		return fn(n)
	})
}
