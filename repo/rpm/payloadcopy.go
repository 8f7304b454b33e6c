package rpm

import (
	"errors"
	"io"
)

// WriteTo writes what is left of the current content to w, straight from the
// decompressor's buffer. io.Copy calls it.
func (p *Payload) WriteTo(w io.Writer) (int64, error) {
	if p.err != nil {
		return 0, p.err
	}
	total := int64(0)
	for p.left > 0 {
		n, err := p.writeChunk(w)
		total += n
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

// writeChunk writes one buffer. An error of w is returned as it is and leaves
// the rest to be skipped by Next; others stay.
func (p *Payload) writeChunk(w io.Writer) (int64, error) {
	if p.in.Buffered() == 0 {
		if _, err := p.in.Peek(1); err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			p.err = p.fail(err)
			return 0, p.err
		}
	}
	chunk, _ := p.in.Peek(int(min(p.left, int64(p.in.Buffered()))))
	n, err := w.Write(chunk)
	n = max(0, min(n, len(chunk)))
	if p.sum != nil {
		p.sum.Write(chunk[:n])
	}
	_, _ = p.in.Discard(n) // it is buffered
	p.off += int64(n)
	p.left -= int64(n)
	if err == nil && n < len(chunk) {
		err = io.ErrShortWrite
	}
	if err == nil && p.left == 0 && p.sum != nil {
		if err = p.compare(); err != nil {
			p.err = err
		}
	}
	return int64(n), err
}
