package tree

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fimg/fimg/tree/sparse"
	"golang.org/x/sys/unix"
)

// found is one name of a directory and what was found there.
type found struct {
	path  string // from the root of the tree
	st    unix.Stat_t
	node  *Node
	below *listing // of a directory that is read ahead
}

// listing is a directory being read; entries and err are there when done is closed.
type listing struct {
	entries []*found
	err     error
	done    chan struct{}
}

// read begins to read a directory.
func (w *walker) read(dir string) *listing {
	l := &listing{done: make(chan struct{})}
	w.wait.Go(func() {
		defer close(l.done)
		select {
		case w.slots <- struct{}{}:
		case <-w.ctx.Done():
			l.err = w.ctx.Err()
			return
		}
		defer func() { <-w.slots }()
		l.entries, l.err = w.list(dir)
	})
	return l
}

// list looks at everything in a directory.
func (w *walker) list(dir string) ([]*found, error) {
	full := filepath.Join(w.root, dir)
	fd, err := retry(func() (int, error) {
		return unix.Open(full, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	})
	if err != nil {
		return nil, fmt.Errorf("walk: %w", &os.PathError{Op: "open", Path: full, Err: err})
	}
	f := os.NewFile(uintptr(fd), full)
	defer f.Close()
	names, err := f.Readdirnames(-1)
	if err != nil {
		return nil, fmt.Errorf("walk %s: %w", dir, err)
	}
	slices.Sort(names)
	list := make([]*found, 0, len(names))
	for _, base := range names {
		n := &found{path: below(dir, base)}
		if w.opts.Exclude != nil && w.opts.Exclude(n.path) {
			continue
		}
		if err := w.look(fd, base, n); err != nil {
			return nil, err
		}
		list = append(list, n)
	}
	return list, w.ctx.Err()
}

// below joins clean paths, for every file: path.Join looks at each byte.
func below(dir, name string) string {
	if dir == "." || dir == "" {
		return name
	}
	return dir + "/" + name
}

// look fills in what is at a name of a directory.
func (w *walker) look(dir int, base string, n *found) error {
	st := &n.st
	if err := unix.Fstatat(dir, base, st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return fmt.Errorf("walk %s: %w", n.path, err)
	}
	n.node = &Node{
		Path: n.path, Mode: st.Mode, UID: w.mapID(st.Uid), GID: w.mapID(st.Gid),
		MTime: w.clamp(time.Unix(st.Mtim.Unix()).UTC()),
		Major: unix.Major(st.Rdev), Minor: unix.Minor(st.Rdev),
	}
	var err error
	switch n.node.Type() {
	case TypeFile:
		n.node.Size = st.Size
		err = w.attributes(dir, base, n)
	case TypeDir:
		err = w.attributes(dir, base, n)
	case TypeLink:
		if n.node.Target, err = os.Readlink(w.full(n)); err == nil {
			n.node.Xattrs, err = readXattrs(pathSource(w.full(n)))
		}
	default:
		n.node.Xattrs, err = readXattrs(pathSource(w.full(n)))
	}
	if err != nil {
		return fmt.Errorf("walk %s: %w", n.path, err)
	}
	w.opts.Ledger.Apply(n.node)
	w.label(n.node)
	return nil
}

func (w *walker) full(n *found) string { return filepath.Join(w.root, n.path) }

// attributes reads what only an open file or directory tells; one that cannot be
// opened still has extended attributes.
func (w *walker) attributes(dir int, base string, n *found) (err error) {
	fd, err := retry(func() (int, error) {
		return unix.Openat(dir, base, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	})
	if err != nil {
		n.node.Xattrs, err = readXattrs(pathSource(w.full(n)))
		return err
	}
	defer unix.Close(fd)
	n.node.Flags = readFlags(fd)
	n.node.Dense = n.node.Size > 0 && dense(fd, n.node.Size)
	n.node.Xattrs, err = readXattrs(fdSource(fd))
	return err
}

// dense tells whether a file has no hole before its end.
func dense(fd int, size int64) bool {
	end, err := unix.Seek(fd, 0, unix.SEEK_HOLE)
	return err == nil && end >= size
}

// retry calls again what a signal interrupted.
func retry(call func() (int, error)) (int, error) {
	for {
		if n, err := call(); err != unix.EINTR {
			return n, err
		}
	}
}

// xattrSource lists and reads the extended attributes of one inode.
type xattrSource struct {
	list func(buf []byte) (int, error)
	get  func(name string, buf []byte) (int, error)
}

func pathSource(name string) xattrSource {
	return xattrSource{func(b []byte) (int, error) { return unix.Llistxattr(name, b) },
		func(attr string, b []byte) (int, error) { return unix.Lgetxattr(name, attr, b) }}
}

func fdSource(fd int) xattrSource {
	return xattrSource{func(b []byte) (int, error) { return unix.Flistxattr(fd, b) },
		func(attr string, b []byte) (int, error) { return unix.Fgetxattr(fd, attr, b) }}
}

func readXattrs(src xattrSource) ([]Xattr, error) {
	size, err := src.list(nil)
	if size <= 0 || err != nil {
		return nil, ignoreUnsupported(err)
	}
	buf := make([]byte, size)
	if size, err = src.list(buf); err != nil {
		return nil, ignoreUnsupported(err)
	}
	var list []Xattr
	for _, name := range strings.Split(strings.TrimSuffix(string(buf[:size]), "\x00"), "\x00") {
		value, err := src.value(name)
		if err != nil {
			return nil, fmt.Errorf("read attribute %s: %w", name, err)
		}
		list = append(list, Xattr{name, value})
	}
	slices.SortFunc(list, func(a, b Xattr) int { return cmpString(a.Name, b.Name) })
	return list, nil
}

func (src xattrSource) value(name string) ([]byte, error) {
	size, err := src.get(name, nil)
	if err != nil {
		return nil, err
	}
	value := make([]byte, size)
	if size > 0 {
		size, err = src.get(name, value)
	}
	return value[:max(size, 0)], err
}

func ignoreUnsupported(err error) error {
	if err == unix.EOPNOTSUPP || err == unix.EPERM || err == unix.EACCES {
		return nil
	}
	return err
}

// Linux inode flags as FS_IOC_GETFLAGS returns them (linux/fs.h).
var inodeFlags = []struct {
	kernel uint32
	flag   Flags
}{
	{0x00000010, Immutable}, {0x00000020, Append},
	{0x00000040, NoDump}, {0x00800000, NoCOW}, {0x00000008, Sync},
}

func readFlags(fd int) Flags {
	got, err := unix.IoctlGetUint32(fd, unix.FS_IOC_GETFLAGS)
	if err != nil {
		return 0
	}
	var flags Flags
	for _, f := range inodeFlags {
		if got&f.kernel != 0 {
			flags |= f.flag
		}
	}
	return flags
}

func (d *dirTree) Open(n *Node) (File, error) {
	full := below(d.top, n.Path)
	fd, err := retry(func() (int, error) {
		return unix.Open(full, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	})
	if err != nil {
		return nil, fmt.Errorf("open content: %w", &os.PathError{Op: "open", Path: full, Err: err})
	}
	return &hostFile{fd, full}, nil
}

// hostFile is an open regular file: what an os.File does beyond this (the poller, a
// finalizer) takes longer than reading most files.
type hostFile struct {
	fd   int // -1 when closed
	name string
}

func (h *hostFile) ReadAt(b []byte, offset int64) (int, error) {
	done := 0
	for done < len(b) {
		n, err := retry(func() (int, error) { return unix.Pread(h.fd, b[done:], offset+int64(done)) })
		if err != nil {
			return done, &os.PathError{Op: "read", Path: h.name, Err: err}
		}
		if n == 0 {
			return done, io.EOF
		}
		done += n
	}
	return done, nil
}

func (h *hostFile) Data() ([]Range, error) { return sparse.DataOf(h.fd, h.name) }

func (h *hostFile) Close() error {
	fd := h.fd
	h.fd = -1
	if err := unix.Close(fd); err != nil {
		return &os.PathError{Op: "close", Path: h.name, Err: err}
	}
	return nil
}
