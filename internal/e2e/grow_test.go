package e2e

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/fimg/fimg/internal/testtool"
	"github.com/fimg/fimg/partition/filesystem/ext4"
	"github.com/fimg/fimg/seed"
	"github.com/fimg/fimg/tree"
)

// Sizes of the file systems of TestOnlineGrowth before and after; written is what
// the guest adds, more than there was room for.
const (
	grownFrom = 64 << 20
	grownTo   = 100 * grownFrom
	written   = 20 * 4000000
)

// growInit is the first process of the guest. The disks are NVMe, whose driver is
// in the kernel as ext4's is, so no module is needed.
const growInit = `#!/bin/bash
mount -t devtmpfs dev /dev
mount -t proc proc /proc
for disk in nvme0n1 nvme1n1 nvme2n1; do
	[ -b /dev/$disk ] || continue
	mount /dev/$disk /mnt && resize2fs /dev/$disk &&
		for i in {1..20}; do printf %04000000d $i; done > /mnt/new &&
		mount -o remount,ro /mnt && echo GROWN $disk
done
echo o > /proc/sysrq-trigger
read -t 60 < /dev/console
`

// A kernel grows mounted file systems to a hundred times their size, and what was
// in them stays.
func TestOnlineGrowth(t *testing.T) {
	testtool.Need(t, "qemu-system-x86_64", "resize2fs", "mount", "bash", "e2fsck", "rpm2cpio", "cpio", "ldd")
	dir := t.TempDir()
	kernel, initrd := growKernel(t, dir), growInitrd(t, dir)
	variants := []string{"", "-O meta_bg,^resize_inode", "-b 1024"}
	args := []string{"-m", "512", "-cpu", "max", "-display", "none", "-serial", "stdio", "-monitor", "none", "-no-reboot", "-nic", "none",
		"-kernel", kernel, "-initrd", initrd, "-append", "console=ttyS0 quiet panic=-1"}
	var disks []string
	source := growTree()
	for i, options := range variants {
		disks = append(disks, growDisk(t, filepath.Join(dir, fmt.Sprintf("disk%d", i)), source, options))
		args = append(args, "-drive", fmt.Sprintf("if=none,id=d%d,format=raw,cache=unsafe,file=%s", i, disks[i]), "-device", fmt.Sprintf("nvme,drive=d%d,serial=%d", i, i))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, "qemu-system-x86_64", args...).CombinedOutput()
	if err != nil || strings.Count(string(out), "GROWN") != len(variants) {
		t.Fatalf("qemu: %v\n%s", err, out)
	}
	for i, disk := range disks {
		testtool.Run(t, "e2fsck", "-fn", disk)
		checkGrown(t, source, disk, variants[i])
	}
}

// growKernel takes the kernel out of its package.
func growKernel(t *testing.T, dir string) string {
	t.Helper()
	packages, err := filepath.Glob(filepath.Join(testtool.Repo(t), "Packages/k/kernel-core-*.x86_64.rpm"))
	if err != nil || len(packages) == 0 {
		t.Fatalf("no kernel-core in the repository: %v", err)
	}
	testtool.Run(t, "sh", "-c", `cd "$1" && rpm2cpio "$2" | cpio -idm --quiet "*/vmlinuz"`, "sh", dir, packages[0])
	found, err := filepath.Glob(filepath.Join(dir, "usr/lib/modules/*/vmlinuz"))
	if err != nil || len(found) != 1 {
		t.Fatalf("kernels %q: %v", found, err)
	}
	return found[0]
}

// growInitrd packs the machine's own programs with their libraries.
func growInitrd(t *testing.T, dir string) string {
	t.Helper()
	root := filepath.Join(dir, "initrd")
	for _, d := range []string{"bin", "dev", "proc", "mnt"} {
		if err := os.MkdirAll(filepath.Join(root, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	library := regexp.MustCompile(`/\S+`)
	for _, program := range testtool.Need(t, "bash", "mount", "resize2fs") {
		testtool.Run(t, "cp", program, filepath.Join(root, "bin"))
		for _, l := range library.FindAllString(testtool.Run(t, "ldd", program), -1) {
			testtool.Run(t, "sh", "-c", `mkdir -p "$1$(dirname "$2")" && cp -L "$2" "$1$2"`, "sh", root, l)
		}
	}
	if err := os.WriteFile(filepath.Join(root, "init"), []byte(growInit), 0o755); err != nil {
		t.Fatal(err)
	}
	testtool.Run(t, "sh", "-c", `cd "$1" && find . | cpio -o -H newc --quiet > "$1.cpio"`, "sh", root)
	return root + ".cpio"
}

// growTree has files of several extents and a directory with an index.
func growTree() *tree.Mem {
	m := tree.NewMem()
	m.Add(tree.Node{Path: "many", Mode: tree.TypeDir | 0o755}, nil)
	for i := range 2000 {
		m.Add(tree.Node{Path: fmt.Sprintf("many/file %d", i), Mode: tree.TypeFile | 0o644}, []byte(fmt.Sprint(i)))
	}
	m.Add(tree.Node{Path: "large", Mode: tree.TypeFile | 0o600}, bytes.Repeat([]byte("0123456789abcdef"), 2<<20))
	return m
}

func growDisk(t *testing.T, name string, source tree.Tree, options string) string {
	t.Helper()
	s := seed.New(name[len(name)-1:])
	o := ext4.Options{Size: grownFrom, Kind: "ext4", UUID: s.UUID("id"), HashSeed: s.UUID("hash"), Time: time.Unix(1, 0)}
	if err := ext4.ParseArgs(strings.Fields(options), &o); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Truncate(grownTo); err != nil {
		t.Fatal(err)
	}
	if err := ext4.Write(t.Context(), f, source, o); err != nil {
		t.Fatal(err)
	}
	return name
}

// checkGrown reads the file system of the new size and compares it with what was
// written into the old one.
func checkGrown(t *testing.T, source tree.Tree, disk, variant string) {
	t.Helper()
	f, err := os.Open(disk)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	fs, err := ext4.Open(f, grownTo)
	if err != nil {
		t.Fatal(err)
	}
	if size := fs.Info().Size; size < grownTo*99/100 {
		t.Errorf("%s: grown to %d bytes only", variant, size)
	}
	before, after := contents(t, source), contents(t, fs)
	if len(after["new"]) != written {
		t.Errorf("%s: the guest's file has %d bytes", variant, len(after["new"]))
	}
	for path, text := range before {
		if got, ok := after[path]; !ok || got != text {
			t.Errorf("%s: %s is not what it was", variant, path)
		}
	}
}

// contents are the regular files of a tree.
func contents(t *testing.T, source tree.Tree) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := source.Walk(t.Context(), func(n *tree.Node) error {
		if n.Mode&tree.TypeMask != tree.TypeFile {
			return nil
		}
		f, err := source.Open(n)
		if err != nil {
			return err
		}
		defer f.Close()
		text := make([]byte, n.Size)
		if _, err := f.ReadAt(text, 0); err != nil && err != io.EOF {
			return err
		}
		found[n.Path] = string(text)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
