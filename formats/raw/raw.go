// Package raw writes a disk as it is, into a sparse file or, packed, as gzip, xz or
// zstd. There is no header and so no specification; what of the disk is not data
// becomes holes in the plain form and zeros in the packed ones.
package raw

import (
	"context"
	"fmt"

	"github.com/fimg/fimg/formats/disk"
)

// unit is the granularity of the holes left in the file: a page.
const unit = 4096

// Writer returns the writer of a raw disk. Runs of zeros become holes.
func Writer(out disk.Target) disk.Writer {
	return func(_ context.Context, s *disk.Stream) error {
		if err := out.Truncate(s.Size()); err != nil {
			return fmt.Errorf("write raw disk: %w", err)
		}
		return Copy(s, out, 0)
	}
}

// Copy writes what is not zero to out, each byte at its own offset plus base.
func Copy(s *disk.Stream, out disk.Target, base int64) error {
	j := disk.NewJoiner(out)
	for c, err := range s.Chunks() {
		if err != nil {
			return err
		}
		err = disk.NonZero(c.Data, unit, func(at int, run []byte) error {
			_, err := j.WriteAt(run, base+c.Offset+int64(at))
			return err
		})
		c.Release()
		if err != nil {
			return fmt.Errorf("write raw disk: %w", err)
		}
	}
	if err := j.Flush(); err != nil {
		return fmt.Errorf("write raw disk: %w", err)
	}
	return nil
}
