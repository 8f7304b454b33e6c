package repodata

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
)

const (
	slabSize = 256 << 10 // with what is read from it, this stays in a processor's cache
	// maxElement bounds one package element; the largest real ones (kernels,
	// collections of fonts) have about a megabyte.
	maxElement = 64 << 20
	slabCount  = 4
)

// slab is a piece of the file that ends where a package ends, or the last one.
type slab struct {
	buf    []byte
	offset int64
	err    error // ends the stream; buf is empty then
}

// cutter reads a stream ahead in its own goroutine and cuts it into slabs.
type cutter struct {
	file  string
	full  chan slab
	spare chan []byte
	limit int64
}

// cut starts reading r. The caller receives from full until it is closed, gives
// every buffer back to spare, and cancels ctx when it stops early.
func cut(ctx context.Context, file string, r io.Reader, limit int64) *cutter {
	c := &cutter{file, make(chan slab, slabCount), make(chan []byte, slabCount+1), limit}
	for range slabCount {
		c.spare <- nil
	}
	go func() {
		defer close(c.full)
		if err := c.run(ctx, r); err != nil {
			select {
			case c.full <- slab{err: err}:
			case <-ctx.Done():
			}
		}
	}()
	return c
}

func (c *cutter) run(ctx context.Context, r io.Reader) error {
	var rest []byte
	var offset int64
	for {
		var buf []byte
		select {
		case buf = <-c.spare:
		case <-ctx.Done():
			return ctx.Err()
		}
		buf = append(buf[:0], rest...)
		buf, end, eof, err := c.fill(r, buf, offset)
		if err != nil {
			return err
		}
		rest = append(rest[:0], buf[end:]...)
		select {
		case c.full <- slab{buf: buf[:end], offset: offset}:
		case <-ctx.Done():
			return ctx.Err()
		}
		offset += int64(end)
		if eof {
			return nil
		}
	}
}

var (
	packageName = []byte("package")
	packageEnd  = []byte("</package>")
)

// fill reads until buf holds the end of a package and says where that is.
func (c *cutter) fill(r io.Reader, buf []byte, offset int64) (_ []byte, end int, eof bool, _ error) {
	for {
		have := len(buf)
		want := max(slabSize, have+have/2)
		if cap(buf) < want {
			buf = append(make([]byte, 0, want), buf...)
		}
		n, err := io.ReadFull(r, buf[have:want])
		buf = buf[:have+n]
		eof := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) && n < want-have
		switch {
		case err != nil && !eof:
			return nil, 0, false, fmt.Errorf("read %s at byte %d: %w", c.file, offset+int64(len(buf)), err)
		case c.limit > 0 && offset+int64(len(buf)) > c.limit:
			return nil, 0, false, &FormatError{c.file, c.limit, "file is longer than its index says"}
		case eof:
			return buf, len(buf), true, nil
		}
		if i := lastEnd(buf); i >= 0 {
			return buf, i + len(packageEnd), false, nil
		}
		if len(buf) > maxElement {
			return nil, 0, false, &FormatError{c.file, offset, "package element is too large"}
		}
	}
}

// lastEnd finds the last end of a package. It searches forwards, which bytes does
// much faster, in ever longer pieces of the end.
func lastEnd(buf []byte) int {
	for size := 4 << 10; ; size *= 4 {
		start := max(0, len(buf)-size)
		last := -1
		for i := start; ; {
			n := bytes.Index(buf[i:], packageEnd)
			if n < 0 {
				break
			}
			last = i + n
			i = last + len(packageEnd)
		}
		if last >= 0 || start == 0 {
			return last
		}
	}
}

// each calls scan with every slab in turn. Whoever has done with a slab gives its
// buffer back to spare.
func (c *cutter) each(scan func(slab) error) error {
	for s := range c.full {
		if s.err != nil {
			return s.err
		}
		if err := scan(s); err != nil {
			return err
		}
	}
	return nil
}
