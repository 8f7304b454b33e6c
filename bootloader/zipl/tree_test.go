package zipl

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/fimg/fimg/bootloader"
	"github.com/fimg/fimg/tree/rootfs"
)

func testRoot(t *testing.T, files map[string]string) *rootfs.Root {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		full := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(full), 0o755), os.WriteFile(full, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	root, err := rootfs.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	return root
}

var testSystem = &bootloader.System{Name: "Fedora", Cmdline: "root=UUID=1", BootOptions: "rootflags=subvol=root"}

func TestPrepare(t *testing.T) {
	root := testRoot(t, map[string]string{
		"usr/lib/s390-tools/stage3.bin": "loader", "etc/os-release": "NAME=Fedora\nID=\"fedora\"\n",
		"boot/vmlinuz-6.1": "k", "boot/vmlinuz-5.9": "k",
		"boot/loader/entries/id-6.1.conf": "title old\nlinux /vmlinuz-6.1\n",
		"boot/loader/entries/id-5.9.conf": "title older\nlinux /vmlinuz-5.9\noptions single\n",
		"boot/loader/entries/id-0.conf":   "title gone\nlinux /vmlinuz-0\n",
	})
	s, err := Prepare(root, testSystem, Kernel{"6.1", "vmlinuz-6.1", "initramfs-6.1.img"}, "Fedora [ OEM ]")
	if err != nil {
		t.Fatal(err)
	}
	want := []Entry{{"vmlinuz-6.1", "initramfs-6.1.img", "root=UUID=1 rootflags=subvol=root"}, {"vmlinuz-5.9", "", "single"}}
	if !slices.Equal(s.Entries, want) || string(s.Stage3) != "loader" {
		t.Errorf("%+v", s)
	}
	info, err := root.Stat("boot/" + Bootmap)
	if err != nil || info.Size != Size(len(s.Entries)) {
		t.Errorf("boot map of %d bytes: %v", info.Size, err)
	}
	text, _ := root.ReadFile("boot/loader/entries/id-6.1.conf")
	if string(text) != "title Fedora [ OEM ]\noptions root=UUID=1 rootflags=subvol=root\nlinux /boot/vmlinuz-6.1\ninitrd /boot/initramfs-6.1.img\n" {
		t.Errorf("entry:\n%s", text)
	}
}

func TestPrepareNames(t *testing.T) {
	root := testRoot(t, map[string]string{"lib/s390-tools/stage3.bin": "loader", "etc/os-release": "ID=fedora\n", "boot/image-6.1": "k"})
	if _, err := Prepare(root, testSystem, Kernel{Version: "6.1", Image: "image-6.1"}, "t"); err != nil {
		t.Fatal(err)
	}
	if !root.IsFile("boot/loader/entries/fedora-6.1.conf") {
		t.Error("no entry of its own")
	}
	if _, err := Prepare(testRoot(t, nil), testSystem, Kernel{}, "t"); !errors.Is(err, ErrNoStage3) {
		t.Errorf("without loader: %v", err)
	}
}
