package chroot

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// mountsVariable tells a process run anew that its mounts are its own.
const mountsVariable = "FIMG_PRIVATE_MOUNTS"

// EnterPrivateMounts runs the program anew, as the same process with the same
// arguments, in a mount namespace of its own. Whatever it mounts afterwards is
// seen by nobody else and gone when it ends, however it ends. It returns true in
// the new program and false where the kernel or the container does not allow it;
// nothing has changed then. Call it before any work, at best first thing in main.
func EnterPrivateMounts() bool {
	if os.Getenv(mountsVariable) != "" {
		os.Unsetenv(mountsVariable)
		return true
	}
	failed := make(chan struct{})
	go func() {
		defer close(failed)
		// Namespaces belong to threads: this one takes the process over, or ends.
		runtime.LockOSThread()
		if unix.Unshare(unix.CLONE_NEWNS) != nil || unix.Mount("", "/", "", unix.MS_REC|unix.MS_SLAVE, "") != nil {
			return
		}
		syscall.Exec("/proc/self/exe", os.Args, append(os.Environ(), mountsVariable+"=1"))
	}()
	<-failed
	return false
}

// MountMemory puts a file system in memory, of at most the given bytes, on a
// directory; the function takes it away. Only a program with mounts of its own
// should: see EnterPrivateMounts. It is an error as well when that file system
// cannot hold what package trees do.
func MountMemory(dir string, size int64) (unmount func() error, err error) {
	fd, err := newFS("tmpfs", 0, "mode", "0755", "size", fmt.Sprint(size))
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	if err := unix.MoveMount(fd, "", unix.AT_FDCWD, dir, unix.MOVE_MOUNT_F_EMPTY_PATH); err != nil {
		return nil, fmt.Errorf("mount memory: %w", err)
	}
	unmount = func() error {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			return fmt.Errorf("unmount memory: %w", err)
		}
		return nil
	}
	if err := holdsAttributes(dir); err != nil {
		return nil, errors.Join(fmt.Errorf("mount memory: %w", err), unmount())
	}
	return unmount, nil
}

// holdsAttributes tries what tmpfs learned late, or only where it was configured:
// user attributes (Linux 6.6) and access control lists.
func holdsAttributes(dir string) error {
	if err := unix.Setxattr(dir, "user.fimg", []byte("x"), 0); err != nil {
		return err
	}
	if err := unix.Removexattr(dir, "user.fimg"); err != nil {
		return err
	}
	_, err := unix.Getxattr(dir, "system.posix_acl_access", nil)
	if errors.Is(err, unix.EOPNOTSUPP) {
		return err
	}
	return nil
}
