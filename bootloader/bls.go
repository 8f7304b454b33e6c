package bootloader

import (
	"fmt"
	"path"
	"strings"

	"github.com/fimg/fimg/tree/rootfs"
)

// EntriesDir is where an image keeps its Boot Loader Specification entries.
const EntriesDir = "boot/loader/entries"

// Entries returns the paths of the image's entries in order.
func Entries(root *rootfs.Root) []string { return root.Glob(EntriesDir + "/*.conf") }

// FixEntries gives every entry the image's kernel command line and the paths
// under which the boot loader finds kernel and initrd.
func FixEntries(root *rootfs.Root, sys *System) error {
	for _, name := range Entries(root) {
		text, err := root.ReadFile(name)
		if err != nil {
			return fmt.Errorf("read boot entry: %w", err)
		}
		if err := root.WriteFile(name, []byte(fixEntry(string(text), sys)), 0o644); err != nil {
			return fmt.Errorf("write boot entry: %w", err)
		}
	}
	return nil
}

func fixEntry(text string, sys *System) string {
	var out strings.Builder
	for _, line := range strings.SplitAfter(text, "\n") {
		body := strings.TrimRight(line, "\n")
		key, value, _ := strings.Cut(strings.TrimLeft(body, " \t"), " ")
		switch key {
		case "options":
			body = "options " + sys.KernelOptions()
		case "linux", "initrd", "devicetree":
			body = key + " " + fixPaths(value, sys)
		}
		out.WriteString(body + line[len(strings.TrimRight(line, "\n")):])
	}
	return out.String()
}

// fixPaths maps each file named in an entry into the boot file system. Words
// that are no path (grub's $tuned_initrd) stay.
func fixPaths(value string, sys *System) string {
	words := strings.Fields(value)
	for i, w := range words {
		if strings.Contains(w, "/") {
			words[i] = sys.BootPath(path.Base(w))
		}
	}
	return strings.Join(words, " ")
}
