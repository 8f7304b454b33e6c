package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/fimg/fimg/partition/filesystem/fat"
	"github.com/fimg/fimg/tree"
)

// seedDisk makes a disk from which cloud-init takes its configuration (data
// source NoCloud: a FAT labelled CIDATA), so that one can log in to a cloud image
// that has no account of its own.
func seedDisk(ctx context.Context, dir, password string) (string, error) {
	const size = 2 << 20
	files := tree.NewMem()
	add := func(name, text string) {
		files.Add(tree.Node{Path: name, Mode: tree.TypeFile | 0o644}, []byte(text))
	}
	add("meta-data", "instance-id: fimg-boot\n")
	add("user-data", "#cloud-config\npreserve_hostname: true\ndisable_root: false\nssh_pwauth: true\nchpasswd:\n  expire: false\n  list: |\n    root:"+password+"\n")
	name := filepath.Join(dir, "cidata.img")
	f, err := os.Create(name)
	if err != nil {
		return "", fmt.Errorf("make seed disk: %w", err)
	}
	err = f.Truncate(size)
	if err == nil {
		err = fat.Write(ctx, f, files, fat.Options{Size: size, Label: "CIDATA", Serial: 0xf1a6})
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return "", fmt.Errorf("make seed disk: %w", err)
	}
	return name, nil
}
