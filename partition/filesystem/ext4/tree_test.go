package ext4

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/fimg/fimg/seed"
	"github.com/fimg/fimg/tree"
)

func options(kind string, size int64, features ...string) Options {
	ids := seed.New("test")
	return Options{Kind: kind, Size: size, Label: "root", UUID: ids.UUID("fs"), HashSeed: ids.UUID("hash"),
		Time: time.Unix(1700000000, 0), Features: features}
}

// image writes a tree into a new sparse file.
func image(t testing.TB, src tree.Tree, o Options) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "fs.img")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Truncate(o.Size); err != nil {
		t.Fatal(err)
	}
	if err := Write(context.Background(), f, src, o); err != nil {
		t.Fatal(err)
	}
	return name
}
