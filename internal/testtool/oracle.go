package testtool

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Oracle is an rpm to compare with: this machine's when Root is empty, else one
// that is run by chroot.
type Oracle struct{ Root string }

// Oracles are the rpm of this machine and those in the roots the environment
// variable FIMG_RPM_ORACLE lists, separated by colons: trees with rpm, rpmbuild
// and a shell, such as debootstrap makes. Files are made below their /tmp.
func Oracles(t testing.TB) []Oracle {
	t.Helper()
	Need(t, "rpm", "rpmbuild", "rpm2cpio")
	list := []Oracle{{}}
	for root := range strings.SplitSeq(os.Getenv("FIMG_RPM_ORACLE"), ":") {
		if root != "" {
			NeedRoot(t)
			list = append(list, Oracle{Root: root})
		}
	}
	return list
}

// Dir makes a directory the oracle can see, for the length of a test.
func (o Oracle) Dir(t testing.TB) string {
	t.Helper()
	if o.Root == "" {
		return t.TempDir()
	}
	dir, err := os.MkdirTemp(filepath.Join(o.Root, "tmp"), "fimg")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// Command is a program of the oracle's; names of files below its root may be
// anywhere in the arguments.
func (o Oracle) Command(name string, args ...string) *exec.Cmd {
	if o.Root == "" {
		return exec.Command(name, args...)
	}
	inside := []string{o.Root, name}
	for _, a := range args {
		inside = append(inside, strings.ReplaceAll(a, o.Root, ""))
	}
	return exec.Command("chroot", inside...)
}

// Run returns the standard output of a program, which must succeed.
func (o Oracle) Run(t testing.TB, name string, args ...string) []byte {
	t.Helper()
	cmd := o.Command(name, args...)
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v: %s", name, err, said.String())
	}
	return out
}

// Version is the version of the oracle's rpm, such as "4.18.0".
func (o Oracle) Version(t testing.TB) string {
	t.Helper()
	return strings.TrimSpace(strings.TrimPrefix(string(o.Run(t, "rpm", "--version")), "RPM version "))
}

// AtLeast reports whether the oracle is of that version of rpm or a later one.
func (o Oracle) AtLeast(t testing.TB, major, minor int) bool {
	t.Helper()
	var a, b int
	if _, err := fmt.Sscanf(o.Version(t), "%d.%d", &a, &b); err != nil {
		t.Fatalf("rpm --version: %v", err)
	}
	return a > major || a == major && b >= minor
}

// Sets is how many random cases a test tries: few, or as many as the environment
// variable FIMG_RANDOM_SETS says.
func Sets(few uint64) uint64 {
	if n, err := strconv.ParseUint(os.Getenv("FIMG_RANDOM_SETS"), 10, 32); err == nil {
		return n
	}
	return few
}
