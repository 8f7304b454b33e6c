package ext4

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/fimg/fimg/internal/treetest"
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
	return treetest.Image(t, o.Size, func(f *os.File) error { return Write(context.Background(), f, src, o) })
}
