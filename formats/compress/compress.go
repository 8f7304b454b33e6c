// Package compress packs streams as gzip (RFC 1952), xz (.xz file format 1.2) or
// zstd (RFC 8878) on all processors. The stream is cut into pieces of a fixed
// size, so that the output depends on the data alone: not on the number of
// workers, nor on how the data was divided among writes. Runs of zeros that fill
// whole pieces cost nothing.
package compress

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/fimg/fimg/fault"
	"github.com/fimg/fimg/formats/ordered"
	"github.com/fimg/fimg/internal/memory"
)

// Algorithm is a way to pack a stream, by the suffix of its files.
type Algorithm string

// The algorithms.
const (
	None Algorithm = ""
	Gzip Algorithm = "gz"
	XZ   Algorithm = "xz"
	Zstd Algorithm = "zst"
)

// Parse finds an algorithm by name ("gzip", "xz", "zstd", "none") or suffix.
func Parse(name string) (Algorithm, error) {
	switch name {
	case "", "none":
		return None, nil
	case "gz", "gzip":
		return Gzip, nil
	case "xz":
		return XZ, nil
	case "zst", "zstd":
		return Zstd, nil
	}
	return None, fault.New(fault.Usage, fmt.Errorf("find compression %q: want none, gzip, xz or zstd", name))
}

// Writer packs what is written to it. Close completes the stream; a Writer that
// is given up must be closed too, after its context is cancelled.
type Writer interface {
	io.WriteCloser
	// Zeros writes n zero bytes.
	Zeros(n int64) error
}

// Options shape a stream.
type Options struct {
	// Pool bounds the jobs that run at once; nil means a pool of Workers.
	Pool    *ordered.Pool
	Workers int
	// Packed says that the data is packed already, so that no effort is made
	// to pack it further (gzip only).
	Packed bool
}

// NewWriter returns a writer that packs into w. Failures of w appear in a later
// call or in Close.
func NewWriter(ctx context.Context, w io.Writer, algorithm Algorithm, opts Options) (Writer, error) {
	if opts.Pool == nil {
		opts.Pool = ordered.NewPool(opts.Workers)
	}
	switch algorithm {
	case None:
		return &plain{w}, nil
	case Gzip:
		return newPieces(ctx, w, opts.Pool, newGzip(opts.Packed)), nil
	case XZ:
		return newPieces(ctx, w, opts.Pool, newXZ(ctx.Err)), nil
	case Zstd:
		codec, err := newZstd()
		if err != nil {
			return nil, err
		}
		return newPieces(ctx, w, opts.Pool, codec), nil
	}
	return nil, fmt.Errorf("compress: no algorithm %q", algorithm)
}

// plain does not pack.
type plain struct{ w io.Writer }

func (p *plain) Write(b []byte) (int, error) { return p.w.Write(b) }
func (p *plain) Close() error                { return nil }

func (p *plain) Zeros(n int64) error {
	buf := make([]byte, min(n, 1<<16))
	for ; n > 0; n -= int64(len(buf)) {
		buf = buf[:min(int64(len(buf)), n)]
		if _, err := p.w.Write(buf); err != nil {
			return err
		}
	}
	return nil
}

// codec is one algorithm. Its methods other than pack are called by one
// goroutine at a time, in the order of the stream.
type codec interface {
	// size is the length of a piece; history is how much of what went before
	// is put in front of it.
	size() int
	history() int
	// pack encodes in[start:]; it runs on any worker.
	// It appends to dst.
	pack(dst, in []byte, start int) (packed, error)
	header() []byte
	// add takes note of a piece that was written.
	add(p packed)
	trailer() []byte
	// close frees what the codec holds.
	close()
}

// packed is a piece after compression.
type packed struct {
	data  []byte
	check uint32 // CRC-32 of the plain data (gzip)
	plain int64  // length before
	size  int64  // "unpadded size" of the block (xz)
	keep  bool   // the data is used again
}

// pieces cuts a stream and packs the pieces in order.
type pieces struct {
	codec codec
	queue *ordered.Queue[packed]
	w     io.Writer
	buf   []byte // history and the piece being gathered
	start int    // length of the history in buf
	zero  bool   // whether the piece holds only zeros so far
	none  *packed
	free  chan []byte
	outs  chan []byte // for packed pieces
	most  int         // buffers for plain pieces
	used  int         // of them
	mu    sync.Mutex  // for made
	made  [][]byte    // every buffer, to be freed at the end
	begun bool
	stop  func() error // says why no piece is wanted any more
}

// largePiece is the size from which memory matters more than keeping every
// worker busy at every moment.
const largePiece = 4 << 20

// aheadBytes is how much may be under way beyond one piece more than there are
// workers: while the first of the queue is awaited, none shall be idle.
const aheadBytes = 2 << 20

func newPieces(ctx context.Context, w io.Writer, pool *ordered.Pool, c codec) *pieces {
	depth := pool.Workers() + 1 + min(aheadBytes/c.size(), 3*pool.Workers())
	p := &pieces{codec: c, w: w, stop: ctx.Err, zero: true, free: make(chan []byte, depth+1), outs: make(chan []byte, depth+1), most: depth}
	if c.size() >= largePiece {
		p.most = pool.Workers() // gathering one takes no time beside packing it
	}
	p.queue = ordered.New(ctx, pool, depth, p.commit)
	p.buf = p.buffer()
	return p
}

// buffer returns an empty buffer for the next piece. When all are in use it waits:
// a piece that was handed on gives its buffer back when it is packed.
func (p *pieces) buffer() []byte {
	if p.used == p.most {
		return (<-p.free)[:0]
	}
	select {
	case b := <-p.free:
		return b[:0]
	default:
		p.used++
		return p.huge(p.codec.history() + p.codec.size())
	}
}

func (p *pieces) huge(n int) []byte {
	b := memory.Huge(n)
	p.mu.Lock()
	p.made = append(p.made, b)
	p.mu.Unlock()
	return b[:0]
}

func (p *pieces) recycle(b []byte) {
	select {
	case p.free <- b:
	default:
	}
}

func (p *pieces) Write(b []byte) (int, error) {
	written := len(b)
	for len(b) > 0 {
		n := min(len(b), p.room())
		p.zero = p.zero && isZero(b[:n])
		p.buf = append(p.buf, b[:n]...)
		b = b[n:]
		if err := p.full(); err != nil {
			return 0, err
		}
	}
	return written, nil
}

func (p *pieces) Zeros(n int64) error {
	for n > 0 {
		part := int(min(n, int64(p.room())))
		p.buf = slices.Grow(p.buf, part)[:len(p.buf)+part]
		clear(p.buf[len(p.buf)-part:])
		n -= int64(part)
		if err := p.full(); err != nil {
			return err
		}
	}
	return nil
}

func (p *pieces) room() int { return p.codec.size() - (len(p.buf) - p.start) }

// full hands on the piece when it has its size.
func (p *pieces) full() error {
	if p.room() > 0 {
		return nil
	}
	return p.flush()
}

func (p *pieces) flush() error {
	buf, start, zero := p.buf, p.start, p.zero
	if err := p.hand(buf, start, zero); err != nil {
		return err
	}
	// Only this goroutine takes buffers back into use, so buf still holds what
	// it held.
	p.buf = append(p.buffer(), buf[max(0, len(buf)-p.codec.history()):]...)
	p.start, p.zero = len(p.buf), true
	return nil
}

// hand gives a piece to the queue.
func (p *pieces) hand(buf []byte, start int, zero bool) error {
	if zero && len(buf)-start == p.codec.size() {
		return p.flushZeros(buf, start)
	}
	return p.queue.Do(func() (packed, error) {
		defer p.recycle(buf)
		if err := p.stop(); err != nil {
			return packed{}, err
		}
		return p.codec.pack(p.out(), buf, start)
	})
}

// out returns a buffer for a packed piece, with room for one that does not get
// smaller.
func (p *pieces) out() []byte {
	select {
	case b := <-p.outs:
		return b[:0]
	default:
		return p.huge(p.codec.size() + p.codec.size()/64 + 1<<12)
	}
}

// flushZeros packs a piece of zeros the first time one is met.
func (p *pieces) flushZeros(buf []byte, start int) error {
	if p.none == nil {
		out, err := p.codec.pack(nil, buf[start:], 0)
		if err != nil {
			return err
		}
		out.data, out.keep = slices.Clone(out.data), true
		p.none = &out
	}
	p.recycle(buf)
	none := *p.none
	return p.queue.Do(func() (packed, error) { return none, nil })
}

func (p *pieces) commit(out packed) error {
	if !p.begun {
		p.begun = true
		if err := p.put(p.codec.header()); err != nil {
			return err
		}
	}
	p.codec.add(out)
	err := p.put(out.data)
	if !out.keep {
		p.rest(out.data)
		select {
		case p.outs <- out.data:
		default:
		}
	}
	return err
}

// rest gives the memory of a large buffer back until it is filled again: packed
// pieces have very different sizes.
func (p *pieces) rest(b []byte) {
	if p.codec.size() >= largePiece {
		memory.Drop(b[:cap(b)])
	}
}

func (p *pieces) put(b []byte) error {
	n, err := p.w.Write(b)
	if err == nil && n < len(b) {
		err = io.ErrShortWrite
	}
	return err
}

func (p *pieces) Close() error {
	defer p.release()
	var err error
	if len(p.buf) > p.start {
		err = p.flush()
	}
	if done := p.queue.Wait(); done != nil {
		err = done
	}
	if err != nil {
		return err
	}
	if !p.begun {
		if err := p.put(p.codec.header()); err != nil {
			return err
		}
	}
	return p.put(p.codec.trailer())
}

// release frees the buffers; no job is running any more.
func (p *pieces) release() {
	for _, b := range p.made {
		memory.Free(b)
	}
	p.made, p.buf = nil, nil
	p.codec.close()
}

func isZero(b []byte) bool {
	for _, c := range b[:min(len(b), 8)] {
		if c != 0 {
			return false
		}
	}
	return len(b) <= 8 || string(b[8:]) == string(b[:len(b)-8])
}
