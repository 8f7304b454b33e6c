package treetest

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// Churn deletes, creates and rewrites in a mounted Odd tree of at least 20000 names,
// most of it in the large directory.
func Churn(t testing.TB, dir string) {
	t.Helper()
	for i := range 20000 {
		name := filepath.Join(dir, "many", fmt.Sprintf("name %d", i))
		var err error
		switch i % 5 {
		case 0, 1:
			err = os.Remove(name)
		case 2:
			err = os.WriteFile(name+" and more of it", []byte(name), 0o600)
		case 3:
			err = os.Rename(name, filepath.Join(dir, "tmp", fmt.Sprint(i)))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"pieces", "far", "x/shared1"} {
		if err := os.WriteFile(filepath.Join(dir, name), make([]byte, 3<<20), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.RemoveAll(filepath.Join(dir, "dirs")); err != nil {
		t.Fatal(err)
	}
}
