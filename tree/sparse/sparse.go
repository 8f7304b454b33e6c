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
func Data(f *os.File) ([]Range, error) { return DataOf(int(f.Fd()), f.Name()) }

// DataOf is Data of an open file descriptor; name is for errors.
func DataOf(fd int, name string) ([]Range, error) {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return nil, fmt.Errorf("find data in %s: %w", name, err)
	}
	var ranges []Range
	for at := int64(0); at < st.Size; {
		start, end, err := next(fd, at, st.Size)
		if err != nil {
			return nil, fmt.Errorf("find data in %s: %w", name, err)
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
func next(fd int, at, size int64) (start, end int64, err error) {
	start, err = unix.Seek(fd, at, unix.SEEK_DATA)
	switch {
	case errors.Is(err, unix.ENXIO):
		return size, size, nil
	case errors.Is(err, unix.EINVAL), errors.Is(err, unix.EOPNOTSUPP):
		return at, size, nil
	case err != nil:
		return 0, 0, err
	}
	end, err = unix.Seek(fd, start, unix.SEEK_HOLE)
	if err != nil {
		return 0, 0, err
	}
	return start, min(end, size), nil
}
