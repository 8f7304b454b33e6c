package assembler

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/fimg/fimg/formats/archive"
	"github.com/fimg/fimg/internal/tree"
)

// standard excludes of a root tree that becomes an archive or a container.
var standardExcludes = []string{"image", ".kconfig", ".buildenv", "run/*", "tmp/*", "var/cache/kiwi", "dev/*", "sys/*", "proc/*"}

// containers writes the outputs that are made of the tree and not of a disk.
func (b *builder) containers(ctx context.Context) error {
	if err := os.MkdirAll(b.unfinished(""), 0o755); err != nil {
		return fmt.Errorf("make outputs: %w", err)
	}
	t := tree.Dir(b.root.Dir(), tree.DirOptions{Ledger: b.ledger, Latest: b.plan.Epoch, Label: b.label})
	for _, o := range b.plan.Outputs {
		if err := b.treeOutput(ctx, t, o); err != nil {
			return fmt.Errorf("write %s: %w", o.Format, err)
		}
	}
	return nil
}

func (b *builder) treeOutput(ctx context.Context, t tree.Tree, o Output) error {
	opts := archive.Options{Workers: b.workers(), Exclude: archive.Excluding(standardExcludes...), Latest: b.plan.Epoch}
	switch o.Format {
	case "wsl":
		opts.Exclude = archive.Excluding(append(standardExcludes, "boot")...)
		return b.toFile(o.File, func(w io.Writer) error { return archive.WSL(ctx, t, w, opts) })
	case "tbz":
		return b.toFile(o.File, func(w io.Writer) error { return archive.TBZ(ctx, t, w, opts) })
	}
	return &UnsupportedError{What: "type " + o.Format}
}

func (b *builder) toFile(name string, write func(io.Writer) error) error {
	f, err := os.Create(b.unfinished(name))
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}
