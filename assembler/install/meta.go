package install

import (
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/fimg/fimg/internal/brief"
	"github.com/fimg/fimg/repo/rpm"
	"github.com/fimg/fimg/tree"
)

// meta sets owner, mode, capabilities and times of the file behind fd, or of an
// entry of a directory when fd is negative. What is as it should be is left: each
// change costs a journalled write of the inode.
func (p *placer) meta(fd, dir int, name string, i int) error {
	f, o := &p.e.files[i], p.owners[i]
	st, err := statAt(fd, dir, name)
	if err != nil {
		return err
	}
	moved := st.Uid != o.uid || st.Gid != o.gid
	if moved {
		if err := p.chown(fd, dir, name, i, o); err != nil {
			return err
		}
	}
	kind := f.Type()
	if kind != rpm.ModeSymlink && (moved || st.Mode&0o7777 != o.mode&0o7777) {
		if err := chmod(fd, dir, name, o.mode&0o7777); err != nil {
			return err
		}
	}
	if f.Caps != "" && kind == rpm.ModeRegular && fd >= 0 {
		if err := p.setCaps(fd, i, f.Caps); err != nil {
			return err
		}
	}
	times := [2]unix.Timespec{{Sec: f.MTime}, {Sec: f.MTime}}
	if fd >= 0 {
		return brief.Futimens(fd, &times)
	}
	return unix.UtimesNanoAt(dir, name, times[:], unix.AT_SYMLINK_NOFOLLOW)
}

func statAt(fd, dir int, name string) (st unix.Stat_t, err error) {
	if fd >= 0 {
		return st, unix.Fstat(fd, &st)
	}
	return st, unix.Fstatat(dir, name, &st, unix.AT_SYMLINK_NOFOLLOW)
}

func (p *placer) chown(fd, dir int, name string, i int, o owner) error {
	var err error
	if fd >= 0 {
		err = unix.Fchown(fd, int(o.uid), int(o.gid))
	} else {
		err = unix.Fchownat(dir, name, int(o.uid), int(o.gid), unix.AT_SYMLINK_NOFOLLOW)
	}
	if refused(err) && p.opts.Ledger != nil {
		p.ledger(i, func(e *tree.Entry) {
			e.Owner = &tree.Owner{UID: o.uid, GID: o.gid}
			if o.mode&0o6000 != 0 { // dropped by the kernel sooner or later
				e.Mode = o.mode
			}
		})
		return nil
	}
	return err
}

// refused tells whether an id is none of ours or the operation is not allowed.
func refused(err error) bool { return err == unix.EPERM || err == unix.EINVAL }

func chmod(fd, dir int, name string, mode uint32) error {
	if fd >= 0 {
		return unix.Fchmod(fd, mode)
	}
	return unix.Fchmodat(dir, name, mode, 0)
}

const capabilityXattr = "security.capability"

// setCaps sets file capabilities. Inside a user namespace the kernel would store
// them together with an id of the host: there only the ledger has them.
func (p *placer) setCaps(fd, i int, text string) error {
	caps, err := parseCaps(text)
	if err != nil {
		return err
	}
	value := caps.xattr()
	if !p.inUserNS {
		err = unix.Fsetxattr(fd, capabilityXattr, value, 0)
		if err == nil || p.opts.Ledger == nil || !refused(err) && err != unix.EOPNOTSUPP {
			return err
		}
	}
	if p.opts.Ledger == nil {
		return unix.EPERM
	}
	p.ledger(i, func(e *tree.Entry) { e.Xattrs = []tree.Xattr{{Name: capabilityXattr, Value: value}} })
	return nil
}

// inUserNamespace tells whether this process's root is not the machine's.
func inUserNamespace() bool {
	data, err := os.ReadFile("/proc/self/uid_map")
	f := strings.Fields(string(data))
	return err == nil && (len(f) != 3 || f[0] != "0" || f[1] != "0" || f[2] != "4294967295")
}
