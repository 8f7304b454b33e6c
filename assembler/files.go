package assembler

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/fimg/fimg/fault"
)

// makeDirs makes a directory and returns those that were missing, innermost
// first.
func makeDirs(dir string) ([]string, error) {
	var made []string
	for d := dir; ; d = filepath.Dir(d) {
		if _, err := os.Stat(d); err == nil || d == filepath.Dir(d) {
			break
		}
		made = append(made, d)
	}
	return made, os.MkdirAll(dir, 0o755)
}

// removeEmpty removes directories that a failed build made, if nothing is in
// them.
func removeEmpty(dirs []string) {
	for _, d := range dirs {
		os.Remove(d)
	}
}

// claimDir makes a directory for one build alone; made are those that were missing.
// A build that ends may remove it before it is locked: then it is made again.
func claimDir(dir string) (made []string, lock *os.File, err error) {
	for range 100 {
		if made, err = makeDirs(dir); err == nil {
			lock, err = lockDir(dir)
		}
		if !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	if err != nil {
		removeEmpty(made)
		return nil, nil, fault.Place(err)
	}
	return made, lock, nil
}

// lockDir keeps two builds from using one directory.
func lockDir(dir string) (*os.File, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("lock directory: %w", err)
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		err = usage("another build is using %s", dir)
	}
	if err == nil { // it may have been removed before it was locked
		var st unix.Stat_t
		if err = unix.Fstat(int(f.Fd()), &st); err == nil && st.Nlink == 0 {
			err = fs.ErrNotExist
		}
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("lock directory: %w", err)
	}
	return f, nil
}

// removeTree removes a tree that may hold unreadable directories and immutable
// files, as package trees do.
func removeTree(dir string) error {
	err := os.RemoveAll(dir)
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if d != nil && d.Type()&fs.ModeSymlink == 0 {
			clearFlags(name)
			if d.IsDir() {
				os.Chmod(name, 0o700)
			}
		}
		return nil
	})
	return os.RemoveAll(dir)
}

// clearFlags takes immutable and append-only away.
func clearFlags(name string) {
	f, err := os.OpenFile(name, os.O_RDONLY|unix.O_NONBLOCK|unix.O_NOFOLLOW, 0)
	if err != nil {
		return
	}
	defer f.Close()
	const immutable, appendOnly = 0x10, 0x20
	if flags, err := unix.IoctlGetUint32(int(f.Fd()), unix.FS_IOC_GETFLAGS); err == nil && flags&(immutable|appendOnly) != 0 {
		unix.IoctlSetPointerInt(int(f.Fd()), unix.FS_IOC_SETFLAGS, int(flags&^(immutable|appendOnly)))
	}
}

// checkSpace compares what the build needs with what is free.
func (b *builder) checkSpace() error {
	needs := map[uint64]*SpaceError{}
	add := func(dir string, bytes int64) error {
		var st unix.Stat_t
		var fs unix.Statfs_t
		if err := errors.Join(unix.Stat(dir, &st), unix.Statfs(dir, &fs)); err != nil {
			return fmt.Errorf("check space in %s: %w", dir, err)
		}
		n, ok := needs[st.Dev]
		if !ok {
			n = &SpaceError{Dir: dir, Have: int64(fs.Bavail) * int64(fs.Bsize)}
			needs[st.Dev] = n
		}
		n.Needed += bytes
		return nil
	}
	s := b.plan.Space
	if err := add(b.opts.TargetDir, s.Disk/2+s.Outputs/2); err != nil {
		return err
	}
	if b.memory == nil && b.ready == nil {
		if err := add(b.work, s.Installed); err != nil {
			return err
		}
	}
	for _, n := range needs {
		if n.Needed > n.Have {
			return n
		}
	}
	return nil
}
