package ext4

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/fimg/fimg/partition/filesystem"
	"github.com/fimg/fimg/tree"
)

// writer carries out a plan.
type writer struct {
	*plan
	ctx  context.Context
	w    io.WriterAt
	tree tree.Tree
	out  combiner // of metadata
	// one lets one goroutine write at a time: the kernel locks the file that is
	// written to anyway, and spins while it waits.
	one sync.Mutex
}

// Write writes t as a file system of o.Size bytes. What it does not write must
// read as zero in w. Content that does not fit is a *filesystem.TooSmallError, given
// before anything is written; what cannot be is a *ContentError or *OptionError.
func Write(ctx context.Context, w io.WriterAt, t tree.Tree, o Options) error {
	p, err := prepare(ctx, t, o)
	if err != nil {
		return err
	}
	wr := &writer{plan: p, ctx: ctx, w: w, tree: t, out: combiner{w: w}}
	if err := wr.copyContents(); err != nil {
		return err
	}
	if err := wr.metadata(); err != nil {
		return err
	}
	return wr.out.flush()
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

// put writes bytes to the start of a block.
func (w *writer) put(raw []byte, block int64) error {
	w.one.Lock()
	defer w.one.Unlock()
	if _, err := w.w.WriteAt(raw, block*w.block); err != nil {
		return fmt.Errorf("write ext4: %w", err)
	}
	return nil
}

// meta is put for metadata, which is written by one goroutine only.
func (w *writer) meta(raw []byte, block int64) error { return w.out.write(raw, block*w.block) }

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
