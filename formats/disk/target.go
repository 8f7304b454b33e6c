package disk

import (
	"fmt"
	"io"
)

// Target is a file being made. *os.File is one.
type Target interface {
	io.WriterAt
	Truncate(size int64) error
}

// Joiner gathers adjacent small writes into large ones. Flush must be called at
// the end.
type Joiner struct {
	w   io.WriterAt
	at  int64
	buf []byte
}

const joinSize = 1 << 20

// NewJoiner returns a Joiner in front of w.
func NewJoiner(w io.WriterAt) *Joiner { return &Joiner{w: w} }

// WriteAt implements io.WriterAt; an error may belong to an earlier write.
func (j *Joiner) WriteAt(p []byte, at int64) (int, error) {
	if at != j.at+int64(len(j.buf)) || len(j.buf)+len(p) > joinSize {
		if err := j.Flush(); err != nil {
			return 0, err
		}
	}
	if len(p) >= joinSize {
		return len(p), put(j.w, p, at)
	}
	if len(j.buf) == 0 {
		j.at = at
	}
	j.buf = append(j.buf, p...)
	return len(p), nil
}

// Flush writes what is held back.
func (j *Joiner) Flush() error {
	if len(j.buf) == 0 {
		return nil
	}
	err := put(j.w, j.buf, j.at)
	j.buf = j.buf[:0]
	return err
}

// put writes all of p and treats a short write without an error as one.
func put(w io.WriterAt, p []byte, at int64) error {
	n, err := w.WriteAt(p, at)
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	if err != nil {
		return fmt.Errorf("write image at %d: %w", at, err)
	}
	return nil
}
