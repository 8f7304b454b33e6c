package assembler

import (
	"errors"
	"io"
	"os"

	"github.com/fimg/fimg/tree/sparse"
)

// copySparse copies a file, keeping its holes.
func copySparse(from, to string) error {
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
		_, err = io.Copy(io.NewOffsetWriter(out, r.Offset), io.NewSectionReader(in, r.Offset, r.Length))
	}
	return errors.Join(err, out.Close())
}
