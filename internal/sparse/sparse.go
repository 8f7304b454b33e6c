// Package sparse finds the data in sparse files, through lseek(2) SEEK_DATA and
// SEEK_HOLE where the file system knows holes.
package sparse

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Range is a run of bytes in a file.
type Range struct{ Offset, Length int64 }

// Data returns the ranges of f that hold data, in order. A file system without
// knowledge of holes gives one range for the whole file.
func Data(f *os.File) ([]Range, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("find data: %w", err)
	}
	var ranges []Range
	for at := int64(0); at < info.Size(); {
		start, end, err := next(f, at, info.Size())
		if err != nil {
			return nil, fmt.Errorf("find data in %s: %w", f.Name(), err)
		}
		if start == end {
			break
		}
		ranges = append(ranges, Range{start, end - start})
		at = end
	}
	return ranges, nil
}

// next returns the first run of data at or after at; an empty one at the end.
func next(f *os.File, at, size int64) (start, end int64, err error) {
	start, err = unix.Seek(int(f.Fd()), at, unix.SEEK_DATA)
	switch {
	case errors.Is(err, unix.ENXIO):
		return size, size, nil
	case errors.Is(err, unix.EINVAL), errors.Is(err, unix.EOPNOTSUPP):
		return at, size, nil
	case err != nil:
		return 0, 0, err
	}
	end, err = unix.Seek(int(f.Fd()), start, unix.SEEK_HOLE)
	if err != nil {
		return 0, 0, err
	}
	return start, min(end, size), nil
}
