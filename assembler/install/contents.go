package install

import (
	"io"
	"os"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"github.com/fimg/fimg/internal/brief"
	"github.com/fimg/fimg/repo/rpm"
)

// staged are the verified contents of a package, ready to be put into place: in
// memory or in a file.
type staged struct {
	kept   *kept
	clones bool     // kept can share extents with the tree
	loose  *os.File // directory with the contents as files, named by their places, to be moved into the tree
	memory *region
	parts  [][]byte // of memory: each file's content
	users  atomic.Int32

	places []int64 // of each file's content; -1 where it has none
	reused bool
	// oddities are flaws in bytes of the package file that carry nothing.
	oddities []string
}

// release ends one use of the contents.
func (st *staged) release() {
	if st.users.Add(-1) > 0 {
		return
	}
	if st.kept != nil {
		st.kept.close()
	}
	if st.loose != nil {
		st.loose.Close()
	}
	if st.memory != nil {
		st.memory.release()
	}
	st.kept, st.loose, st.memory, st.parts = nil, nil, nil, nil
}

// share gives all names of a hard link set the content that came with one.
func (st *staged) share(files []rpm.File) {
	for i := range files {
		if st.parts[i] == nil || files[i].Links == nil {
			continue
		}
		for _, other := range files[i].Links {
			st.parts[other] = st.parts[i]
		}
	}
}

// write writes the content of file i to an empty file.
func (st *staged) write(fd, i int, size int64) error {
	at := st.places[i]
	if size == 0 || at < 0 {
		return nil
	}
	if st.kept == nil {
		return writeAll(fd, st.parts[i])
	}
	if size >= extent && st.clones && st.kept.dir == nil && clone(fd, int(st.kept.file.Fd()), at, size) == nil {
		return nil
	}
	return st.kept.write(fd, at, size)
}

// maxWrite is how much is written at once.
const maxWrite = 256 << 10

func writeAll(fd int, b []byte) error {
	for len(b) > 0 {
		n, err := writeSome(fd, b)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

func writeSome(fd int, b []byte) (int, error) {
	if len(b) <= brief.MaxWrite {
		return brief.Write(fd, b)
	}
	return unix.Write(fd, b[:min(len(b), maxWrite)])
}

var copyBuffers = sync.Pool{New: func() any { b := make([]byte, 256<<10); return &b }}

// copyRange copies a range of one file to another.
func copyRange(fd, in int, at, size int64) error {
	buf := copyBuffers.Get().(*[]byte)
	defer copyBuffers.Put(buf)
	for size > 0 {
		n, err := unix.Pread(in, (*buf)[:min(size, int64(len(*buf)))], at)
		if err == nil && n == 0 {
			err = errShort
		}
		if err == nil {
			err = writeAll(fd, (*buf)[:n])
		}
		if err != nil {
			return err
		}
		at, size = at+int64(n), size-int64(n)
	}
	return nil
}

// clone shares the extents of a range with an empty file and copies what is left
// behind the last whole one.
func clone(fd, in int, at, size int64) error {
	whole := size / extent * extent
	err := unix.IoctlFileCloneRange(fd, &unix.FileCloneRange{
		Src_fd: int64(in), Src_offset: uint64(at), Src_length: uint64(whole),
	})
	if err != nil || whole == size {
		return err
	}
	if _, err := unix.Seek(fd, whole, io.SeekStart); err != nil {
		return err
	}
	return copyRange(fd, in, at+whole, size-whole)
}

// writeContents reads the archive of a package: put gets the content of each
// file that has a place.
func writeContents(r *rpm.Reader, places []int64, put func(in io.Reader, at, size int64) error) error {
	p, err := r.Payload(rpm.PayloadOptions{Digests: true})
	if err != nil {
		return err
	}
	for {
		i, err := p.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if !p.HasContent() || places[i] < 0 {
			continue
		}
		if err := put(p, places[i], p.Size()); err != nil {
			return err
		}
	}
}

// copyAt writes all of in at an offset, in few large writes.
func copyAt(out *os.File, at int64, in io.Reader, buf []byte) error {
	for {
		n, err := io.ReadFull(in, buf)
		if n > 0 {
			if _, err := out.WriteAt(buf[:n], at); err != nil {
				return err
			}
			at += int64(n)
		}
		switch err {
		case nil:
		case io.EOF, io.ErrUnexpectedEOF:
			return nil
		default:
			return err
		}
	}
}
