package install

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/fimg/fimg/internal/brief"
)

// kept are the stored contents of a package: in one file at their places, apart
// from those that were moved out of a tree, which are files of a directory.
type kept struct {
	file *os.File
	dir  *os.File // nil where nothing was moved; locked against removal
}

const (
	// storeSuffix ends the name of a package that is one file, and is the name of
	// that file where the package is a directory.
	storeSuffix = ".package"
	// movedSuffix ends the name of a package that is a directory.
	movedSuffix = ".files"
)

// placeName names the file of a directory that has the content of a place.
func placeName(at int64) string { return strconv.FormatInt(at, 16) }

func (k *kept) close() {
	k.file.Close()
	if k.dir != nil {
		k.dir.Close()
	}
}

// openKept opens a package that is a directory, unless it is about to be removed.
// The record says how many contents are files.
func openKept(name string) (*kept, *record, error) {
	dir, err := os.OpenFile(name, os.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW, 0)
	if err != nil {
		return nil, nil, err
	}
	k := &kept{dir: dir}
	if err = unix.Flock(int(dir.Fd()), unix.LOCK_SH|unix.LOCK_NB); err == nil {
		k.file, err = os.OpenFile(filepath.Join(name, storeSuffix), os.O_RDWR, 0)
	}
	if err != nil {
		dir.Close()
		return nil, nil, err
	}
	r, err := readRecord(k.file)
	if err == nil {
		var names []string
		names, err = dir.Readdirnames(-1)
		if err == nil && len(names) != r.Moved+1 {
			err = errNoRecord
		}
	}
	if err != nil {
		k.close()
		return nil, nil, err
	}
	return k, r, nil
}

// find opens the file that has the content of a place and says where it begins.
// What is returned to be closed is none of ours to keep.
func (k *kept) find(at int64) (fd int, from int64, done func(), err error) {
	if k.dir != nil {
		fd, err := brief.Openat(int(k.dir.Fd()), placeName(at), unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
		if err == nil {
			return fd, 0, func() { brief.Close(fd) }, nil
		}
		if err != unix.ENOENT {
			return -1, 0, nil, err
		}
	}
	return int(k.file.Fd()), at, func() {}, nil
}

// write copies the content of a place to an empty file.
func (k *kept) write(fd int, at, size int64) error {
	in, from, done, err := k.find(at)
	if err != nil {
		return err
	}
	defer done()
	return copyRange(fd, in, from, size)
}

// copyTo writes the content of a place to w.
func (k *kept) copyTo(w io.Writer, at, size int64) error {
	in, from, done, err := k.find(at)
	if err != nil {
		return err
	}
	defer done()
	buf := copyBuffers.Get().(*[]byte)
	defer copyBuffers.Put(buf)
	for size > 0 {
		n, err := unix.Pread(in, (*buf)[:min(size, int64(len(*buf)))], from)
		if err == unix.EINTR {
			continue
		}
		if err == nil && n == 0 {
			err = errShort
		}
		if err == nil {
			_, err = w.Write((*buf)[:n])
		}
		if err != nil {
			return err
		}
		from, size = from+int64(n), size-int64(n)
	}
	return nil
}

var errShort = errors.New("the store ends early")
