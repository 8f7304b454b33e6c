package btrfs_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/fimg/fimg/partition/filesystem/btrfs"
	"github.com/fimg/fimg/seed"
	"github.com/fimg/fimg/tree"
)

// A file system is written from a tree: of a directory (tree.Dir), or one made in
// memory. The file is sparse, and the same each time.
func ExampleWrite() {
	etc := tree.NewMem()
	etc.MkdirAll("etc")
	etc.Add(tree.Node{Path: "etc/hostname", Mode: tree.TypeFile | 0o644}, []byte("cloud\n"))

	out, err := os.CreateTemp("", "btrfs")
	if err != nil {
		log.Fatal(err)
	}
	defer os.Remove(out.Name())
	defer out.Close()

	s := seed.New("my image", "1.0")
	opts := btrfs.Options{Size: 256 << 20, UUID: s.UUID("root"), Seed: s,
		Compression: btrfs.Compression{Algo: btrfs.ZSTD, Level: 1}, Root: "root", RootDefault: true}
	if err := out.Truncate(opts.Size); err != nil {
		log.Fatal(err)
	}
	res, err := btrfs.Write(context.Background(), out, etc, opts)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(res.Inodes, "inodes,", res.DataBytes, "bytes outside of the metadata")
	// Output: 4 inodes, 0 bytes outside of the metadata
}
