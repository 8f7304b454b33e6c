package contents

import (
	"context"
	"fmt"
	"io"
	"iter"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/fimg/fimg/tree"
)

// chunk is how many bytes are copied with one call.
const chunk = 1 << 20

// Copier copies contents from a tree to blocks of a file system.
type Copier struct {
	Tree    tree.Tree
	Out     io.WriterAt
	Block   int64 // size in bytes
	Workers int   // zero is one for each processor

	// one lets one goroutine write at a time: the kernel locks the file that is
	// written to anyway, and spins while it waits.
	one sync.Mutex
}

// piece is a run of a file to be copied.
type piece struct {
	node *tree.Node
	run  Run
}

// batch is a list of pieces that follow each other on disk, or one large one.
type batch struct {
	pieces []piece
	blocks int64
}

// Copy copies the runs of all files; those that follow each other on disk are
// written together. What lies in a file's last block behind its end is zero.
func (c *Copier) Copy(ctx context.Context, files iter.Seq2[*tree.Node, []Run]) error {
	group, ctx := errgroup.WithContext(ctx)
	jobs := make(chan batch, 16)
	group.Go(func() error {
		defer close(jobs)
		return c.batches(files, func(b batch) error {
			select {
			case jobs <- b:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	})
	for range workersFor(c.Workers) {
		group.Go(func() error {
			buf := make([]byte, chunk)
			for b := range jobs {
				if err := c.copyBatch(ctx, b, buf); err != nil {
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
func (c *Copier) batches(files iter.Seq2[*tree.Node, []Run], send func(batch) error) error {
	var b batch
	flush := func() (err error) {
		if len(b.pieces) > 0 {
			err = send(b)
		}
		b = batch{}
		return err
	}
	for node, runs := range files {
		for _, r := range runs {
			if !b.takes(r) || (b.blocks+r.Count)*c.Block > chunk {
				if err := flush(); err != nil {
					return err
				}
			}
			b.pieces, b.blocks = append(b.pieces, piece{node, r}), b.blocks+r.Count
		}
	}
	return flush()
}

// takes tells whether a run follows what the batch has.
func (b *batch) takes(r Run) bool {
	if len(b.pieces) == 0 {
		return true
	}
	last := b.pieces[len(b.pieces)-1].run
	return last.Physical+last.Count == r.Physical
}

// copyBatch copies small pieces through one buffer with one write, a large one in
// chunks.
func (c *Copier) copyBatch(ctx context.Context, b batch, buf []byte) error {
	if b.blocks*c.Block > chunk {
		return c.copyLarge(ctx, b.pieces[0], buf)
	}
	buf = buf[:b.blocks*c.Block]
	rest := buf
	for _, p := range b.pieces {
		n := p.run.Count * c.Block
		if err := c.read(p, rest[:n]); err != nil {
			return err
		}
		rest = rest[n:]
	}
	return c.put(buf, b.pieces[0].run.Physical)
}

func (c *Copier) put(raw []byte, block int64) error {
	c.one.Lock()
	defer c.one.Unlock()
	_, err := c.Out.WriteAt(raw, block*c.Block)
	return err
}

// read fills a buffer with the content of a piece.
func (c *Copier) read(p piece, buf []byte) error {
	f, err := c.Tree.Open(p.node)
	if err != nil {
		return err
	}
	defer f.Close()
	return readAt(f, p.node, buf, p.run.Logical*c.Block)
}

// readAt fills a buffer, with zeros behind the end of the file.
func readAt(f tree.File, n *tree.Node, buf []byte, at int64) error {
	length := max(0, min(int64(len(buf)), n.Size-at))
	if got, err := f.ReadAt(buf[:length], at); int64(got) < length {
		if err == nil || err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return fmt.Errorf("read %s: %w", n.Path, err)
	}
	clear(buf[length:])
	return nil
}

func (c *Copier) copyLarge(ctx context.Context, p piece, buf []byte) error {
	f, err := c.Tree.Open(p.node)
	if err != nil {
		return err
	}
	defer f.Close()
	step := int64(len(buf)) / c.Block
	for at := int64(0); at < p.run.Count; at += step {
		if err := ctx.Err(); err != nil {
			return err
		}
		part := buf[:min(step, p.run.Count-at)*c.Block]
		if err := readAt(f, p.node, part, (p.run.Logical+at)*c.Block); err != nil {
			return err
		}
		if err := c.put(part, p.run.Physical+at); err != nil {
			return err
		}
	}
	return nil
}

// Combiner gathers small writes that follow each other on disk into large ones.
// It belongs to one goroutine.
type Combiner struct {
	Out io.WriterAt

	buf []byte
	at  int64 // of buf
}

// Write takes bytes for an offset; Flush must follow in the end.
func (c *Combiner) Write(raw []byte, at int64) error {
	if at != c.at+int64(len(c.buf)) || len(c.buf)+len(raw) > chunk {
		if err := c.Flush(); err != nil {
			return err
		}
		c.at = at
	}
	c.buf = append(c.buf, raw...)
	return nil
}

// Flush writes what was gathered.
func (c *Combiner) Flush() error {
	if len(c.buf) == 0 {
		return nil
	}
	if _, err := c.Out.WriteAt(c.buf, c.at); err != nil {
		return err
	}
	c.at, c.buf = c.at+int64(len(c.buf)), c.buf[:0]
	return nil
}
