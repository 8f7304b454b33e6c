// Package bootloader holds what every boot loader of an image needs: the facts
// about the disk it will find (System), the kernel command line, and the Boot
// Loader Specification entries in /boot/loader/entries
// (https://uapi-group.org/specifications/specs/boot_loader_specification, type 1).
//
// The loaders themselves are in sub-packages. None of them touches a device: they
// work on a root tree and on bytes that a partition will hold.
package bootloader

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/fimg/fimg/tree/inroot"
)

// FileSystem is one file system of the finished disk as a boot loader sees it.
type FileSystem struct {
	Type  string // btrfs, ext4, xfs, vfat
	UUID  string // as blkid prints it
	Label string
	// PartUUID identifies the partition; Number counts from 1.
	PartUUID string
	Number   int
	// Prefix is the path, within the file system, of the subvolume or
	// directory that the image mounts: "/root" for subvol=root, "" for the
	// top of the file system.
	Prefix string
}

// System is what the boot loader is installed for.
type System struct {
	Arch     string // machine name: x86_64, aarch64, ppc64le, s390x
	Firmware string // bios, efi, uefi, ofw, opal; empty for none
	GPT      bool   // else an MBR table
	BIOSBoot bool   // BIOS code is installed too

	Root FileSystem
	// Boot is the file system that holds /boot. It equals Root but for Prefix
	// when /boot is no partition of its own.
	Boot         FileSystem
	SeparateBoot bool

	Name        string // of the operating system, in menu titles
	Cmdline     string // kernel command line with the root parameter
	BootOptions string // rootflags and the like, appended by the loader
}

// KernelOptions is the whole kernel command line.
func (s *System) KernelOptions() string {
	return strings.TrimSpace(s.Cmdline + " " + s.BootOptions)
}

// BootPath is where a loader that reads the boot file system finds name below
// /boot.
func (s *System) BootPath(name string) string {
	return path.Join("/", s.Boot.Prefix, name)
}

// Command is a program of the image to run inside its root.
type Command = inroot.Command

// Run runs a program of the image inside its root.
type Run = inroot.Run

// Disk describes the image's disk to Cmdline.
type Disk struct {
	RootUUID, RootLabel, RootPartUUID string
	Persistency                       string // by-uuid (also ""), by-label, by-partuuid
	Overlay                           bool   // read-only root below an overlay
	OverlayWrite                      string // device of the write partition
	RootSubvolume                     string // when it is not the default subvolume
	MDRaid                            bool
}

var rootParameter = regexp.MustCompile(`(^|\s)root=\S+`)

// RootParameter is the root= word of the kernel command line.
func (d Disk) RootParameter() string {
	switch {
	case d.Overlay:
		return "root=overlay:PARTUUID=" + d.RootPartUUID
	case d.Persistency == "by-label":
		return "root=LABEL=" + d.RootLabel
	case d.Persistency == "by-partuuid":
		return "root=PARTUUID=" + d.RootPartUUID
	}
	return "root=UUID=" + d.RootUUID
}

// Cmdline joins the description's kernel command line with the root parameter,
// unless it names a root itself.
func (d Disk) Cmdline(described string) string {
	words := []string{strings.TrimSpace(described)}
	if d.OverlayWrite != "" {
		words = append(words, "rd.root.overlay.write="+d.OverlayWrite)
	}
	if !rootParameter.MatchString(described) {
		words = append(words, d.RootParameter())
	}
	words = slices.DeleteFunc(words, func(w string) bool { return w == "" })
	return strings.Join(words, " ")
}

// BootOptions are the words that belong to the file system rather than to the
// description.
func (d Disk) BootOptions() string {
	var words []string
	if d.MDRaid {
		words = append(words, "rd.auto")
	}
	if d.RootSubvolume != "" {
		words = append(words, "rootflags=subvol="+d.RootSubvolume)
	}
	return strings.Join(words, " ")
}
