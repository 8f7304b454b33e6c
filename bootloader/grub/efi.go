package grub

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"sort"
	"strings"

	"github.com/fimg/fimg/bootloader"
	"github.com/fimg/fimg/tree/rootfs"
)

// ESP is where the EFI system partition is mounted in the image.
const ESP = "boot/efi"

// efiSuffix is the name the UEFI specification (section 3.5.1.1) gives to an
// architecture in boot file names.
var efiSuffix = map[string]string{
	"x86_64": "x64", "i686": "ia32", "ix86": "ia32", "aarch64": "aa64", "riscv64": "riscv64", "armv7l": "arm",
}

// ErrNoLoader says that the package set brought no EFI loader.
var ErrNoLoader = errors.New("no signed grub in the image: install grub2-efi and shim")

// InstallEFI completes the EFI system partition's tree below /boot/efi: the
// removable-media loader in EFI/BOOT and the early configuration beside every
// loader.
func InstallEFI(root *rootfs.Root, sys *bootloader.System, opts *Options) error {
	suffix, ok := efiSuffix[sys.Arch]
	if !ok {
		return fmt.Errorf("install efi loader: no EFI name for architecture %s", sys.Arch)
	}
	if err := root.MkdirAll(ESP+"/EFI/BOOT", 0o700); err != nil {
		return fmt.Errorf("install efi loader: %w", err)
	}
	if err := copyLoaders(root, suffix); err != nil {
		return err
	}
	early := []byte(EarlyConfig(sys, Dir(root), opts))
	for _, dir := range configDirs(root) {
		if err := root.WriteFile(dir+"/grub.cfg", early, 0o600); err != nil {
			return fmt.Errorf("write early configuration: %w", err)
		}
	}
	return nil
}

// copyLoaders puts shim, grub and MokManager under the names firmware looks for
// on removable media. Without shim grub itself takes the first place.
func copyLoaders(root *rootfs.Root, suffix string) error {
	grub, ok := shortest(root, "grub"+suffix+".efi")
	if !ok {
		return fmt.Errorf("install efi loader: %w", ErrNoLoader)
	}
	wanted := map[string]string{"boot" + suffix + ".efi": grub}
	if shim, ok := shortest(root, "shim"+suffix+".efi"); ok {
		wanted["boot"+suffix+".efi"] = shim
		wanted["grub"+suffix+".efi"] = grub
	}
	if mok, ok := shortest(root, "mm"+suffix+".efi"); ok {
		wanted["mm"+suffix+".efi"] = mok
	}
	for name, from := range wanted {
		if err := copyUnlessThere(root, from, ESP+"/EFI/BOOT", name); err != nil {
			return fmt.Errorf("install efi loader: %w", err)
		}
	}
	return nil
}

// shortest finds a loader where distributions keep them, the shortest path first.
func shortest(root *rootfs.Root, name string) (string, bool) {
	var found []string
	for _, dir := range []string{ESP + "/EFI/*", "usr/share/efi/*", "usr/lib64/efi", "usr/lib/efi/*/*/EFI/*"} {
		found = append(found, root.Glob(dir+"/"+name)...)
	}
	found = slicesDelete(found, func(p string) bool { return strings.Contains(p, "/EFI/BOOT/") })
	sort.SliceStable(found, func(i, j int) bool { return len(found[i]) < len(found[j]) })
	if len(found) == 0 {
		return "", false
	}
	return found[0], true
}

func slicesDelete(list []string, drop func(string) bool) []string {
	kept := list[:0]
	for _, s := range list {
		if !drop(s) {
			kept = append(kept, s)
		}
	}
	return kept
}

// copyUnlessThere copies a file unless the directory has the name in any case,
// which is the same name on FAT.
func copyUnlessThere(root *rootfs.Root, from, dir, name string) error {
	names, err := root.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, n := range names {
		if strings.EqualFold(n, name) {
			return nil
		}
	}
	return root.Copy(from, path.Join(dir, name))
}

// configDirs are the directories of the ESP from which a loader may start.
func configDirs(root *rootfs.Root) []string {
	dirs := []string{ESP + "/EFI/BOOT"}
	seen := map[string]bool{dirs[0]: true}
	for _, p := range append(root.Glob(ESP+"/EFI/*/shim*.efi"), root.Glob(ESP+"/EFI/*/grub*.efi")...) {
		if d := path.Dir(p); !seen[d] {
			seen[d] = true
			dirs = append(dirs, d)
		}
	}
	return dirs
}
