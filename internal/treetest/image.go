package treetest

import (
	"io"
	"os"
	"path/filepath"
	"testing"
)

// Image has a file system of size bytes written into a new sparse file.
func Image(t testing.TB, size int64, write func(*os.File) error) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "fs.img")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Truncate(size); err != nil {
		t.Fatal(err)
	}
	if err := write(f); err != nil {
		t.Fatal(err)
	}
	return name
}

// Opened is the file system in an image, open until the test ends.
func Opened[F any](t testing.TB, image string, open func(io.ReaderAt, int64) (F, error)) F {
	t.Helper()
	f, err := os.Open(image)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	fs, err := open(f, info.Size())
	if err != nil {
		t.Fatal(err)
	}
	return fs
}
