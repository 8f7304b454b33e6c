package formats

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// create makes the file of an output. Where the file system has files without a name
// it has none until it is whole: nothing is left of a program that is killed.
func (b *begun) create() (err error) {
	if b.file = nameless(b.Path); b.file != nil {
		return nil
	}
	if b.file, err = os.CreateTemp(filepath.Dir(b.Path), ".fimg-*-"+filepath.Base(b.Path)); err != nil {
		return err
	}
	b.temporary = b.file.Name()
	return nil
}

// nameless makes a file without a name that can be given one, as another shows; nil
// where there is none.
func nameless(name string) *os.File {
	probe := begun{Output: Output{Path: name}, file: openNameless(name)}
	if probe.file == nil {
		return nil
	}
	defer probe.file.Close()
	if err := probe.link(); err != nil {
		return nil
	}
	os.Remove(probe.temporary)
	return openNameless(name)
}

func openNameless(name string) *os.File {
	fd, err := unix.Open(filepath.Dir(name), unix.O_TMPFILE|unix.O_RDWR|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return nil
	}
	return os.NewFile(uintptr(fd), name)
}

// link gives a file a temporary name, from which it can take the place of another.
func (b *begun) link() error {
	if b.temporary != "" {
		return nil
	}
	from := fmt.Sprintf("/proc/self/fd/%d", b.file.Fd())
	to := filepath.Join(filepath.Dir(b.Path), fmt.Sprintf(".fimg-%d-%s", os.Getpid(), filepath.Base(b.Path)))
	err := unix.Linkat(unix.AT_FDCWD, from, unix.AT_FDCWD, to, unix.AT_SYMLINK_FOLLOW)
	if err == unix.EEXIST { // of a killed program with the same number
		os.Remove(to)
		err = unix.Linkat(unix.AT_FDCWD, from, unix.AT_FDCWD, to, unix.AT_SYMLINK_FOLLOW)
	}
	if err == nil {
		b.temporary = to
	}
	return err
}
