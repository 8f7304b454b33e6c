package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/fimg/fimg/internal/testtool"
)

// dnf itself installs from the demonstration repository, with all scriptlets, and
// what packages and scriptlets make is there.
func TestDnfInstallsDemoRepository(t *testing.T) {
	testtool.Long(t)
	testtool.NeedRoot(t)
	testtool.Need(t, "dnf")
	repo, root := testtool.Repo(t), filepath.Join(t.TempDir(), "root")
	if err := os.MkdirAll(filepath.Join(root, "etc"), 0o755); err != nil {
		t.Fatal(err)
	}
	args := []string{"-y", "--quiet", "--installroot", root, "--releasever", "42", "--repofrompath", "demo,file://" + repo, "--repo", "demo",
		"--setopt=demo.gpgcheck=1", "--setopt=demo.gpgkey=file://" + repo + "/RPM-GPG-KEY-fimg", "--setopt=cachedir=" + t.TempDir()}
	testtool.Run(t, "dnf", append(args, "--setopt=install_weak_deps=False", "install", "filesystem", "fedora-release-cloud", "systemd")...)
	for _, name := range []string{"usr/bin/bash", "usr/lib/systemd/systemd", "etc/os-release", "etc/ld.so.cache"} {
		if info, err := os.Stat(filepath.Join(root, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}
