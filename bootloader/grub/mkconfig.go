package grub

import (
	"context"
	"errors"
	"fmt"
	"path"
	"regexp"
	"strings"

	"github.com/fimg/fimg/bootloader"
	"github.com/fimg/fimg/tree/rootfs"
)

// ErrNoMkconfig says that the image has no tool to make grub.cfg with.
var ErrNoMkconfig = errors.New("grub2-mkconfig is not in the image: install grub2-tools")

// WriteConfig makes /boot/grub2/grub.cfg with the image's own grub2-mkconfig and
// completes the loader entries.
//
// grub2-mkconfig asks grub2-probe and grub2-mkrelpath about the devices behind /
// and /boot, which do not exist yet: stand-ins answer from what the disk will be.
func WriteConfig(ctx context.Context, root *rootfs.Root, sys *bootloader.System, run bootloader.Run) error {
	dir := Dir(root)
	tool, ok := firstProgram(root, dir+"-mkconfig", "grub2-mkconfig", "grub-mkconfig")
	if !ok {
		return fmt.Errorf("write grub.cfg: %w", ErrNoMkconfig)
	}
	if err := root.MkdirAll("boot/"+dir, 0o755); err != nil {
		return fmt.Errorf("write grub.cfg: %w", err)
	}
	cmd := bootloader.Command{
		Args:    []string{tool, "-o", "/boot/" + dir + "/grub.cfg"},
		Env:     []string{"GRUB_DISABLE_OS_PROBER=true"},
		Overlay: standIns(root, sys, dir),
		Subject: path.Base(tool),
	}
	if err := run(ctx, cmd); err != nil {
		return fmt.Errorf("write grub.cfg: %w", err)
	}
	return fixConfig(root, sys, dir)
}

func firstProgram(root *rootfs.Root, names ...string) (string, bool) {
	for _, n := range names {
		if p, ok := root.Program(n); ok {
			return p, true
		}
	}
	return "", false
}

// fixConfig replaces the root device the tool guessed and completes the entries.
func fixConfig(root *rootfs.Root, sys *bootloader.System, dir string) error {
	name := "boot/" + dir + "/grub.cfg"
	text, err := root.ReadFile(name)
	if err != nil {
		return fmt.Errorf("read grub.cfg: %w", err)
	}
	if word := rootParameterOf(sys.Cmdline); word != "" {
		text = []byte(guessedRoot.ReplaceAllLiteralString(string(text), word))
	}
	if err := root.WriteFile(name, text, 0o600); err != nil {
		return fmt.Errorf("write grub.cfg: %w", err)
	}
	if sys.SeparateBoot {
		if err := root.Symlink(".", "boot/boot"); err != nil {
			return fmt.Errorf("link /boot/boot: %w", err)
		}
	}
	return bootloader.FixEntries(root, sys)
}

var guessedRoot = regexp.MustCompile(`root=(UUID|LABEL|PARTUUID|PARTLABEL)=[0-9A-Za-z_.-]+|root=/dev/\S+`)

func rootParameterOf(cmdline string) string {
	for _, w := range strings.Fields(cmdline) {
		if strings.HasPrefix(w, "root=") {
			return w
		}
	}
	return ""
}

// standIns are the two tools' replacements, at the paths of the originals.
func standIns(root *rootfs.Root, sys *bootloader.System, dir string) map[string][]byte {
	files := map[string][]byte{}
	for name, text := range map[string]string{"probe": probeScript(sys), "mkrelpath": relpathScript(sys)} {
		if p, ok := firstProgram(root, dir+"-"+name, "grub2-"+name, "grub-"+name); ok {
			files[p] = []byte(text)
		}
	}
	return files
}

// probeScript answers as grub2-probe would on the running system.
func probeScript(sys *bootloader.System) string {
	partmap := map[bool]string{true: "gpt", false: "msdos"}[sys.GPT]
	var b strings.Builder
	b.WriteString("#!/bin/sh\ntarget=fs; next=; what=/\n")
	b.WriteString("for a in \"$@\"; do\n  if [ -n \"$next\" ]; then target=$a; next=; continue; fi\n")
	b.WriteString("  case $a in\n    --target=*) target=${a#--target=} ;;\n    -t) next=1 ;;\n    -*) ;;\n    *) what=$a ;;\n  esac\ndone\n")
	fmt.Fprintf(&b, "case $what in\n  /boot|/boot/*|/dev/disk/by-partuuid/%s)\n%s  ;;\n  *)\n%s  ;;\nesac\n",
		sys.Boot.PartUUID, answers(&sys.Boot), answers(&sys.Root))
	b.WriteString("case $target in\n  device) echo /dev/disk/by-partuuid/$part ;;\n  fs) echo $fs ;;\n")
	b.WriteString("  fs_uuid) echo $uuid ;;\n  fs_label) echo \"$label\" ;;\n  partuuid) echo $part ;;\n")
	fmt.Fprintf(&b, "  partmap) echo %s ;;\n", partmap)
	fmt.Fprintf(&b, "  drive) echo \"(hd0,%s$number)\" ;;\n  disk) echo /dev/disk ;;\n", partmap)
	b.WriteString("  compatibility_hint|bios_hints|efi_hints|baremetal_hints|ieee1275_hints|arc_hints|hints_string|abstraction|cryptodisk_uuid) ;;\n")
	b.WriteString("  *) exit 1 ;;\nesac\n")
	return b.String()
}

func answers(fs *bootloader.FileSystem) string {
	return fmt.Sprintf("    fs=%s; uuid=%s; label=%s; part=%s; number=%d\n",
		grubName(fs.Type), fs.UUID, shellWord(fs.Label), fs.PartUUID, fs.Number)
}

// grubName is the module that reads a file system.
func grubName(fs string) string {
	switch fs {
	case "ext2", "ext3", "ext4":
		return "ext2"
	case "vfat", "fat16", "fat32":
		return "fat"
	}
	return fs
}

// relpathScript answers as grub2-mkrelpath would: the path within the file
// system that holds the argument, seen from its top.
func relpathScript(sys *bootloader.System) string {
	boot := path.Join("/", sys.Boot.Prefix)
	root := path.Join("/", sys.Root.Prefix)
	var b strings.Builder
	b.WriteString("#!/bin/sh\nfor a in \"$@\"; do p=$a; done\n")
	b.WriteString("p=$(readlink -m -- \"$p\" 2>/dev/null || echo \"$p\")\n")
	fmt.Fprintf(&b, "case $p in\n  /boot|/boot/*) r=%s${p#/boot} ;;\n", shellWord(strings.TrimSuffix(boot, "/")))
	fmt.Fprintf(&b, "  *) r=%s$p ;;\nesac\n", shellWord(strings.TrimSuffix(root, "/")))
	b.WriteString("echo \"${r:-/}\"\n")
	return b.String()
}

func shellWord(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
