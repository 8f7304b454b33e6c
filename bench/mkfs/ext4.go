package main

import (
	"context"
	"flag"
	"os"
	"strings"
	"time"

	"github.com/fimg/fimg/internal/seed"
	"github.com/fimg/fimg/internal/tree"
	"github.com/fimg/fimg/partition/filesystem/ext4"
)

// extKind writes ext2, ext3 and ext4; -options takes those of mke2fs in one word.
func extKind(name string) kind {
	return func(set *flag.FlagSet, c *common) func(context.Context, tree.Tree, *os.File) error {
		args := set.String("options", "", "options of mke2fs, as \"-O ^has_journal -m 1\"")
		return func(ctx context.Context, t tree.Tree, out *os.File) error {
			ids := seed.New(c.seed)
			o := ext4.Options{Kind: name, Label: c.label, Workers: c.workers, Time: time.Unix(c.epoch, 0),
				UUID: ids.UUID("filesystem"), HashSeed: ids.UUID("hash")}
			if err := ext4.ParseArgs(strings.Fields(*args), &o); err != nil {
				return err
			}
			var err error
			if o.Size, err = parseSize(c.size); err != nil {
				return err
			}
			if o.Size == 0 {
				if o.Size, err = ext4.Estimate(ctx, t, o); err != nil {
					return err
				}
			}
			if err := out.Truncate(o.Size); err != nil {
				return err
			}
			return ext4.Write(ctx, out, t, o)
		}
	}
}
