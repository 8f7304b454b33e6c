package main

import (
	"context"
	"flag"
	"os"

	"github.com/fimg/fimg/partition/filesystem/fat"
	"github.com/fimg/fimg/partition/filesystem/swap"
	"github.com/fimg/fimg/seed"
	"github.com/fimg/fimg/tree"
)

func fatKind(set *flag.FlagSet, c *common) func(context.Context, tree.Tree, *os.File) error {
	o := fat.Options{}
	set.IntVar(&o.Bits, "bits", 0, "12, 16 or 32; 0: by size")
	set.IntVar(&o.SectorSize, "sectorsize", 512, "bytes of a sector")
	set.IntVar(&o.ClusterSize, "clustersize", 0, "bytes of a cluster; 0: by size")
	peers := set.Bool("peers", false, "also run mkfs.vfat and mcopy and print ratios")
	return func(ctx context.Context, t tree.Tree, out *os.File) (err error) {
		o.Label, o.Serial = c.label, seed.New(c.seed).Uint32("filesystem")
		if o.Size, err = sizeOr(c.size, func() (int64, error) { return fat.Estimate(ctx, t, o) }); err != nil {
			return err
		}
		write := func() error { return fat.Write(ctx, out, t, o) }
		list := []peer{{"mkfs.vfat, mcopy", `mkfs.vfat "$2"; MTOOLS_SKIP_CHECK=1 mcopy -s -m -i "$2" "$1"/* ::`}}
		return timed(ctx, c, out, o.Size, write, *peers, list)
	}
}

// swapKind writes swap space; the directory does not matter.
func swapKind(set *flag.FlagSet, c *common) func(context.Context, tree.Tree, *os.File) error {
	o := swap.Options{}
	set.IntVar(&o.PageSize, "pagesize", 4096, "bytes of a page")
	return func(_ context.Context, _ tree.Tree, out *os.File) (err error) {
		o.Label, o.UUID = c.label, seed.New(c.seed).UUID("filesystem")
		if o.Size, err = parseSize(c.size); err != nil {
			return err
		}
		if err := out.Truncate(o.Size); err != nil {
			return err
		}
		return swap.Write(out, o)
	}
}
