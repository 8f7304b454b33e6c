// Package grub sets up GRUB 2 in a root tree and on a disk: configuration and
// modules below /boot, the EFI system partition's files, and the BIOS and PReP
// boot code, placed by our own code where grub2-install would ask the firmware's
// view of a device. Formats: GRUB manual, chapters "BIOS installation" and
// "Embedded configuration"; the boot sector fields are those of boot.S.
//
// The core image itself is made by the image's own grub2-mkimage and grub.cfg by
// its own grub2-mkconfig, told about the disk by stand-ins for grub2-probe and
// grub2-mkrelpath. Not here: Xen, and the shim-install tool of other families.
package grub

import (
	"fmt"
	"strings"

	"github.com/fimg/fimg/bootloader"
	"github.com/fimg/fimg/tree/rootfs"
)

// Options are the choices the description makes about the menu.
type Options struct {
	Timeout         *int   // seconds; nil is 10
	TimeoutStyle    string // menu, hidden, countdown
	OutputConsole   string // "serial console"; empty follows grub's default
	InputConsole    string
	SerialLine      string // a complete "serial …" command
	GfxMode         string // empty is auto
	Theme           string
	Distributor     string // name in menu titles; empty leaves the distribution's
	NoBLS           bool   // the description switches Boot Loader Specification entries off
	TrustedBoot     bool   // what SUSE's tools read is told that the machine has a TPM
	Persistency     string // by-uuid, by-label, by-partuuid
	RelativeDefault bool   // btrfs paths are relative to the default subvolume
	Environment     []string
}

// Dir returns the name of GRUB's directory below /boot.
func Dir(root *rootfs.Root) string {
	if _, ok := root.Program("grub2-install"); ok {
		return "grub2"
	}
	if root.IsDir("boot/grub2") {
		return "grub2"
	}
	return "grub"
}

// EarlyConfig is the configuration a core image or an EFI loader reads first: it
// finds the boot file system and passes on to grub.cfg there.
func EarlyConfig(sys *bootloader.System, dir string, opts *Options) string {
	var b strings.Builder
	if opts.RelativeDefault {
		b.WriteString("set btrfs_relative_path=\"yes\"\n")
	}
	prefix := sys.BootPath(dir)
	if opts.RelativeDefault {
		prefix = "/boot/" + dir
	}
	fmt.Fprintf(&b, "search --no-floppy --fs-uuid --set=root %s\n", sys.Boot.UUID)
	fmt.Fprintf(&b, "set prefix=($root)%s\n", prefix)
	fmt.Fprintf(&b, "configfile ($root)%s/grub.cfg\n", prefix)
	return b.String()
}
