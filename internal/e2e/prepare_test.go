package e2e

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/fimg/fimg/internal/testtool"
)

// kiwi runs the kiwi-ng command line with a cache of its own.
func kiwi(t *testing.T, want int, args ...string) string {
	t.Helper()
	status, text := command(t, append([]string{"kiwi-ng", "--shared-cache-dir", cache()}, args...)...)
	if status != want {
		t.Fatalf("exit status %d, want %d: %v\n%s", status, want, args, text)
	}
	return text
}

// sameFiles compares files of two directories of results.
func sameFiles(t *testing.T, a, b string, names ...string) {
	t.Helper()
	for _, name := range names {
		x, err1 := os.ReadFile(filepath.Join(a, name))
		y, err2 := os.ReadFile(filepath.Join(b, name))
		if err1 != nil || err2 != nil || !bytes.Equal(x, y) {
			t.Errorf("%s is not the same in %s and %s: %v %v", name, a, b, err1, err2)
		}
	}
}

// A build in two halves gives the bits of a whole one, as often as the second half
// is repeated. The description has scripts in both and changes fstab.
func TestCommandPrepareCreate(t *testing.T) {
	testtool.Long(t)
	testtool.NeedRoot(t)
	source, dir := recipe(t, base, "900", testtool.Repo(t)), t.TempDir()
	for name, text := range map[string]string{
		"config.sh":             "#!/bin/bash\nset -e\necho \"$kiwi_iname\" > /etc/made\n",
		"disk.sh":               "#!/bin/bash\nset -e\n. /.profile\necho \"$kiwi_iname\" > /etc/disk\n",
		"root/etc/fstab.append": "tmpfs /mnt tmpfs defaults 0 0\n",
	} {
		file := filepath.Join(source, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	root, whole := filepath.Join(dir, "tree"), filepath.Join(dir, "whole")
	kiwi(t, 0, "system", "build", "--description", source, "--target-dir", whole)
	prepare := []string{"system", "prepare", "--description", source, "--root", root}
	kiwi(t, 0, prepare...)
	kiwi(t, 2, prepare...)
	kiwi(t, 0, append(prepare, "--allow-existing-root")...)
	if err := os.RemoveAll(source); err != nil {
		t.Fatal(err)
	}
	for _, half := range []string{"one", "two"} {
		target := filepath.Join(dir, half)
		kiwi(t, 0, "system", "create", "--root", root, "--target-dir", target)
		sameFiles(t, whole, target, "small.x86_64-1.raw", "small.x86_64-1.packages", "small.x86_64-1.verified")
	}
	kiwi(t, 2, "system", "create", "--root", whole, "--target-dir", filepath.Join(dir, "three"))
	nothingLeft(t, filepath.Join(dir, "three"))
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 4 {
		t.Errorf("left in the directory: %v %v", entries, err)
	}
}

// A container that builds on another is created from its prepared tree, too; other
// trees are not replaced, and a failure leaves none.
func TestCommandPrepareContainer(t *testing.T) {
	testtool.Long(t)
	testtool.NeedRoot(t)
	d, dir := newDepot(t), t.TempDir()
	repo := repository(t, packages(t, spec("a", "", ""), spec("b", "", "")))
	below := d.host + "/team/a:1"
	boxA := boxRecipe(t, `<type image="oci"><containerconfig name="a"/></type>`, `<package name="a"/>`, repo)
	if status, text := command(t, pushArgs(boxA, dir+"/below", below)...); status != 0 {
		t.Fatalf("exit status %d: %s", status, text)
	}
	boxB := boxRecipe(t, derived(below), `<package name="b"/>`, repo)
	kiwi(t, 0, "system", "build", "--description", boxB, "--target-dir", dir+"/whole")
	kiwi(t, 0, "system", "prepare", "--description", boxB, "--root", dir+"/tree")
	kiwi(t, 0, "system", "create", "--root", dir+"/tree", "--target-dir", dir+"/made")
	sameFiles(t, dir+"/whole", dir+"/made", "small.x86_64-1.oci.tar.xz")
	kiwi(t, 2, "system", "prepare", "--description", boxB, "--root", dir+"/whole", "--allow-existing-root")
	missing := boxRecipe(t, derived(d.host+"/team/none:1"), `<package name="b"/>`, repo)
	kiwi(t, 4, "system", "prepare", "--description", missing, "--root", dir+"/none")
	nothingLeft(t, dir+"/none")
}
