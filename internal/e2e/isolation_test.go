package e2e

import (
	"os"
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

// fimg builds the program once.
func fimg(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "fimg")
	cmd := exec.Command("go", "build", "-o", name, "./cmd/fimg")
	cmd.Dir = testtool.Root()
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return name
}

// The whole image is made without any device or tool of the host, and comes out
// the same.
func TestNoDevicesNoTools(t *testing.T) {
	cloud(t)
	testtool.Need(t, "unshare")
	out := filepath.Join(t.TempDir(), "out")
	args := []string{"--mount", "--propagation", "private", "/bin/sh", "-c", bare, "sh", fimg(t), "build", "--quiet",
		"--profile", "Cloud-Base-Generic", "--repo", testtool.Repo(t), "--signing-key", testtool.Repo(t) + "/RPM-GPG-KEY-fimg",
		"--set-release-version", "42", "--cache-dir", cache(), "--offline", "--target-dir", out}
	cmd := exec.Command("unshare", args...)
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build without devices and tools: %v\n%s", err, text)
	}
	made, err := filepath.Glob(out + "/*.qcow2")
	if err != nil || len(made) != 1 {
		t.Fatalf("outputs %q, %v", made, err)
	}
	testtool.Run(t, "qemu-img", "check", made[0])
}
