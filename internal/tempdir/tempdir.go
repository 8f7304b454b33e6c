// Package tempdir makes temporary directories outside of a build's own. What a
// program that was killed left there goes when the next one makes its directory.
package tempdir

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Make makes a directory below the system's directory for temporary files; its name
// begins with name and a dash. The function removes it.
func Make(name string) (dir string, remove func(), err error) {
	sweep(name)
	for {
		if dir, err = os.MkdirTemp("", name+"-*"); err != nil {
			return "", nil, fmt.Errorf("make temporary directory: %w", err)
		}
		lock, err := claim(dir)
		if err == nil {
			return dir, func() { os.RemoveAll(dir); lock.Close() }, nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, os.ErrNotExist) {
			os.Remove(dir)
			return "", nil, fmt.Errorf("make temporary directory: %w", err)
		}
		// Another program swept it before it was locked.
	}
}

// claim locks a directory for as long as the program runs.
func claim(dir string) (*os.File, error) {
	f, err := os.OpenFile(dir, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_DIRECTORY, 0)
	if err != nil {
		return nil, err
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if err == nil {
		_, err = os.Lstat(dir)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// sweep removes this user's directories of that name that nobody has.
func sweep(name string) {
	list, _ := filepath.Glob(filepath.Join(os.TempDir(), name+"-*"))
	for _, dir := range list {
		var st unix.Stat_t
		if unix.Lstat(dir, &st) != nil || int(st.Uid) != os.Geteuid() {
			continue
		}
		if lock, err := claim(dir); err == nil {
			os.RemoveAll(dir)
			lock.Close()
		}
	}
}
