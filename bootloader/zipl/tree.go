package zipl

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/fimg/fimg/bootloader"
	"github.com/fimg/fimg/tree/rootfs"
)

// Entry is a loader entry: the files are named below /boot.
type Entry struct {
	Kernel, Initrd string // "" is no initial RAM disk
	Parameters     string
}

// Setup is what Prepare found in a tree for Install.
type Setup struct {
	Entries []Entry // the first is started
	Stage3  []byte
}

// ErrNoStage3 says that the image has no package with zipl's loader.
var ErrNoStage3 = errors.New("the image has no stage3.bin of s390-tools")

// Kernel is what Prepare makes an entry for.
type Kernel struct {
	Version string
	Image   string // file in /boot
	Initrd  string // file in /boot, which may be made later; "" for none
}

// Prepare writes the loader entry of a kernel and reserves the boot map in the
// tree. The entry is the one that the kernel's installation made, else the first that
// is there, else one named after the system's ID in os-release.
func Prepare(root *rootfs.Root, sys *bootloader.System, kernel Kernel, title string) (*Setup, error) {
	s := &Setup{}
	var err error
	if s.Stage3, err = readStage3(root); err != nil {
		return nil, fmt.Errorf("set up zipl: %w", err)
	}
	own := bootloader.EntriesDir + "/" + system(root) + "-" + kernel.Version + ".conf"
	if there := bootloader.Entries(root); len(there) > 0 {
		own = there[max(0, slices.IndexFunc(there, func(name string) bool { return names(root, name, kernel.Image) }))]
	}
	if err := writeEntry(root, own, title, Entry{kernel.Image, kernel.Initrd, sys.KernelOptions()}); err != nil {
		return nil, fmt.Errorf("set up zipl: %w", err)
	}
	if s.Entries, err = readEntries(root, own); err != nil {
		return nil, fmt.Errorf("set up zipl: %w", err)
	}
	if err := root.WriteFile("boot/"+Bootmap, bytes.Repeat([]byte{0xff}, int(Size(len(s.Entries)))), 0o600); err != nil {
		return nil, fmt.Errorf("set up zipl: reserve boot map: %w", err)
	}
	return s, nil
}

// names tells whether an entry starts a kernel.
func names(root *rootfs.Root, entry, kernel string) bool {
	text, err := root.ReadFile(entry)
	return err == nil && parseEntry(string(text)).Kernel == kernel
}

// system is the ID in os-release(5).
func system(root *rootfs.Root) string {
	text, _ := root.ReadFile("etc/os-release")
	for line := range strings.Lines(string(text)) {
		if id, ok := strings.CutPrefix(strings.TrimSpace(line), "ID="); ok {
			return strings.ReplaceAll(strings.Trim(id, `"'`), "/", "-")
		}
	}
	return "linux"
}

// writeEntry writes a loader entry; zipl finds its files from the root of the
// running system, whatever file system they are on.
func writeEntry(root *rootfs.Root, name, title string, e Entry) error {
	text := fmt.Sprintf("title %s\noptions %s\nlinux /boot/%s\n", title, e.Parameters, e.Kernel)
	if e.Initrd != "" {
		text += "initrd /boot/" + e.Initrd + "\n"
	}
	if err := root.MkdirAll(bootloader.EntriesDir, 0o755); err != nil {
		return err
	}
	return root.WriteFile(name, []byte(text), 0o644)
}

// readEntries reads every entry of the image: first the one to start, then the
// others, the newest first.
func readEntries(root *rootfs.Root, first string) ([]Entry, error) {
	names := bootloader.Entries(root)
	slices.Reverse(names)
	names = append([]string{first}, slices.DeleteFunc(names, func(n string) bool { return n == first })...)
	var list []Entry
	for _, name := range names {
		text, err := root.ReadFile(name)
		if err != nil {
			return nil, err
		}
		if e := parseEntry(string(text)); e.Kernel != "" && root.IsFile("boot/"+e.Kernel) && len(list) < MaxPrograms {
			list = append(list, e)
		}
	}
	if len(list) == 0 {
		return nil, errors.New("no loader entry names a kernel in /boot")
	}
	return list, nil
}

func parseEntry(text string) (e Entry) {
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		value = strings.TrimSpace(value)
		switch key {
		case "linux":
			e.Kernel = path.Base(value)
		case "initrd":
			e.Initrd = path.Base(value)
		case "options":
			e.Parameters = value
		}
	}
	return e
}

func readStage3(root *rootfs.Root) ([]byte, error) {
	for _, name := range stage3Paths {
		if raw, err := root.ReadFile(name); err == nil {
			return unsigned(raw), nil
		}
	}
	return nil, ErrNoStage3
}

// signatureMagic ends a file that carries a signature, as kernel modules do
// (scripts/sign-file.c): before it stand twelve bytes, the last four of them the
// length of the signature before those.
const signatureMagic = "~Module signature appended~\n"

// unsigned cuts a signature off a file.
func unsigned(raw []byte) []byte {
	const trailer = 12
	body, found := bytes.CutSuffix(raw, []byte(signatureMagic))
	if !found || len(body) < trailer {
		return raw
	}
	size := int64(binary.BigEndian.Uint32(body[len(body)-4:]))
	if size > int64(len(body)-trailer) {
		return raw
	}
	return body[:int64(len(body)-trailer)-size]
}
