// Package rootfs reads and changes a root tree as a program running inside it
// would: absolute links and ".." resolve below the root and nothing leads out of
// it (openat2(2), RESOLVE_IN_ROOT). The tree may come from hostile packages.
//
// Names are slash-separated; a leading slash is ignored. Concurrent use is safe
// as far as the operations themselves do not conflict.
package rootfs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// Root is an open root tree.
type Root struct {
	dir  string
	file *os.File
}

// Open opens the tree at dir.
func Open(dir string) (*Root, error) {
	f, err := os.OpenFile(dir, os.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return nil, fmt.Errorf("open root tree: %w", err)
	}
	return &Root{dir, f}, nil
}

// Dir returns the host path of the root. Joining names to it gives up the
// protection this package is for.
func (r *Root) Dir() string { return r.dir }

// Close ends the use of the root.
func (r *Root) Close() error { return r.file.Close() }

// OpenFile opens a file as open(2) does inside the root.
func (r *Root) OpenFile(name string, flags int, mode fs.FileMode) (*os.File, error) {
	fd, err := r.openat(name, flags, mode)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return os.NewFile(uintptr(fd), name), nil
}

// OpenFD opens a file as OpenFile does and returns its bare descriptor, which is
// the caller's to close: cheaper where thousands of directories are opened.
func (r *Root) OpenFD(name string, flags int, mode fs.FileMode) (int, error) {
	fd, err := r.openat(name, flags, mode)
	if err != nil {
		return -1, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return fd, nil
}

func (r *Root) openat(name string, flags int, mode fs.FileMode) (int, error) {
	how := unix.OpenHow{
		Flags:   uint64(flags) | unix.O_CLOEXEC,
		Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS,
	}
	if flags&unix.O_CREAT != 0 {
		how.Mode = uint64(mode.Perm())
	}
	for range 64 {
		fd, err := unix.Openat2(int(r.file.Fd()), clean(name), &how)
		if err != unix.EAGAIN && err != unix.EINTR {
			return fd, err
		}
	}
	return -1, unix.EAGAIN
}

// clean makes a name relative; "." is the root itself.
func clean(name string) string {
	if rel := strings.TrimPrefix(path.Clean("/"+name), "/"); rel != "" {
		return rel
	}
	return "."
}

// at calls fn with the directory that holds name and the last component, which
// is not resolved.
func (r *Root) at(op, name string, fn func(dir int, base string) error) error {
	rel := clean(name)
	fd, err := r.openat(path.Dir(rel), unix.O_PATH|unix.O_DIRECTORY, 0)
	if err != nil {
		return &fs.PathError{Op: op, Path: name, Err: err}
	}
	defer unix.Close(fd)
	if err := fn(fd, path.Base(rel)); err != nil {
		return &fs.PathError{Op: op, Path: name, Err: err}
	}
	return nil
}

// ReadFile returns the content of a regular file of at most 64 MiB.
func (r *Root) ReadFile(name string) ([]byte, error) {
	const limit = 64 << 20
	f, err := r.OpenFile(name, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() || info.Size() > limit {
		return nil, &fs.PathError{Op: "read", Path: name, Err: errors.Join(err, errNotPlain)}
	}
	return io.ReadAll(io.LimitReader(f, limit))
}

var errNotPlain = errors.New("not a regular file of reasonable size")

// WriteFile replaces the content of a file, following links inside the root, and
// sets its permission bits.
func (r *Root) WriteFile(name string, data []byte, mode fs.FileMode) error {
	f, err := r.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Chmod(mode.Perm()), f.Close())
}

// Lstat describes name without following it.
func (r *Root) Lstat(name string) (unix.Stat_t, error) {
	var st unix.Stat_t
	if clean(name) == "." {
		return st, unix.Fstat(int(r.file.Fd()), &st)
	}
	err := r.at("lstat", name, func(dir int, base string) error {
		return unix.Fstatat(dir, base, &st, unix.AT_SYMLINK_NOFOLLOW)
	})
	return st, err
}

// Stat describes what name leads to.
func (r *Root) Stat(name string) (unix.Stat_t, error) {
	var st unix.Stat_t
	fd, err := r.openat(name, unix.O_PATH, 0)
	if err != nil {
		return st, &fs.PathError{Op: "stat", Path: name, Err: err}
	}
	defer unix.Close(fd)
	return st, unix.Fstat(fd, &st)
}

// Exists tells whether name leads to something.
func (r *Root) Exists(name string) bool { _, err := r.Stat(name); return err == nil }

// IsDir tells whether name leads to a directory.
func (r *Root) IsDir(name string) bool {
	st, err := r.Stat(name)
	return err == nil && st.Mode&unix.S_IFMT == unix.S_IFDIR
}

// IsFile tells whether name leads to a regular file.
func (r *Root) IsFile(name string) bool {
	st, err := r.Stat(name)
	return err == nil && st.Mode&unix.S_IFMT == unix.S_IFREG
}

// Mkdir makes one directory; an existing directory is no error. The set-group-id bit
// a new directory has from the one above stays.
func (r *Root) Mkdir(name string, mode fs.FileMode) error {
	err := r.at("mkdir", name, func(dir int, base string) error {
		if err := unix.Mkdirat(dir, base, uint32(mode.Perm())); err != nil {
			return err
		}
		var st unix.Stat_t
		if err := unix.Fstatat(dir, base, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
			return err
		}
		return unix.Fchmodat(dir, base, uint32(mode.Perm())|st.Mode&unix.S_ISGID, 0)
	})
	if errors.Is(err, fs.ErrExist) && r.IsDir(name) {
		return nil
	}
	return err
}

// MkdirAll makes a directory and the missing ones above it.
func (r *Root) MkdirAll(name string, mode fs.FileMode) error {
	rel := clean(name)
	if rel == "." || r.IsDir(rel) {
		return nil
	}
	if err := r.MkdirAll(path.Dir(rel), mode); err != nil {
		return err
	}
	return r.Mkdir(rel, mode)
}

// Symlink makes name a link to target, replacing a file or link there.
func (r *Root) Symlink(target, name string) error {
	return r.at("symlink", name, func(dir int, base string) error {
		if err := unix.Unlinkat(dir, base, 0); err != nil && err != unix.ENOENT {
			return err
		}
		return unix.Symlinkat(target, dir, base)
	})
}

// Readlink returns the target of a link.
func (r *Root) Readlink(name string) (string, error) {
	buf := make([]byte, 4096)
	var n int
	err := r.at("readlink", name, func(dir int, base string) (err error) {
		n, err = unix.Readlinkat(dir, base, buf)
		return err
	})
	return string(buf[:max(n, 0)]), err
}

// Remove removes a file, link or empty directory; one that is not there is no
// error.
func (r *Root) Remove(name string) error {
	err := r.at("remove", name, func(dir int, base string) error {
		err := unix.Unlinkat(dir, base, 0)
		if err == unix.EISDIR || err == unix.EPERM {
			err = unix.Unlinkat(dir, base, unix.AT_REMOVEDIR)
		}
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// RemoveAll removes name and everything below it.
func (r *Root) RemoveAll(name string) error {
	st, err := r.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && st.Mode&unix.S_IFMT == unix.S_IFDIR {
		names, err := r.ReadDir(name)
		if err != nil {
			return err
		}
		for _, base := range names {
			if err := r.RemoveAll(path.Join(name, base)); err != nil {
				return err
			}
		}
	}
	return r.Remove(name)
}

// Rename moves a file; neither last component is followed.
func (r *Root) Rename(from, to string) error {
	return r.at("rename", from, func(fromDir int, fromBase string) error {
		return r.at("rename", to, func(toDir int, toBase string) error {
			return unix.Renameat(fromDir, fromBase, toDir, toBase)
		})
	})
}

// Lchown changes owner and group of name itself.
func (r *Root) Lchown(name string, uid, gid int) error {
	return r.at("chown", name, func(dir int, base string) error {
		return unix.Fchownat(dir, base, uid, gid, unix.AT_SYMLINK_NOFOLLOW)
	})
}

// Chmod changes the permission bits (including set-id and sticky as in chmod(2))
// of what name leads to.
func (r *Root) Chmod(name string, mode uint32) error {
	f, err := r.OpenFile(name, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	return unix.Fchmod(int(f.Fd()), mode&0o7777)
}

// ReadDir returns the names in a directory in bytewise order.
func (r *Root) ReadDir(name string) ([]string, error) {
	f, err := r.OpenFile(name, os.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	names, err := f.Readdirnames(-1)
	slices.Sort(names)
	return names, err
}

// Glob returns the names that match a pattern of path.Match components, in
// order. A directory that is missing or unreadable matches nothing.
func (r *Root) Glob(pattern string) []string {
	matches := []string{"."}
	for _, part := range strings.Split(clean(pattern), "/") {
		matches = r.expand(matches, part)
	}
	return matches
}

func (r *Root) expand(dirs []string, part string) []string {
	var out []string
	for _, dir := range dirs {
		if !strings.ContainsAny(part, `*?[\`) {
			if full := path.Join(dir, part); r.lexists(full) {
				out = append(out, full)
			}
			continue
		}
		names, _ := r.ReadDir(dir)
		for _, name := range names {
			if ok, _ := path.Match(part, name); ok {
				out = append(out, path.Join(dir, name))
			}
		}
	}
	return out
}

func (r *Root) lexists(name string) bool { _, err := r.Lstat(name); return err == nil }

// First returns the first of the names that leads to something.
func (r *Root) First(names ...string) (string, bool) {
	for _, n := range names {
		if r.Exists(n) {
			return n, true
		}
	}
	return "", false
}

// Copy copies the content and permission bits of one file of the root to
// another, which is replaced.
func (r *Root) Copy(from, to string) error {
	in, err := r.OpenFile(from, os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	out, err := r.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, info.Mode().Perm())
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Chmod(info.Mode().Perm()), out.Close())
}

// Program returns the path of a program in the root's usual directories.
func (r *Root) Program(name string) (string, bool) {
	for _, dir := range []string{"usr/bin", "usr/sbin", "bin", "sbin"} {
		full := filepath.Join(dir, name)
		if st, err := r.Stat(full); err == nil && st.Mode&unix.S_IFMT == unix.S_IFREG && st.Mode&0o111 != 0 {
			return "/" + full, true
		}
	}
	return "", false
}
