package brief

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file")
	fd, err := Openat(unix.AT_FDCWD, name, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL, 0o640)
	if err != nil {
		t.Fatal(err)
	}
	content := bytes.Repeat([]byte("x"), MaxWrite+1)
	n, err := Write(fd, content)
	if err != nil || n != MaxWrite {
		t.Errorf("Write = %d, %v", n, err)
	}
	if n, err := Write(fd, nil); n != 0 || err != nil {
		t.Errorf("Write of nothing = %d, %v", n, err)
	}
	if err := Futimens(fd, &[2]unix.Timespec{{Sec: 1}, {Sec: 1700000000}}); err != nil {
		t.Error(err)
	}
	if err := Close(fd); err != nil {
		t.Error(err)
	}
	info, err := os.Stat(name)
	if err != nil || info.Size() != MaxWrite || !info.ModTime().Equal(time.Unix(1700000000, 0)) {
		t.Errorf("%v, %v", info, err)
	}
}

func TestErrors(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file")
	if _, err := Openat(unix.AT_FDCWD, name, unix.O_RDONLY, 0); err != unix.ENOENT {
		t.Errorf("a missing file: %v", err)
	}
	if _, err := Openat(unix.AT_FDCWD, "a\x00b", unix.O_RDONLY, 0); err != unix.EINVAL {
		t.Errorf("a name with a zero byte: %v", err)
	}
	if _, err := Write(-1, []byte{1}); err != unix.EBADF {
		t.Errorf("Write: %v", err)
	}
	if err := Close(-1); err != unix.EBADF {
		t.Errorf("Close: %v", err)
	}
	if err := Futimens(-1, &[2]unix.Timespec{}); err != unix.EBADF {
		t.Errorf("Futimens: %v", err)
	}
}
