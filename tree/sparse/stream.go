package sparse

import (
	"context"
	"fmt"
	"io"
	"os"
)

// zeroBlock is how many zeros of a hole are written at once.
const zeroBlock = 128 << 10

// stoppable writes until its context ends.
type stoppable struct {
	ctx context.Context
	io.Writer
}

func (s stoppable) Write(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.Writer.Write(p)
}

// Stream writes the whole content of a regular file to w, until the context ends.
// Holes are written as zeros and never read.
func Stream(ctx context.Context, w io.Writer, f *os.File) error {
	w = stoppable{ctx, w}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	ranges, err := Data(f)
	if err != nil {
		return err
	}
	at := int64(0)
	for _, r := range ranges {
		if err := writeZeros(w, r.Offset-at); err != nil {
			return err
		}
		if _, err := io.CopyN(w, io.NewSectionReader(f, r.Offset, r.Length), r.Length); err != nil {
			return fmt.Errorf("read %s: %w", f.Name(), err)
		}
		at = r.Offset + r.Length
	}
	return writeZeros(w, info.Size()-at)
}

func writeZeros(w io.Writer, n int64) error {
	if n <= 0 {
		return nil
	}
	zeros := make([]byte, min(n, zeroBlock))
	for ; n > 0; n -= int64(len(zeros)) {
		zeros = zeros[:min(n, zeroBlock)]
		if _, err := w.Write(zeros); err != nil {
			return err
		}
	}
	return nil
}
