package rootfs

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// topDir is FS_TOPDIR_FL of ioctl_iflags(2), "chattr +T".
const topDir = 0x20000

// MakeApart makes an empty directory for a root tree in parent and returns its
// path; pattern is that of [os.MkdirTemp]. On ext4 the tree gets inodes away from
// those of trees that were there before: ext4 does not use the inodes of removed
// files for minutes and searches past them for every new one, which costs several
// times the time of everything else. Subdirectories of one with topDir go into
// block groups that follow from their names (ext4's find_group_orlov), so the name
// has to be a new one too. Other file systems do without.
func MakeApart(parent, pattern string) (string, error) {
	setTopDir(parent)
	dir, err := os.MkdirTemp(parent, pattern)
	if err != nil {
		return "", fmt.Errorf("make root tree: %w", err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return "", fmt.Errorf("make root tree: %w", err)
	}
	return dir, nil
}

// setTopDir sets the flag where the file system has it: it is a hint.
func setTopDir(dir string) {
	f, err := os.Open(dir)
	if err != nil {
		return
	}
	defer f.Close()
	if flags, err := unix.IoctlGetUint32(int(f.Fd()), unix.FS_IOC_GETFLAGS); err == nil {
		_ = unix.IoctlSetPointerInt(int(f.Fd()), unix.FS_IOC_SETFLAGS, int(flags|topDir))
	}
}
