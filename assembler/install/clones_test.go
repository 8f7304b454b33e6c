package install

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fimg/fimg/internal/testtool"
)

// TestClones installs from a store on a file system that shares extents: the tree is
// the same as elsewhere, large files cost no space of their own, and what is done to
// them there does not reach the store.
func TestClones(t *testing.T) {
	testtool.NeedRoot(t)
	rpms := build(t, `Name: big
Version: 1
Release: 1
Summary: Big
License: MIT
BuildArch: noarch
%description
Big.
%install
mkdir -p %{buildroot}/opt
for size in 0 1 4095 4096 4097 70000 1048576 3000001; do head -c $size /dev/urandom > %{buildroot}/opt/$size; done
ln %{buildroot}/opt/70000 %{buildroot}/opt/linked
ln -s 70000 %{buildroot}/opt/symlink
truncate -s 2M %{buildroot}/opt/hole
%files
/opt/*
`)
	plain := t.TempDir()
	ours(t, plain, Options{}, rpms["big"])
	for kind, mkfs := range map[string][]string{"btrfs": {"mkfs.btrfs", "-q"}, "xfs": {"mkfs.xfs", "-q", "-m", "reflink=1"}} {
		t.Run(kind, func(t *testing.T) {
			image := filepath.Join(t.TempDir(), "image")
			must(t, os.WriteFile(image, nil, 0o600))
			must(t, os.Truncate(image, 512<<20))
			testtool.Run(t, mkfs[0], append(mkfs[1:], image)...)
			dir := testtool.Mount(t, image, "rw")
			store := filepath.Join(dir, "store")
			for i, name := range []string{"cold", "warm", "after a change"} {
				root := filepath.Join(dir, name)
				must(t, os.Mkdir(root, 0o755))
				if res := ours(t, root, Options{Store: store}, rpms["big"]); res.FromStore != min(i, 1) {
					t.Errorf("%s: %d packages from the store", name, res.FromStore)
				}
				same(t, root, plain)
				for _, size := range []string{"4096", "70000", "3000001"} {
					if out := testtool.Run(t, "filefrag", "-v", filepath.Join(root, "opt", size)); !strings.Contains(out, "shared") {
						t.Errorf("%s: %s has extents of its own:\n%s", name, size, out)
					}
				}
				f, err := os.OpenFile(filepath.Join(root, "opt/70000"), os.O_WRONLY, 0)
				must(t, err)
				_, err = f.WriteAt([]byte("changed"), 5000)
				must(t, err)
				must(t, f.Close())
			}
		})
	}
}
