package e2e

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/fimg/fimg/internal/testtool"
)

// bare is a shell program that takes away everything a build must not need: /dev
// has neither loop nor block devices, and no directory of PATH exists.
const bare = `set -e
mount -t tmpfs -o mode=755 none /dev
for d in null:3 zero:5 full:7 random:8 urandom:9; do mknod -m 666 /dev/${d%:*} c 1 ${d#*:}; done
mount -t tmpfs none /sys
PATH=/nonexistent exec "$@"`

// The whole image is made without any device or tool of the host, and comes out
// the same; once with the root tree in memory, once on disk.
func TestNoDevicesNoTools(t *testing.T) {
	testtool.Long(t)
	testtool.NeedRoot(t)
	testtool.Need(t, "unshare")
	out, usual := filepath.Join(t.TempDir(), "out"), usualBuild(t)
	args := append([]string{"--mount", "--propagation", "private", "/bin/sh", "-c", bare, "sh", fimg(t)}, cloudArgs(t, out)...)
	cmd := exec.Command("unshare", append(args, "--quiet", "--work-dir", t.TempDir())...)
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build without devices and tools: %v\n%s", err, text)
	}
	made, err := filepath.Glob(out + "/*.qcow2")
	if err != nil || len(made) != 1 {
		t.Fatalf("outputs %q, %v", made, err)
	}
	testtool.Run(t, "qemu-img", "check", made[0])
	testtool.Run(t, "cmp", made[0], filepath.Join(usual, filepath.Base(made[0])))
}
