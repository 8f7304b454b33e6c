package disk

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/fimg/fimg/internal/memory"
)

// reader is the one sequential read behind the streams.
type reader struct {
	src     Source
	data    []Range
	streams []*Stream
	opts    Options
	free    chan []byte
	made    int
	all     [][]byte // every buffer, freed when all writers are done
}

func (r *reader) run(ctx context.Context) error {
	r.free = make(chan []byte, r.opts.Buffers)
	var done, total int64
	for _, d := range r.data {
		total += d.Length
	}
	for at := r.next(0); at >= 0; at = r.next(at + ChunkSize) {
		buf, err := r.buffer(ctx)
		if err != nil {
			return err
		}
		n, err := r.fill(at, buf)
		if err != nil {
			return err
		}
		if err := r.send(ctx, at, buf); err != nil {
			return err
		}
		done += n
		if r.opts.Progress != nil {
			r.opts.Progress(done, total)
		}
	}
	for _, s := range r.streams {
		close(s.in)
	}
	return nil
}

// next returns the first chunk at or after at that holds data, -1 at the end,
// and forgets the ranges that lie before it.
func (r *reader) next(at int64) int64 {
	for len(r.data) > 0 {
		d := r.data[0]
		if d.Length > 0 && d.Offset+d.Length > at {
			return max(at, d.Offset&^(ChunkSize-1))
		}
		r.data = r.data[1:]
	}
	return -1
}

func (r *reader) close() {
	for _, b := range r.all {
		memory.Free(b)
	}
}

func (r *reader) buffer(ctx context.Context) ([]byte, error) {
	select {
	case buf := <-r.free:
		return buf, nil
	default:
	}
	if r.made < r.opts.Buffers {
		r.made++
		b := memory.Huge(ChunkSize)
		r.all = append(r.all, b)
		return b, nil
	}
	select {
	case buf := <-r.free:
		return buf, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// fill reads the data of one chunk and zeros what lies between; it returns the
// number of bytes of data.
func (r *reader) fill(at int64, buf []byte) (int64, error) {
	var read int64
	end := at + ChunkSize
	pos := at
	for _, d := range r.data {
		if d.Offset >= end {
			break
		}
		from, to := max(d.Offset, at), min(d.Offset+d.Length, end)
		if to <= from {
			continue
		}
		clear(buf[pos-at : from-at])
		if err := readFull(r.src, buf[from-at:to-at], from); err != nil {
			return 0, err
		}
		read += to - from
		pos = to
	}
	clear(buf[pos-at:])
	return read, nil
}

func readFull(src io.ReaderAt, buf []byte, at int64) error {
	n, err := src.ReadAt(buf, at)
	if n == len(buf) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("read disk at %d: %w", at, err)
}

func (r *reader) send(ctx context.Context, at int64, buf []byte) error {
	c := &Chunk{Offset: at, Data: buf[:min(ChunkSize, r.src.Size()-at)], free: r.free}
	if len(r.streams) == 0 {
		r.free <- buf
		return nil
	}
	c.refs.Store(int32(len(r.streams)))
	for _, s := range r.streams {
		select {
		case s.in <- c:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}
