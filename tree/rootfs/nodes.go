package rootfs

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// Link makes a second name of a file; neither last component is followed.
func (r *Root) Link(from, to string) error {
	return r.at("link", from, func(fromDir int, fromBase string) error {
		return r.at("link", to, func(toDir int, toBase string) error {
			return unix.Linkat(fromDir, fromBase, toDir, toBase, 0)
		})
	})
}

// Mknod makes a device, pipe or socket of a type of st_mode.
func (r *Root) Mknod(name string, kind, major, minor uint32) error {
	return r.at("mknod", name, func(dir int, base string) error {
		return unix.Mknodat(dir, base, kind|0o600, int(unix.Mkdev(major, minor)))
	})
}

// Lsetxattr sets an extended attribute; a link is not followed.
func (r *Root) Lsetxattr(name, attr string, value []byte) error {
	return r.at("setxattr", name, func(dir int, base string) error {
		return unix.Lsetxattr(fmt.Sprintf("/proc/self/fd/%d/%s", dir, base), attr, value, 0)
	})
}

// Lchtime sets access and modification time; a link is not followed.
func (r *Root) Lchtime(name string, t time.Time) error {
	ts := unix.NsecToTimespec(t.UnixNano())
	return r.at("set time", name, func(dir int, base string) error {
		return unix.UtimesNanoAt(dir, base, []unix.Timespec{ts, ts}, unix.AT_SYMLINK_NOFOLLOW)
	})
}
