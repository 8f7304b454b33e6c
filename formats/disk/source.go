// Package disk is the common ground of the disk-image formats: a sparse disk as
// something to read from, and the one sequential read of it that any number of
// writers share. It knows no format.
package disk

import (
	"fmt"
	"io"
	"os"

	"github.com/fimg/fimg/tree/sparse"
)

// Range is a run of bytes.
type Range = sparse.Range

// Source is a disk: Size bytes of which only those in Data can be other than
// zero. ReadAt must be safe for concurrent use.
type Source interface {
	io.ReaderAt
	// Size is the virtual size in bytes.
	Size() int64
	// Data returns the ranges that may hold something, in order and without
	// overlap; what lies between them reads as zeros.
	Data() ([]Range, error)
}

// File is a raw disk held in a (sparse) file or block device. The caller keeps
// the file open while the source is used.
func File(f *os.File) (Source, error) {
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, fmt.Errorf("measure disk %s: %w", f.Name(), err)
	}
	return &file{f, size}, nil
}

type file struct {
	*os.File
	size int64
}

func (f *file) Size() int64 { return f.size }

func (f *file) Data() ([]Range, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("find data: %w", err)
	}
	if !info.Mode().IsRegular() {
		return []Range{{Offset: 0, Length: f.size}}, nil
	}
	return sparse.Data(f.File)
}

// Whole is the data map of a reader that knows no holes.
func Whole(size int64) []Range {
	if size == 0 {
		return nil
	}
	return []Range{{Offset: 0, Length: size}}
}

// check refuses a map that is out of order or leaves the disk.
func check(size int64, data []Range) error {
	at := int64(0)
	for _, r := range data {
		if r.Offset < at || r.Length < 0 || r.Length > size-r.Offset {
			return fmt.Errorf("read disk: data range %d+%d does not fit a disk of %d bytes", r.Offset, r.Length, size)
		}
		at = r.Offset + r.Length
	}
	return nil
}
