package sysusers

import (
	"errors"
	"os"

	"github.com/fimg/fimg/tree/rootfs"
)

// replace writes a file beside its place and renames it there.
func replace(root *rootfs.Root, name, content string, mode uint32) error {
	temp := name + ".sysusers"
	root.Remove(temp)
	f, err := root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(content)
	err = errors.Join(err, f.Chmod(os.FileMode(mode)), f.Close())
	if err == nil {
		err = root.Rename(temp, name)
	}
	if err != nil {
		root.Remove(temp)
	}
	return err
}
