package chroot

import (
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// Arch returns arch, or the host's architecture in rpm's terms when it is empty.
func Arch(arch string) string {
	if arch != "" {
		return arch
	}
	for name, a := range architectures {
		if a.goarch == runtime.GOARCH && a.main {
			return name
		}
	}
	return runtime.GOARCH
}

// architecture is how its executables begin: class (1: 32 bit, 2: 64 bit), byte
// order (1: little, 2: big) and e_machine of the ELF header.
type architecture struct {
	goarch       string
	main         bool
	class, order byte
	machine      uint16
}

var architectures = map[string]architecture{
	"x86_64":  {"amd64", true, 2, 1, 62},
	"i686":    {"386", true, 1, 1, 3},
	"aarch64": {"arm64", true, 2, 1, 183},
	"armv7hl": {"arm", true, 1, 1, 40},
	"ppc64le": {"ppc64le", true, 2, 1, 21},
	"s390x":   {"s390x", true, 2, 2, 22},
	"riscv64": {"riscv64", true, 2, 1, 243},
}

func find(arch string) (architecture, bool) {
	if base, _, ok := strings.Cut(arch, "_v"); ok {
		arch = base
	}
	switch arch {
	case "amd64":
		arch = "x86_64"
	case "i386", "i486", "i586":
		arch = "i686"
	case "arm64":
		arch = "aarch64"
	}
	a, ok := architectures[arch]
	return a, ok
}

// binfmtDir is where the kernel lists interpreters of foreign executables
// (linux/Documentation/admin-guide/binfmt-misc.rst).
const binfmtDir = "/proc/sys/fs/binfmt_misc"

// CheckArch tells whether programs of an architecture can run in the tree at
// root, natively or through an interpreter registered with the kernel. The error
// is a *CapabilityError. An empty root is one without interpreters of its own.
func CheckArch(arch, root string) error {
	if arch == "" || arch == "noarch" {
		return nil
	}
	a, ok := find(arch)
	if !ok {
		return &CapabilityError{Need: "running programs for " + arch, Err: fmt.Errorf("the architecture is not known")}
	}
	if a.goarch == runtime.GOARCH || a.goarch == "386" && runtime.GOARCH == "amd64" {
		return nil
	}
	return checkBinfmt(binfmtDir, arch, a, root)
}

func checkBinfmt(dir, arch string, a architecture, root string) error {
	need := "running programs for " + arch
	advice := "install qemu-user-static (or your distribution's qemu-user-binfmt), which registers an interpreter for " + arch
	files, _ := filepath.Glob(filepath.Join(dir, "*"))
	problem := fmt.Errorf("no interpreter is registered in %s", dir)
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		e := parseBinfmt(string(data))
		if !e.enabled || !e.matches(a) {
			continue
		}
		if strings.Contains(e.flags, "F") {
			return nil
		}
		if _, err := os.Stat(filepath.Join(root, e.interpreter)); root != "" && err == nil {
			return nil
		}
		problem = fmt.Errorf("the interpreter %s is registered without the flag F, so it is not found inside the tree", e.interpreter)
		advice = "register the interpreter with the flag F (fix binary)"
	}
	return &CapabilityError{Need: need, Err: problem, Advice: advice}
}

// binfmtEntry is one registered interpreter as its file shows it.
type binfmtEntry struct {
	enabled     bool
	interpreter string
	flags       string
	offset      int
	magic, mask []byte
}

func parseBinfmt(text string) binfmtEntry {
	var e binfmtEntry
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch key {
		case "enabled":
			e.enabled = true
		case "interpreter":
			e.interpreter = value
		case "flags:":
			e.flags = value
		case "offset":
			e.offset, _ = strconv.Atoi(value)
		case "magic":
			e.magic, _ = hex.DecodeString(value)
		case "mask":
			e.mask, _ = hex.DecodeString(value)
		}
	}
	return e
}

// matches tells whether the kernel would choose the entry for a dynamically
// linked executable of the architecture.
func (e binfmtEntry) matches(a architecture) bool {
	if len(e.magic) == 0 || e.offset != 0 {
		return false
	}
	header := make([]byte, max(64, len(e.magic)))
	copy(header, []byte{0x7f, 'E', 'L', 'F', a.class, a.order, 1})
	const shared = 3
	low, high := byte(a.machine), byte(a.machine>>8)
	if a.order == 1 {
		header[16], header[18], header[19], header[20] = shared, low, high, 1
	} else {
		header[17], header[18], header[19], header[23] = shared, high, low, 1
	}
	for i, want := range e.magic {
		mask := byte(0xff)
		if i < len(e.mask) {
			mask = e.mask[i]
		}
		if header[i]&mask != want&mask {
			return false
		}
	}
	return true
}
