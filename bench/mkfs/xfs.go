package main

import (
	"context"
	"flag"
	"os"
	"strings"

	"github.com/fimg/fimg/partition/filesystem/xfs"
	"github.com/fimg/fimg/seed"
	"github.com/fimg/fimg/tree"
)

// xfsKind writes xfs; -options takes those of mkfs.xfs in one word.
func xfsKind(set *flag.FlagSet, c *common) func(context.Context, tree.Tree, *os.File) error {
	args := set.String("options", "", "options of mkfs.xfs, as \"-m reflink=0 -i size=1024\"")
	peers := set.Bool("peers", false, "also run mkfs.xfs with mount and rsync and print the ratio")
	return func(ctx context.Context, t tree.Tree, out *os.File) error {
		o := xfs.Options{Label: c.label, Workers: c.workers, Time: c.time(), UUID: seed.New(c.seed).UUID("filesystem")}
		if err := xfs.ParseArgs(strings.Fields(*args), &o); err != nil {
			return err
		}
		var err error
		if o.Size, err = sizeOr(c.size, func() (int64, error) { return xfs.Estimate(ctx, t, o) }); err != nil {
			return err
		}
		list := []peer{{"mkfs.xfs, mount, rsync", "mkfs.xfs -q -f " + *args + ` "$2"; mount -o loop "$2" "$3"; rsync -aHAX "$1"/ "$3"/; umount "$3"`}}
		return timed(ctx, c, out, o.Size, func() error { return xfs.Write(ctx, out, t, o) }, *peers, list)
	}
}
