package grub

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/fimg/fimg/bootloader"
	"github.com/fimg/fimg/tree/rootfs"
)

// Platform is GRUB's name of a target and the directory of its modules.
type Platform string

// The platforms fimg installs boot code for.
const (
	PC       Platform = "i386-pc"
	PowerPC  Platform = "powerpc-ieee1275"
	EFIx64   Platform = "x86_64-efi"
	EFIARM64 Platform = "arm64-efi"
)

// base are the modules every core image carries, so that it reads any root file
// system and the menu works without loading anything; a module that the image's
// GRUB does not have is left out.
var base = strings.Fields(`ext2 iso9660 linux echo configfile search_label search_fs_file
	search search_fs_uuid ls normal gzio png fat gettext font minicmd gfxterm gfxmenu all_video
	xfs btrfs squash4 lvm luks gcry_rijndael gcry_sha256 gcry_sha512 crypto cryptodisk test true
	loadenv`)

var extra = map[Platform][]string{
	PC:      {"multiboot", "part_gpt", "part_msdos", "biosdisk", "vga", "vbe", "chain", "boot"},
	PowerPC: {"part_gpt", "part_msdos", "boot"},
}

// ErrNoModules says that the modules of a platform are not in the image.
var ErrNoModules = errors.New("modules are not in the image")

// ModulesDir returns where the image keeps a platform's modules.
func ModulesDir(root *rootfs.Root, p Platform) (string, bool) {
	return root.First("usr/lib/grub/"+string(p), "usr/lib/grub2/"+string(p), "usr/share/grub2/"+string(p))
}

// InstallModules copies a platform's modules and the menu font below /boot, as
// grub2-install does.
func InstallModules(root *rootfs.Root, p Platform) error {
	from, ok := ModulesDir(root, p)
	if !ok {
		return fmt.Errorf("install grub modules for %s: %w", p, ErrNoModules)
	}
	to := path.Join("boot", Dir(root), string(p))
	if err := root.MkdirAll(to, 0o755); err != nil {
		return fmt.Errorf("install grub modules: %w", err)
	}
	names, err := root.ReadDir(from)
	if err != nil {
		return fmt.Errorf("install grub modules: %w", err)
	}
	for _, n := range names {
		if keep := strings.HasSuffix(n, ".mod") || strings.HasSuffix(n, ".lst"); !keep {
			continue
		}
		if err := root.Copy(path.Join(from, n), path.Join(to, n)); err != nil {
			return fmt.Errorf("install grub modules: %w", err)
		}
	}
	return nil
}

// InstallFont copies the menu font to where grub.cfg looks for it, when the image
// has it.
func InstallFont(root *rootfs.Root) error {
	dir := Dir(root)
	font, ok := root.First("usr/share/"+dir+"/unicode.pf2", "usr/share/grub/unicode.pf2", "usr/lib/"+dir+"/unicode.pf2")
	if !ok {
		return nil
	}
	fonts := "boot/" + dir + "/fonts"
	if err := root.MkdirAll(fonts, 0o755); err != nil {
		return fmt.Errorf("install grub font: %w", err)
	}
	if err := root.Copy(font, fonts+"/unicode.pf2"); err != nil {
		return fmt.Errorf("install grub font: %w", err)
	}
	return nil
}

// CoreImage makes the core image of a platform with the image's grub2-mkimage
// and leaves it beside the modules in /boot, where grub2-install leaves it too.
func CoreImage(ctx context.Context, root *rootfs.Root, sys *bootloader.System, p Platform, opts *Options, run bootloader.Run) ([]byte, error) {
	modules, ok := ModulesDir(root, p)
	if !ok {
		return nil, fmt.Errorf("make core image for %s: %w", p, ErrNoModules)
	}
	dir := path.Join("boot", Dir(root), string(p))
	name := map[Platform]string{PowerPC: "core.elf"}[p]
	if name == "" {
		name = "core.img"
	}
	early := path.Join(dir, "load.cfg")
	if err := root.WriteFile(early, []byte(EarlyConfig(sys, Dir(root), opts)), 0o644); err != nil {
		return nil, fmt.Errorf("make core image: %w", err)
	}
	tool, ok := firstProgram(root, "grub2-mkimage", "grub-mkimage")
	if !ok {
		return nil, errors.New("make core image: grub2-mkimage is not in the image: install grub2-tools-minimal")
	}
	args := []string{tool, "-d", "/" + modules, "-O", string(p), "-c", "/" + early,
		"-p", sys.BootPath(Dir(root)), "-o", "/" + path.Join(dir, name)}
	cmd := bootloader.Command{Args: append(args, available(root, modules, p)...), Subject: path.Base(tool)}
	if err := run(ctx, cmd); err != nil {
		return nil, fmt.Errorf("make core image: %w", err)
	}
	return root.ReadFile(path.Join(dir, name))
}

// BootImage returns boot.img of the BIOS platform, leaving a copy beside the core
// image.
func BootImage(root *rootfs.Root) ([]byte, error) {
	modules, ok := ModulesDir(root, PC)
	if !ok {
		return nil, fmt.Errorf("read boot.img: %w", ErrNoModules)
	}
	to := path.Join("boot", Dir(root), string(PC), "boot.img")
	if err := root.Copy(path.Join(modules, "boot.img"), to); err != nil {
		return nil, fmt.Errorf("read boot.img: %w", err)
	}
	return root.ReadFile(to)
}

// available is the module list of a core image as far as the image has it.
func available(root *rootfs.Root, dir string, p Platform) []string {
	list := slices.Concat(base, extra[p])
	return slicesDelete(list, func(m string) bool { return !root.IsFile(path.Join(dir, m+".mod")) })
}
