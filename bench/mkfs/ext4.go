package main

import (
	"context"
	"flag"
	"os"
	"strings"

	"github.com/fimg/fimg/partition/filesystem/ext4"
	"github.com/fimg/fimg/seed"
	"github.com/fimg/fimg/tree"
)

// extKind writes ext2, ext3 and ext4; -options takes those of mke2fs in one word.
func extKind(name string) kind {
	return func(set *flag.FlagSet, c *common) func(context.Context, tree.Tree, *os.File) error {
		args := set.String("options", "", "options of mke2fs, as \"-O ^has_journal -m 1\"")
		peers := set.Bool("peers", false, "also run mke2fs -d and print ratios")
		return func(ctx context.Context, t tree.Tree, out *os.File) error {
			ids := seed.New(c.seed)
			o := ext4.Options{Kind: name, Label: c.label, Workers: c.workers, Time: c.time(),
				UUID: ids.UUID("filesystem"), HashSeed: ids.UUID("hash")}
			o.LostFound = c.lostFound()
			if err := ext4.ParseArgs(strings.Fields(*args), &o); err != nil {
				return err
			}
			var err error
			if o.Size, err = sizeOr(c.size, func() (int64, error) { return ext4.Estimate(ctx, t, o) }); err != nil {
				return err
			}
			write := func() error { return ext4.Write(ctx, out, t, o) }
			list := []peer{{"mke2fs -d", "mke2fs -q -F -t " + name + " " + *args + ` -d "$1" "$2"`}}
			return timed(ctx, c, out, o.Size, write, *peers, list)
		}
	}
}

// sizeOr reads a size, or estimates it when there is none.
func sizeOr(text string, estimate func() (int64, error)) (int64, error) {
	size, err := parseSize(text)
	if err != nil || size != 0 {
		return size, err
	}
	return estimate()
}

// timed gives out its size, writes it and, when asked to, runs the peers.
func timed(ctx context.Context, c *common, out *os.File, size int64, write func() error, peers bool, list []peer) error {
	if err := out.Truncate(size); err != nil {
		return err
	}
	if !peers {
		return write()
	}
	took, err := c.clock(out, write)
	if err != nil {
		return err
	}
	return comparePeers(ctx, c.dir, out.Name(), size, took, list)
}
