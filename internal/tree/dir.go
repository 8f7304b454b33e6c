package tree

import (
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fimg/fimg/internal/sparse"
	"golang.org/x/sys/unix"
)

// DirOptions shape what Dir shows. The zero value shows everything as it is.
type DirOptions struct {
	// Top shows only this directory and what is below it, with paths relative
	// to it; ledger, labels and the functions below still see paths from the
	// root. Empty is the root.
	Top string
	// Ledger overrides what the file system says; nil is an empty one.
	Ledger *Ledger
	// Label returns the SELinux label of a node, or "" for none. It replaces
	// any security.selinux attribute of the file.
	Label func(n *Node) string
	// Exclude leaves out a path and everything below it. Pruned leaves out
	// only what is below.
	Exclude func(path string) bool
	Pruned  func(path string) bool
	// Latest clamps modification times from above; zero keeps them.
	Latest time.Time
	// MapID translates a host user or group id to the image's; nil keeps it.
	MapID func(id uint32) uint32
}

// Dir is the tree below a directory of the host. Symbolic links are never
// followed, other file systems mounted below are not entered.
func Dir(root string, opts DirOptions) Tree { return &dirTree{root: root, opts: opts} }

type dirTree struct {
	root string
	opts DirOptions
}

type inode struct{ dev, ino uint64 }

// walker is the state of one walk.
type walker struct {
	*dirTree
	ctx   context.Context
	dev   uint64
	links map[inode]uint64
	fn    func(*Node) error
}

func (d *dirTree) Walk(ctx context.Context, fn func(*Node) error) error {
	var st unix.Stat_t
	top := path.Join(".", d.opts.Top)
	if err := unix.Lstat(filepath.Join(d.root, top), &st); err != nil {
		return fmt.Errorf("walk %s: %w", top, err)
	}
	w := &walker{dirTree: d, ctx: ctx, dev: st.Dev, links: map[inode]uint64{}, fn: fn}
	return w.visit(top, &st)
}

// relative is a path as seen from the top.
func (d *dirTree) relative(name string) string {
	top := path.Join(".", d.opts.Top)
	switch {
	case top == ".":
		return name
	case name == top:
		return "."
	}
	return name[len(top)+1:]
}

// visit shows one node and then what is below it.
func (w *walker) visit(name string, st *unix.Stat_t) error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	n, err := w.node(name, st)
	if err != nil {
		return err
	}
	n.Path = w.relative(name)
	if err := w.fn(n); err != nil {
		return err
	}
	if !n.IsDir() || st.Dev != w.dev || (w.opts.Pruned != nil && w.opts.Pruned(name)) {
		return nil
	}
	return w.children(name)
}

func (w *walker) children(dir string) error {
	names, err := readNames(filepath.Join(w.root, dir))
	if err != nil {
		return err
	}
	for _, base := range names {
		name := path.Join(dir, base)
		if w.opts.Exclude != nil && w.opts.Exclude(name) {
			continue
		}
		var st unix.Stat_t
		if err := unix.Lstat(filepath.Join(w.root, name), &st); err != nil {
			return fmt.Errorf("walk %s: %w", name, err)
		}
		if err := w.visit(name, &st); err != nil {
			return err
		}
	}
	return nil
}

func readNames(dir string) ([]string, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("walk: %w", err)
	}
	defer f.Close()
	names, err := f.Readdirnames(-1)
	if err != nil {
		return nil, fmt.Errorf("walk %s: %w", dir, err)
	}
	slices.Sort(names)
	return names, nil
}

// node makes the Node of one name.
func (w *walker) node(name string, st *unix.Stat_t) (*Node, error) {
	n := &Node{
		Path: name, Mode: st.Mode, UID: w.mapID(st.Uid), GID: w.mapID(st.Gid),
		MTime: w.clamp(time.Unix(st.Mtim.Unix()).UTC()),
		Major: unix.Major(st.Rdev), Minor: unix.Minor(st.Rdev),
	}
	full := filepath.Join(w.root, name)
	var err error
	switch n.Type() {
	case TypeFile:
		n.Size = st.Size
	case TypeLink:
		n.Target, err = os.Readlink(full)
	}
	if err != nil {
		return nil, fmt.Errorf("walk %s: %w", name, err)
	}
	if st.Nlink > 1 && !n.IsDir() {
		n.Link = w.link(inode{st.Dev, st.Ino})
	}
	if n.Xattrs, err = readXattrs(full); err != nil {
		return nil, fmt.Errorf("walk %s: read attributes: %w", name, err)
	}
	n.Flags = readFlags(full, n.Type())
	w.opts.Ledger.Apply(n)
	w.label(n)
	return n, nil
}

func (w *walker) mapID(id uint32) uint32 {
	if w.opts.MapID == nil {
		return id
	}
	return w.opts.MapID(id)
}

func (w *walker) clamp(t time.Time) time.Time {
	if w.opts.Latest.IsZero() || t.Before(w.opts.Latest) {
		return t
	}
	return w.opts.Latest
}

func (w *walker) label(n *Node) {
	if w.opts.Label == nil {
		return
	}
	n.Xattrs = slices.DeleteFunc(n.Xattrs, func(x Xattr) bool { return x.Name == "security.selinux" })
	if l := w.opts.Label(n); l != "" {
		n.SetXattr("security.selinux", append([]byte(l), 0))
	}
}

// link numbers inodes with several names in walk order, so that host inode
// numbers reach no output.
func (w *walker) link(key inode) uint64 {
	id, ok := w.links[key]
	if !ok {
		id = uint64(len(w.links) + 1)
		w.links[key] = id
	}
	return id
}

func readXattrs(path string) ([]Xattr, error) {
	size, err := unix.Llistxattr(path, nil)
	if size <= 0 || err != nil {
		return nil, ignoreUnsupported(err)
	}
	buf := make([]byte, size)
	if size, err = unix.Llistxattr(path, buf); err != nil {
		return nil, ignoreUnsupported(err)
	}
	var list []Xattr
	for _, name := range strings.Split(strings.TrimSuffix(string(buf[:size]), "\x00"), "\x00") {
		value, err := readXattr(path, name)
		if err != nil {
			return nil, err
		}
		list = append(list, Xattr{name, value})
	}
	slices.SortFunc(list, func(a, b Xattr) int { return cmpString(a.Name, b.Name) })
	return list, nil
}

func readXattr(path, name string) ([]byte, error) {
	size, err := unix.Lgetxattr(path, name, nil)
	if err != nil {
		return nil, err
	}
	value := make([]byte, size)
	if size > 0 {
		size, err = unix.Lgetxattr(path, name, value)
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

func readFlags(path string, kind uint32) Flags {
	if kind != TypeFile && kind != TypeDir {
		return 0
	}
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0
	}
	defer unix.Close(fd)
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
	full := filepath.Join(d.root, d.opts.Top, n.Path)
	fd, err := openRead(full)
	if err != nil {
		return nil, fmt.Errorf("open content: %w", &os.PathError{Op: "open", Path: full, Err: err})
	}
	return &hostFile{os.NewFile(uintptr(fd), full)}, nil
}

// openRead opens a file without the poller, which os.OpenFile asks in vain for
// every regular file: five system calls that tens of thousands of files can spare.
func openRead(name string) (fd int, err error) {
	for {
		fd, err = unix.Open(name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
		if err != unix.EINTR {
			return fd, err
		}
	}
}

type hostFile struct{ *os.File }

func (h *hostFile) Data() ([]Range, error) { return sparse.Data(h.File) }
