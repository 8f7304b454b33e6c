package assembler

import (
	"context"
	"errors"
	"io"
	"os"

	"github.com/fimg/fimg/tree/sparse"
)

// stoppable is read until a context ends.
type stoppable struct {
	ctx context.Context
	r   io.Reader
}

func (s stoppable) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.r.Read(p)
}

// copySparse copies a file, keeping its holes.
func copySparse(ctx context.Context, from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	ranges, err := sparse.Data(in)
	if err != nil {
		return err
	}
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	err = out.Truncate(info.Size())
	for _, r := range ranges {
		if err != nil {
			break
		}
		_, err = io.Copy(io.NewOffsetWriter(out, r.Offset), stoppable{ctx, io.NewSectionReader(in, r.Offset, r.Length)})
	}
	return errors.Join(err, out.Close())
}
