package chroot

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

func initAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setsid: true}
}

func nativeInt64(raw [8]byte) int64 { return int64(binary.NativeEndian.Uint64(raw[:])) }

// base holds the descriptors used while a session is put together. base is the
// small tmpfs that becomes the thread's root, root the tree inside it.
type base struct {
	dir, root         int
	hostProc, hostSys int            // copies of the host's mounts; -1 when there are none
	procKept          bool           // the host's /proc is in the base
	devices           int            // file system of the device nodes
	nodes             map[string]int // the host's nodes, where we cannot make our own
}

// enter moves the calling thread into the session's namespaces.
func (s *Session) enter() error {
	if err := s.unshare(); err != nil {
		return err
	}
	tree, sources, err := s.sources()
	if err != nil {
		return err
	}
	b, err := s.buildBase(tree)
	if err != nil {
		return err
	}
	defer b.close()
	if err := s.furnish(b, sources); err != nil {
		return err
	}
	if err := b.pivot(); err != nil {
		return err
	}
	if err := s.mountProc(b); err != nil {
		return err
	}
	return s.restrict()
}

// unshare makes the namespaces; mounts made from here on are not seen outside.
func (s *Session) unshare() error {
	flags := unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS
	if !s.opts.Network {
		flags |= unix.CLONE_NEWNET
	}
	if err := unix.Unshare(flags); err != nil {
		return &CapabilityError{Need: "mount and pid namespaces", Err: err, Advice: adviceUnshare}
	}
	unix.Umask(0)
	name := s.opts.Hostname
	if name == "" {
		name = "localhost"
	}
	if err := unix.Sethostname([]byte(name)); err != nil {
		return fmt.Errorf("set host name: %w", err)
	}
	if !s.opts.Network {
		s.upLoopback()
	}
	return nil
}

const adviceUnshare = "run as root, or as a user with entries in /etc/subuid and /etc/subgid; in a container allow unshare and mount (for instance --privileged)"

// upLoopback brings lo up, which a few programs expect; it is no error when not.
func (s *Session) upLoopback() {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err == nil {
		defer unix.Close(fd)
		var req *unix.Ifreq
		req, err = unix.NewIfreq("lo")
		if err == nil {
			req.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
			err = unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, req)
		}
	}
	if err != nil {
		s.opts.log().Debug("loopback interface stays down", "error", err)
	}
}

// sources copies the mounts of everything named by host paths, as long as these
// can be reached, and makes the thread's mounts private.
func (s *Session) sources() (tree int, binds []int, err error) {
	// No device node of the tree can be used: /dev is ours.
	tree, err = cloneTree(unix.AT_FDCWD, s.root, unix.MOUNT_ATTR_NODEV)
	if err != nil {
		return -1, nil, &CapabilityError{Need: "mounting", Err: err, Advice: adviceUnshare}
	}
	for _, bind := range s.opts.Binds {
		attr := uint64(unix.MOUNT_ATTR_NODEV)
		if !bind.Write {
			attr |= unix.MOUNT_ATTR_RDONLY
		}
		fd, err := cloneTree(unix.AT_FDCWD, bind.Source, attr)
		if err != nil {
			return -1, nil, err
		}
		binds = append(binds, fd)
	}
	return tree, binds, nil
}

// buildBase makes the tmpfs that becomes the root of the thread and hangs the
// tree into it. It is attached over the tree's own directory, which is certain to
// exist; its original is only used through the copy from here on.
func (s *Session) buildBase(tree int) (*base, error) {
	b := &base{dir: -1, root: -1, hostSys: -1}
	b.hostProc, _ = cloneTree(unix.AT_FDCWD, "/proc", readOnlyData&^unix.MOUNT_ATTR_RDONLY)
	if s.opts.Sys {
		b.hostSys, _ = cloneTree(unix.AT_FDCWD, "/sys", readOnlyData)
	}
	at, err := unix.Open(s.root, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return b, fmt.Errorf("open root tree: %w", err)
	}
	if b.dir, err = newFS("tmpfs", unix.MOUNT_ATTR_NODEV|unix.MOUNT_ATTR_NOSUID, "mode", "0755", "size", "64m"); err != nil {
		return b, &CapabilityError{Need: "mounting a tmpfs", Err: err, Advice: adviceUnshare}
	}
	if err := fillBase(b.dir); err != nil {
		return b, err
	}
	if err := s.hostDevices(b); err != nil {
		return b, err
	}
	if err := makePrivate(s.root); err != nil {
		return b, err
	}
	if err := unix.MoveMount(b.dir, "", at, "", unix.MOVE_MOUNT_F_EMPTY_PATH|unix.MOVE_MOUNT_T_EMPTY_PATH); err != nil {
		return b, fmt.Errorf("attach base: %w", err)
	}
	unix.Close(at)
	spotFD, err := spot(b.dir, "root")
	if err != nil {
		return b, err
	}
	if err := attach(tree, spotFD); err != nil {
		return b, err
	}
	b.keepProc()
	b.root, err = unix.Openat(b.dir, "root", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	return b, err
}

func fillBase(dir int) error {
	for _, name := range []string{"root", "proc", "hostproc", "files"} {
		if err := unix.Mkdirat(dir, name, 0o755); err != nil {
			return fmt.Errorf("make base: %w", err)
		}
	}
	image, err := initImage()
	if err != nil {
		return err
	}
	return writeAt(dir, "init", image, 0o700)
}

// writeAt makes a new file in a directory.
func writeAt(dir int, name string, data []byte, mode uint32) error {
	fd, err := unix.Openat(dir, name, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_CLOEXEC, mode)
	if err != nil {
		return fmt.Errorf("make %s: %w", name, err)
	}
	f := os.NewFile(uintptr(fd), name)
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}

// makePrivate keeps later mounts from being passed on to other namespaces. In a
// chroot whose root is no mount point the thread first climbs to the real root of
// its namespace: only from there all mounts can be reached. That concerns this
// thread alone, and nothing is opened there by name.
func makePrivate(below string) error {
	err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, "")
	if err == unix.EINVAL {
		if err = climb(below); err == nil {
			err = unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, "")
		}
	}
	if err != nil {
		return &CapabilityError{Need: "private mounts", Err: err, Advice: adviceUnshare}
	}
	return nil
}

func climb(below string) error {
	if err := errors.Join(unix.Chdir("/"), unix.Chroot(filepath.Clean(below))); err != nil {
		return err
	}
	var here, above unix.Stat_t
	for range 4096 {
		if err := errors.Join(unix.Stat(".", &here), unix.Stat("..", &above)); err != nil {
			return err
		}
		if here.Dev == above.Dev && here.Ino == above.Ino {
			break
		}
		if err := unix.Chdir(".."); err != nil {
			return err
		}
	}
	return unix.Chroot(".")
}

// keepProc hangs the host's /proc into the base. In a user namespace the kernel
// allows a new /proc only where a whole one can be seen, and after the pivot this
// is the only one; besides it is what is shown when a new one is refused.
func (b *base) keepProc() {
	if b.hostProc < 0 {
		return
	}
	at, err := spot(b.dir, "hostproc")
	if err == nil {
		err = attach(b.hostProc, at)
	}
	b.hostProc = -1
	b.procKept = err == nil
}

// pivot makes the base the root of the thread and lets go of everything else.
func (b *base) pivot() error {
	if err := unix.Fchdir(b.dir); err != nil {
		return fmt.Errorf("enter base: %w", err)
	}
	if err := unix.PivotRoot(".", "."); err == nil {
		// The old root is now stacked on the new one.
		if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
			return fmt.Errorf("leave old root: %w", err)
		}
		return unix.Chdir("/")
	}
	// The root of an initramfs cannot be pivoted away from: cover it.
	if err := unix.Mount(".", "/", "", unix.MS_MOVE, ""); err != nil {
		return fmt.Errorf("cover old root: %w", err)
	}
	return errors.Join(unix.Chroot("."), unix.Chdir("/"))
}

func (b *base) close() {
	for _, fd := range []int{b.dir, b.root, b.hostProc, b.hostSys} {
		if fd >= 0 {
			unix.Close(fd)
		}
	}
}
