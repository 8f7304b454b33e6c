package raw

import (
	"context"
	"fmt"
	"io"

	"github.com/fimg/fimg/formats/compress"
	"github.com/fimg/fimg/formats/disk"
	"github.com/fimg/fimg/formats/ordered"
)

// Packed returns the writer of a compressed raw disk.
func Packed(out io.Writer, pool *ordered.Pool, algorithm compress.Algorithm) disk.Writer {
	return func(ctx context.Context, s *disk.Stream) error {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		w, err := compress.NewWriter(ctx, out, algorithm, compress.Options{Pool: pool})
		if err != nil {
			return fmt.Errorf("write raw.%s: %w", algorithm, err)
		}
		if err = pack(w, s); err != nil {
			cancel()
		}
		if done := w.Close(); err == nil {
			err = done
		}
		if err != nil {
			return fmt.Errorf("write raw.%s: %w", algorithm, err)
		}
		return nil
	}
}

func pack(w compress.Writer, s *disk.Stream) error {
	at := int64(0)
	for c, err := range s.Chunks() {
		if err != nil {
			return err
		}
		err = w.Zeros(c.Offset - at)
		if err == nil {
			_, err = w.Write(c.Data)
		}
		at = c.Offset + int64(len(c.Data))
		c.Release()
		if err != nil {
			return err
		}
	}
	return w.Zeros(s.Size() - at)
}
