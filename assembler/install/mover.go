package install

import (
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/fimg/fimg/repo/rpm"
	"github.com/fimg/fimg/tree/rootfs"
)

// stamp is what a file of the tree was when it was put there. A change of the file
// sets its ctime, which nobody can set back.
type stamp struct {
	ino   uint64
	ctime unix.Timespec
	alt   bool // has the name of a new configuration file
	sure  bool // the clock has moved on since
}

// stamp notes what the file is that was written for position i.
func (p *placer) stamp(i int) error {
	if p.e.stamps == nil || p.e.staged.reused {
		return nil
	}
	dir, err := p.dirs.open(p.e.files[i].Dir)
	if err != nil {
		return err
	}
	defer dir.close()
	var st unix.Stat_t
	if err := unix.Fstatat(dir.fd, p.e.files[i].Base+p.newSuffix(i), &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return err
	}
	p.e.stamps[i] = stamp{ino: st.Ino, ctime: st.Ctim, alt: p.newSuffix(i) != ""}
	return nil
}

// settle is called before anything runs that may change what was put into the tree
// since the last time, and at the end.
func (t *transaction) settle() {
	settle(t.unsettled)
	t.unsettled = nil
}

// settle finds the files whose time is sure to change when they do. Times are those
// of the kernel's last tick: what has this one may change without its time changing.
// A file system that keeps whole milliseconds or less is not trusted at all.
func settle(list []*element) {
	var now unix.Timespec
	if unix.ClockGettime(unix.CLOCK_REALTIME_COARSE, &now) != nil {
		return
	}
	for _, e := range list {
		for i := range e.stamps {
			t := &e.stamps[i]
			t.sure = t.ino != 0 && t.ctime.Nsec%1e6 != 0 && (t.ctime.Sec < now.Sec || t.ctime.Sec == now.Sec && t.ctime.Nsec < now.Nsec)
		}
	}
}

// mover moves files of a tree into a directory.
type mover struct {
	root *rootfs.Root
	out  int
	algo rpm.HashAlgo
	path string // of dir
	dir  int    // -1 where it is not there
}

func (m *mover) close() {
	if m.path != "" && m.dir >= 0 {
		unix.Close(m.dir)
	}
}

// open opens the directory of a file; those of a package follow each other.
func (m *mover) open(dir string) int {
	if m.path != dir {
		m.close()
		m.path = dir
		fd, err := m.root.OpenFD(dir, unix.O_PATH|unix.O_DIRECTORY, 0)
		if err != nil {
			fd = -1
		}
		m.dir = fd
	}
	return m.dir
}

// move moves a file when it is as it was put into the tree.
func (m *mover) move(f *rpm.File, t *stamp, to string) bool {
	if t.ino == 0 || m.open(f.Dir) < 0 {
		return false
	}
	name := f.Base
	if t.alt {
		name += ".rpmnew"
	}
	var st unix.Stat_t
	if unix.Fstatat(m.dir, name, &st, unix.AT_SYMLINK_NOFOLLOW) != nil || st.Mode&unix.S_IFMT != unix.S_IFREG || st.Size != f.Size {
		return false
	}
	same := t.sure && st.Ino == t.ino && st.Ctim == t.ctime
	if !same && !m.equal(name, f) || unix.Renameat(m.dir, name, m.out, to) != nil {
		return false
	}
	if plain(m.out, to, &st, !same || f.Caps != "") != nil {
		unix.Unlinkat(m.out, to, 0)
		return false
	}
	return true
}

// equal hashes a file of which it is not sure that it is what was put there.
func (m *mover) equal(name string, f *rpm.File) bool {
	h := m.algo.New()
	fd, err := unix.Openat(m.dir, name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil || h == nil {
		return false
	}
	file := os.NewFile(uintptr(fd), name)
	defer file.Close()
	n, err := io.Copy(h, io.LimitReader(file, f.Size+1))
	return err == nil && n == f.Size && strings.EqualFold(hex.EncodeToString(h.Sum(nil)), f.Digest)
}

// plain takes from a stored file what only a tree needs: other owners, set-id bits and,
// where there may be any, attributes.
func plain(dir int, name string, st *unix.Stat_t, attributes bool) error {
	if uid, gid := os.Geteuid(), os.Getegid(); int(st.Uid) != uid || int(st.Gid) != gid {
		if err := unix.Fchownat(dir, name, uid, gid, unix.AT_SYMLINK_NOFOLLOW); err != nil {
			return err
		}
	}
	if st.Mode&0o7000 != 0 || st.Mode&0o600 != 0o600 {
		if err := unix.Fchmodat(dir, name, 0o600, 0); err != nil {
			return err
		}
	}
	if !attributes {
		return nil
	}
	return removeXattrs(fmt.Sprintf("/proc/self/fd/%d/%s", dir, name))
}

func removeXattrs(path string) error {
	buf := make([]byte, 64<<10)
	n, err := unix.Llistxattr(path, buf)
	if err == unix.EOPNOTSUPP {
		return nil
	}
	if err != nil {
		return err
	}
	for name := range strings.SplitSeq(strings.TrimSuffix(string(buf[:n]), "\x00"), "\x00") {
		if name == "" || name == "security.selinux" { // belongs to every file where it is in use
			continue
		}
		if err := unix.Lremovexattr(path, name); err != nil {
			return err
		}
	}
	return nil
}
