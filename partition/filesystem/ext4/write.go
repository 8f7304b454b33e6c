package ext4

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/fimg/fimg/partition/filesystem"
	"github.com/fimg/fimg/partition/filesystem/contents"
	"github.com/fimg/fimg/tree"
)

// writer carries out a plan.
type writer struct {
	*plan
	out contents.Combiner // of metadata
}

// Write writes t as a file system of o.Size bytes. What it does not write must
// read as zero in w. Content that does not fit is a *filesystem.TooSmallError, given
// before anything is written; what cannot be is a *ContentError or *OptionError.
func Write(ctx context.Context, w io.WriterAt, t tree.Tree, o Options) error {
	p, err := prepare(ctx, t, o)
	if err != nil {
		return err
	}
	copier := contents.Copier{Tree: t, Out: w, Block: p.block, Workers: o.Workers}
	err = copier.Copy(ctx, p.files())
	if err == nil {
		wr := &writer{plan: p, out: contents.Combiner{Out: w}}
		if err = wr.metadata(); err == nil {
			err = wr.out.Flush()
		}
	}
	if err != nil {
		return fmt.Errorf("write ext4: %w", err)
	}
	return nil
}

// files are the regular files with the places of their contents.
func (p *plan) files() iter.Seq2[*tree.Node, []contents.Run] {
	return func(yield func(*tree.Node, []contents.Run) bool) {
		for _, i := range p.content.inodes {
			if !i.node.IsFile() {
				continue
			}
			runs := make([]contents.Run, len(i.runs))
			for n, r := range i.runs {
				runs[n] = contents.Run{Logical: r.logical, Physical: r.physical, Count: r.count}
			}
			if !yield(i.node, runs) {
				return
			}
		}
	}
}

// Check returns the error that Write would begin with, and writes nothing.
func Check(ctx context.Context, t tree.Tree, o Options) error {
	_, err := prepare(ctx, t, o)
	return err
}

// prepare finds a place for everything.
func prepare(ctx context.Context, t tree.Tree, o Options) (*plan, error) {
	asked := o
	f, err := o.check()
	if err != nil {
		return nil, err
	}
	c, err := collect(ctx, t, o, f)
	if err != nil {
		return nil, err
	}
	p, err := newPlan(o, c)
	var small *filesystem.TooSmallError
	if errors.As(err, &small) || err == nil && p.missing > 0 {
		err = tooSmall(asked, c)
	}
	return p, err
}

// tooSmall is the error with the size that would do.
func tooSmall(o Options, c *content) error {
	need, err := estimate(o, c)
	if err != nil {
		return err
	}
	return &filesystem.TooSmallError{What: c.opts.Kind + " file system", Needed: need, Have: o.Size}
}

// meta writes bytes to the start of a block.
func (w *writer) meta(raw []byte, block int64) error { return w.out.Write(raw, block*w.block) }

// metadata writes everything but the contents of files.
func (w *writer) metadata() error {
	for _, i := range w.inodes {
		if err := w.owned(i); err != nil {
			return err
		}
	}
	for _, s := range w.shared {
		raw := attrBlock(s.list, int(w.block), s.refs, w.seed, s.at, w.ro&roMetadataCsum != 0)
		if err := w.meta(raw, s.at); err != nil {
			return err
		}
	}
	if err := w.hiddenBlocks(); err != nil {
		return err
	}
	return w.groupsAndSupers()
}

// owned writes the blocks of a directory or a long symbolic link.
func (w *writer) owned(i *inode) error {
	switch {
	case i.node.IsDir():
		blocks, _ := w.directory(i).blocks()
		for _, r := range i.runs {
			for n := range r.count {
				if err := w.meta(blocks[r.logical+n], r.physical+n); err != nil {
					return err
				}
			}
		}
	case len(i.target) >= 60:
		return w.meta(i.target, i.runs[0].physical)
	}
	return nil
}

// hiddenBlocks writes journal, orphan file and resize inode.
func (w *writer) hiddenBlocks() error {
	if w.journal != nil {
		if err := w.meta(w.journalBlock(), w.journal.runs[0].physical); err != nil {
			return err
		}
	}
	if w.orphans != nil {
		for _, r := range w.orphans.runs {
			for n := range r.count {
				if err := w.meta(w.orphanBlock(r.physical+n), r.physical+n); err != nil {
					return err
				}
			}
		}
	}
	if w.resize != nil {
		for _, b := range w.resizeBlocks() {
			if err := w.meta(b.raw, b.at); err != nil {
				return err
			}
		}
	}
	return nil
}
