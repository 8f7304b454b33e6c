package ext4

import (
	"fmt"
	"io"

	"github.com/fimg/fimg/tree"
	"golang.org/x/sync/errgroup"
)

// chunk is how much is copied with one call.
const chunk = 1 << 20

// piece is a run of a file to be copied.
type piece struct {
	node *tree.Node
	run  run
}

// batch is a list of pieces that follow each other on disk, or one large one.
type batch struct {
	pieces []piece
	blocks int64
}

// copyContents copies the data of every file to its blocks, in order and by
// several workers at once.
func (w *writer) copyContents() error {
	group, ctx := errgroup.WithContext(w.ctx)
	jobs := make(chan batch, 16)
	group.Go(func() error {
		defer close(jobs)
		return w.batches(func(b batch) error {
			select {
			case jobs <- b:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	})
	for range workersFor(w.opts.Workers) {
		group.Go(func() error {
			buf := make([]byte, chunk)
			for b := range jobs {
				if err := w.copyBatch(b, buf); err != nil {
					return err
				}
				if err := ctx.Err(); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// batches calls send for everything to copy.
func (w *writer) batches(send func(batch) error) error {
	var b batch
	flush := func() (err error) {
		if len(b.pieces) > 0 {
			err = send(b)
		}
		b = batch{}
		return err
	}
	for _, i := range w.content.inodes {
		if !i.node.IsFile() {
			continue
		}
		for _, r := range i.runs {
			follows := len(b.pieces) > 0 && b.pieces[len(b.pieces)-1].run.physical+b.pieces[len(b.pieces)-1].run.count == r.physical
			if !follows || (b.blocks+r.count)*w.block > chunk {
				if err := flush(); err != nil {
					return err
				}
			}
			b.pieces, b.blocks = append(b.pieces, piece{i.node, r}), b.blocks+r.count
		}
	}
	return flush()
}

// copyBatch copies small pieces through one buffer with one write, a large one in
// chunks.
func (w *writer) copyBatch(b batch, buf []byte) error {
	if b.blocks*w.block > chunk {
		return w.copyLarge(b.pieces[0], buf)
	}
	buf = buf[:b.blocks*w.block]
	rest := buf
	for _, p := range b.pieces {
		n := p.run.count * w.block
		if err := w.read(p, rest[:n]); err != nil {
			return err
		}
		rest = rest[n:]
	}
	return w.put(buf, b.pieces[0].run.physical)
}

// read fills a buffer with the content of a piece, zeros behind the end of the
// file. The directory of open files is not kept: small files are read once.
func (w *writer) read(p piece, buf []byte) error {
	f, err := w.tree.Open(p.node)
	if err != nil {
		return err
	}
	defer f.Close()
	return w.readAt(f, p.node, buf, p.run.logical*w.block)
}

func (w *writer) readAt(f tree.File, n *tree.Node, buf []byte, at int64) error {
	length := min(int64(len(buf)), n.Size-at)
	if got, err := f.ReadAt(buf[:length], at); int64(got) < length {
		if err == nil || err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return fmt.Errorf("write ext4: read %s: %w", n.Path, err)
	}
	clear(buf[length:])
	return nil
}

func (w *writer) copyLarge(p piece, buf []byte) error {
	f, err := w.tree.Open(p.node)
	if err != nil {
		return err
	}
	defer f.Close()
	step := int64(len(buf)) / w.block
	for at := int64(0); at < p.run.count; at += step {
		if err := w.ctx.Err(); err != nil {
			return err
		}
		part := buf[:min(step, p.run.count-at)*w.block]
		if err := w.readAt(f, p.node, part, (p.run.logical+at)*w.block); err != nil {
			return err
		}
		if err := w.put(part, p.run.physical+at); err != nil {
			return err
		}
	}
	return nil
}
