package chroot

import (
	"fmt"
	"maps"
	"os"
	"path"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// devices are the character devices of /dev (linux/Documentation/admin-guide/devices.txt).
var devices = []struct {
	name         string
	major, minor uint32
}{
	{"null", 1, 3}, {"zero", 1, 5}, {"full", 1, 7}, {"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0},
}

// hostDevices makes the device nodes in a file system of their own, where they
// can be used. Where mknod is not allowed (user namespaces) the host's are taken.
func (s *Session) hostDevices(b *base) error {
	fd, err := newFS("tmpfs", unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NOEXEC, "mode", "0755", "size", "1m")
	if err != nil {
		return err
	}
	if err := unix.Mkdirat(b.dir, "devices", 0o755); err != nil {
		return fmt.Errorf("make base: %w", err)
	}
	b.devices = fd
	b.nodes = map[string]int{}
	for _, d := range devices {
		node, err := deviceNode(fd, d.name, int(unix.Mkdev(d.major, d.minor)))
		if err != nil {
			return &CapabilityError{Need: "device " + d.name, Err: err, Advice: adviceUnshare}
		}
		if node >= 0 {
			b.nodes[d.name] = node
		}
	}
	return nil
}

// deviceNode makes a node, or returns a copy of the host's mount of it.
func deviceNode(dir int, name string, dev int) (int, error) {
	if err := unix.Mknodat(dir, name, unix.S_IFCHR|0o666, dev); err == nil {
		return -1, nil
	}
	var st unix.Stat_t
	if err := unix.Stat("/dev/"+name, &st); err != nil {
		return -1, err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFCHR || st.Rdev != uint64(dev) {
		return -1, fmt.Errorf("/dev/%s is not that device", name)
	}
	return cloneTree(unix.AT_FDCWD, "/dev/"+name, unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NOEXEC)
}

// furnish mounts everything but /proc inside the tree.
func (s *Session) furnish(b *base, binds []int) error {
	if err := s.mountDev(b); err != nil {
		return err
	}
	if s.opts.Sys {
		s.mountSys(b)
	}
	if err := s.mountTemporary(b); err != nil {
		return err
	}
	for i, bind := range s.opts.Binds {
		target, err := spot(b.root, bind.Target)
		if err == nil {
			err = attach(binds[i], target)
		}
		if err != nil {
			return fmt.Errorf("bind %s to %s: %w", bind.Source, bind.Target, err)
		}
	}
	return s.mountFiles(b)
}

// mountDev makes /dev: a tmpfs without devices of its own onto which the nodes
// are bound, so that a program cannot make others that work.
func (s *Session) mountDev(b *base) error {
	at, err := spot(b.dir, "devices")
	if err != nil {
		return err
	}
	if err := attach(b.devices, at); err != nil {
		return err
	}
	if err := mountAt(b.root, "dev", "tmpfs", unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NODEV|unix.MOUNT_ATTR_NOEXEC,
		"mode", "0755", "size", "4m"); err != nil {
		return err
	}
	dev, err := spot(b.root, "dev")
	if err != nil {
		return err
	}
	defer unix.Close(dev)
	for _, d := range devices {
		if err := b.bindDevice(dev, d.name); err != nil {
			return fmt.Errorf("bind /dev/%s: %w", d.name, err)
		}
	}
	return s.fillDev(dev)
}

func (b *base) bindDevice(dev int, name string) error {
	node, ok := b.nodes[name]
	if !ok {
		var err error
		if node, err = cloneTree(b.dir, "devices/"+name, 0); err != nil {
			return err
		}
	}
	if err := writeAt(dev, name, nil, 0o666); err != nil {
		return err
	}
	target, err := spot(dev, name)
	if err != nil {
		return err
	}
	return attach(node, target)
}

// fillDev adds what is no device: links, terminals, shared memory.
func (s *Session) fillDev(dev int) error {
	for name, target := range map[string]string{"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0",
		"stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2", "ptmx": "pts/ptmx", "core": "/proc/kcore"} {
		if err := unix.Symlinkat(target, dev, name); err != nil {
			return fmt.Errorf("link /dev/%s: %w", name, err)
		}
	}
	if err := unix.Mkdirat(dev, tempDir, 0o755); err != nil {
		return fmt.Errorf("make /dev/%s: %w", tempDir, err)
	}
	fd, err := unix.Openat(dev, tempDir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open /dev/%s: %w", tempDir, err)
	}
	s.temp = os.NewFile(uintptr(fd), tempDir)
	const quiet = unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NOEXEC
	if err := mountAt(dev, "pts", "devpts", quiet, "mode", "0620", "ptmxmode", "0666"); err != nil {
		s.opts.log().Debug("no terminals inside", "error", err)
	}
	return mountAt(dev, "shm", "tmpfs", quiet|unix.MOUNT_ATTR_NODEV, "mode", "1777")
}

// mountSys shows the host's /sys, if there is one.
func (s *Session) mountSys(b *base) {
	if b.hostSys < 0 {
		s.opts.log().Debug("no /sys to show")
		return
	}
	target, err := dirSpot(b.root, "sys", 0o555)
	if err == nil {
		err = attach(b.hostSys, target)
	}
	b.hostSys = -1
	if err != nil {
		s.opts.log().Debug("no /sys inside", "error", err)
	}
}

func (s *Session) mountTemporary(b *base) error {
	const attr = unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV
	if s.opts.Run {
		if err := mountAt(b.root, "run", "tmpfs", attr, "mode", "0755"); err != nil {
			return err
		}
	}
	if s.opts.Tmp {
		if err := mountAt(b.root, "tmp", "tmpfs", attr, "mode", "1777"); err != nil {
			return err
		}
		if _, err := spot(b.root, "var/tmp"); err == nil {
			return mountAt(b.root, "var/tmp", "tmpfs", attr, "mode", "1777")
		}
	}
	return nil
}

// mountFiles shows other content for single files.
func (s *Session) mountFiles(b *base) error {
	for i, name := range slices.Sorted(maps.Keys(s.opts.Files)) {
		if err := s.showFile(b, fmt.Sprintf("files/%d", i), name, s.opts.Files[name], 0o755); err != nil {
			return fmt.Errorf("show %s: %w", name, err)
		}
	}
	if s.opts.ResolvConf == nil {
		return nil
	}
	if err := s.showFile(b, "files/resolv.conf", "etc/resolv.conf", s.opts.ResolvConf, 0o644); err != nil {
		s.opts.log().Warn("no resolv.conf inside", "error", err)
	}
	return nil
}

// showFile binds content over a file of the tree. Links lead inside the tree only.
func (s *Session) showFile(b *base, store, name string, content []byte, mode uint32) error {
	target, err := openInside(b.root, name)
	if err == unix.ENOENT {
		if err := s.makeSpot(b, name); err != nil {
			return err
		}
		target, err = openInside(b.root, name)
	}
	if err != nil {
		return err
	}
	if err := writeAt(b.dir, store, content, mode); err != nil {
		unix.Close(target)
		return err
	}
	mount, err := cloneTree(b.dir, store, unix.MOUNT_ATTR_RDONLY)
	if err != nil {
		unix.Close(target)
		return err
	}
	return attach(mount, target)
}

func openInside(root int, name string) (int, error) {
	return unix.Openat2(root, name, &unix.OpenHow{
		Flags:   unix.O_PATH | unix.O_CLOEXEC,
		Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS,
	})
}

// makeSpot makes an empty file to mount on, where the tree has none. A link into
// /run ends in the tmpfs there; a file in the tree itself is removed by Close.
func (s *Session) makeSpot(b *base, name string) error {
	name = strings.TrimPrefix(path.Clean("/"+name), "/")
	buf := make([]byte, 4096)
	if n, err := unix.Readlinkat(b.root, name, buf); err == nil {
		target := string(buf[:n])
		if !path.IsAbs(target) {
			target = path.Join("/", path.Dir(name), target)
		}
		name = strings.TrimPrefix(path.Clean(target), "/")
		if !s.opts.Run || !strings.HasPrefix(name, "run/") {
			return fmt.Errorf("/%s is a link to nothing", name)
		}
	}
	dir, err := makeDirs(b.root, path.Dir(name))
	if err != nil {
		return err
	}
	defer unix.Close(dir)
	if err := writeAt(dir, path.Base(name), nil, 0o644); err != nil {
		return err
	}
	s.created = append(s.created, spotFile{path.Dir(name), path.Base(name)})
	return nil
}

// makeDirs opens a directory, making what is missing of it.
func makeDirs(root int, name string) (int, error) {
	if name == "." {
		return unix.Openat(root, ".", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	}
	fd, err := openInside(root, name)
	if err != unix.ENOENT {
		return fd, err
	}
	parent, err := makeDirs(root, path.Dir(name))
	if err != nil {
		return -1, err
	}
	defer unix.Close(parent)
	if err := unix.Mkdirat(parent, path.Base(name), 0o755); err != nil {
		return -1, err
	}
	return openInside(root, name)
}
