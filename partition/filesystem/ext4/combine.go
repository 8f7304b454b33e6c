package ext4

import (
	"fmt"
	"io"
)

// combiner gathers small writes that follow each other on disk into large ones.
type combiner struct {
	w   io.WriterAt
	buf []byte
	at  int64 // of buf
}

// write takes bytes for an offset; flush must follow in the end.
func (c *combiner) write(raw []byte, at int64) error {
	if at != c.at+int64(len(c.buf)) || len(c.buf)+len(raw) > chunk {
		if err := c.flush(); err != nil {
			return err
		}
		c.at = at
	}
	c.buf = append(c.buf, raw...)
	return nil
}

func (c *combiner) flush() error {
	if len(c.buf) == 0 {
		return nil
	}
	if _, err := c.w.WriteAt(c.buf, c.at); err != nil {
		return fmt.Errorf("write ext4: %w", err)
	}
	c.at, c.buf = c.at+int64(len(c.buf)), c.buf[:0]
	return nil
}
