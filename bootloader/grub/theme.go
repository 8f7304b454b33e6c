package grub

import (
	"context"
	"fmt"
	"path"

	"golang.org/x/sys/unix"

	"github.com/fimg/fimg/bootloader"
	"github.com/fimg/fimg/tree/rootfs"
)

func themeDir(root *rootfs.Root, theme string) string {
	return path.Join("boot", Dir(root), "themes", path.Join("/", theme))
}

// HasTheme tells whether a theme is where grub.cfg looks for it.
func HasTheme(root *rootfs.Root, theme string) bool { return root.IsDir(themeDir(root, theme)) }

// InstallTheme puts the menu's theme where grub.cfg looks for it, unless a package
// did. It tells whether there is such a theme.
func InstallTheme(root *rootfs.Root, theme string) (bool, error) {
	dir, to := Dir(root), themeDir(root, theme)
	if HasTheme(root, theme) {
		return true, nil
	}
	for _, from := range []string{"usr/share/" + dir, "usr/share/grub", "usr/lib/" + dir, "usr/lib/grub"} {
		if from = path.Join(from, "themes", path.Join("/", theme)); !root.IsDir(from) {
			continue
		}
		if err := copyTree(root, from, to); err != nil {
			return false, fmt.Errorf("install grub theme %s: %w", theme, err)
		}
		return true, nil
	}
	return false, nil
}

// copyTree copies directories and files; links are not part of a theme.
func copyTree(root *rootfs.Root, from, to string) error {
	st, err := root.Lstat(from)
	if err != nil {
		return err
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		return root.Copy(from, to)
	case unix.S_IFDIR:
	default:
		return nil
	}
	if err := root.MkdirAll(to, 0o755); err != nil {
		return err
	}
	names, err := root.ReadDir(from)
	if err != nil {
		return err
	}
	for _, n := range names {
		if err := copyTree(root, path.Join(from, n), path.Join(to, n)); err != nil {
			return err
		}
	}
	return nil
}

// SetEnvironment stores variables (NAME=VALUE) in the environment block that
// grub.cfg reads, with the image's own tool.
func SetEnvironment(ctx context.Context, root *rootfs.Root, variables []string, run bootloader.Run) error {
	if len(variables) == 0 {
		return nil
	}
	tool, ok := firstProgram(root, "grub2-editenv", "grub-editenv")
	if !ok {
		return fmt.Errorf("set grub environment: the image has no grub2-editenv")
	}
	if err := run(ctx, bootloader.Command{Args: append([]string{tool, "-", "set"}, variables...), Subject: "grub2-editenv"}); err != nil {
		return fmt.Errorf("set grub environment: %w", err)
	}
	return nil
}
