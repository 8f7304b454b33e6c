package chroot

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Mounts are made detached and attached to descriptors, never to path names, so
// that no link in the tree can lead a mount elsewhere.

const readOnlyData = unix.MOUNT_ATTR_RDONLY | unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV | unix.MOUNT_ATTR_NOEXEC

// newFS makes a file system with parameters "key", "value", …
func newFS(kind string, attr int, params ...string) (int, error) {
	fs, err := unix.Fsopen(kind, unix.FSOPEN_CLOEXEC)
	if err != nil {
		return -1, fmt.Errorf("open file system %s: %w", kind, err)
	}
	defer unix.Close(fs)
	for i := 0; i+1 < len(params); i += 2 {
		if err := unix.FsconfigSetString(fs, params[i], params[i+1]); err != nil {
			return -1, fmt.Errorf("set %s of %s: %w", params[i], kind, err)
		}
	}
	if err := unix.FsconfigCreate(fs); err != nil {
		return -1, fmt.Errorf("create file system %s: %w", kind, err)
	}
	fd, err := unix.Fsmount(fs, unix.FSMOUNT_CLOEXEC, attr)
	if err != nil {
		return -1, fmt.Errorf("mount %s: %w", kind, err)
	}
	return fd, nil
}

// cloneTree makes a detached copy of what path (below dir) shows, with the mounts
// below it.
func cloneTree(dir int, path string, attr uint64) (int, error) {
	flags := uint(unix.OPEN_TREE_CLONE | unix.OPEN_TREE_CLOEXEC | unix.AT_RECURSIVE)
	if path == "" {
		flags |= unix.AT_EMPTY_PATH
	}
	fd, err := unix.OpenTree(dir, path, flags)
	if err != nil {
		return -1, fmt.Errorf("copy mount %s: %w", path, err)
	}
	change := &unix.MountAttr{Attr_set: attr, Propagation: unix.MS_PRIVATE}
	if err := unix.MountSetattr(fd, "", unix.AT_EMPTY_PATH|unix.AT_RECURSIVE, change); err != nil {
		unix.Close(fd)
		return -1, fmt.Errorf("restrict mount %s: %w", path, err)
	}
	return fd, nil
}

// attach puts a detached mount on target and closes both.
func attach(mount, target int) error {
	defer unix.Close(mount)
	defer unix.Close(target)
	err := unix.MoveMount(mount, "", target, "", unix.MOVE_MOUNT_F_EMPTY_PATH|unix.MOVE_MOUNT_T_EMPTY_PATH)
	if err != nil {
		return fmt.Errorf("attach mount: %w", err)
	}
	return nil
}

// spot opens a mount point below dir; no link is followed and dir is not left.
func spot(dir int, path string) (int, error) {
	return unix.Openat2(dir, path, &unix.OpenHow{
		Flags:   unix.O_PATH | unix.O_CLOEXEC | unix.O_NOFOLLOW,
		Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_SYMLINKS,
	})
}

// dirSpot opens a directory of the tree as a mount point, making it when missing.
func dirSpot(root int, name string, mode uint32) (int, error) {
	fd, err := spot(root, name)
	if err == unix.ENOENT {
		if err := unix.Mkdirat(root, name, mode); err != nil {
			return -1, fmt.Errorf("make mount point /%s: %w", name, err)
		}
		fd, err = spot(root, name)
	}
	if err != nil {
		return -1, fmt.Errorf("open mount point /%s: %w", name, err)
	}
	return fd, nil
}

// mountAt makes a file system and puts it on a directory of the tree.
func mountAt(root int, name, kind string, attr int, params ...string) error {
	target, err := dirSpot(root, name, 0o755)
	if err != nil {
		return err
	}
	fd, err := newFS(kind, attr, params...)
	if err != nil {
		unix.Close(target)
		return err
	}
	return attach(fd, target)
}
