package tempdir

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
)

func TestMake(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	left := filepath.Join(os.TempDir(), "a-1", "b")
	if err := os.MkdirAll(left, 0o700); err != nil {
		t.Fatal(err)
	}
	dir, remove, err := Make("a")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(left); err == nil {
		t.Error("what a killed program left is still there")
	}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 100 {
				dir, remove, err := Make("a")
				if err == nil {
					err = os.WriteFile(filepath.Join(dir, "x"), nil, 0o600)
				}
				if err != nil {
					t.Error(err)
					return
				}
				remove()
			}
		})
	}
	group.Wait()
	if _, err := os.Lstat(dir); err != nil {
		t.Errorf("a directory in use: %v", err)
	}
	remove()
	if list, err := os.ReadDir(os.TempDir()); err != nil || len(list) > 0 {
		t.Errorf("left: %v, %v", list, err)
	}
}
