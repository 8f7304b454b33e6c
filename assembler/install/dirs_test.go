package install

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/fimg/fimg/tree/rootfs"
)

// TestDirs makes files through directories that are kept open, more of them than
// are, and through one that was removed and made anew.
func TestDirs(t *testing.T) {
	root, err := rootfs.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	d := &dirs{root: root}
	defer d.forget()
	touch := func(dir string) error {
		h, err := d.open(dir)
		if err != nil {
			return err
		}
		defer h.close()
		fd, err := unix.Openat(h.fd, "file", unix.O_CREAT|unix.O_WRONLY|unix.O_CLOEXEC, 0o644)
		if err == nil {
			unix.Close(fd)
		}
		return err
	}
	for i := range maxOpenDirs + 10 {
		if err := touch("/usr/" + string(rune('a'+i%26)) + "/" + string(rune('a'+i/26)) + "/"); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.RemoveAll(filepath.Join(root.Dir(), "usr")); err != nil {
		t.Fatal(err)
	}
	d.forget()
	if err := touch("/usr/a/a/"); err != nil {
		t.Fatal(err)
	}
	if !root.IsFile("usr/a/a/file") {
		t.Error("the file is not where the path leads")
	}
}
