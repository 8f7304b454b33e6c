package grub

import (
	"bytes"
	"context"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fimg/fimg/bootloader"
	"github.com/fimg/fimg/tree/rootfs"
)

func testSystem() *bootloader.System {
	return &bootloader.System{
		Arch: "x86_64", Firmware: "uefi", GPT: true, BIOSBoot: true, Name: `Fedora "Linux"`,
		Root:    bootloader.FileSystem{Type: "btrfs", UUID: "1111", PartUUID: "aaaa", Number: 3, Prefix: "/root", Label: "ROOT"},
		Boot:    bootloader.FileSystem{Type: "btrfs", UUID: "1111", PartUUID: "aaaa", Number: 3, Prefix: "/boot"},
		Cmdline: "console=ttyS0 root=UUID=1111", BootOptions: "rootflags=subvol=root",
	}
}

func testRoot(t *testing.T, files ...string) *rootfs.Root {
	t.Helper()
	root, err := rootfs.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	for _, f := range files {
		if err := root.MkdirAll(filepath.Dir(f), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := root.WriteFile(f, []byte(f), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestBootSectorSize(t *testing.T) {
	if n := binary.Size(bootSector{}); n != sector {
		t.Fatalf("boot sector has %d bytes", n)
	}
}

func TestWriteBIOS(t *testing.T) {
	disk, err := os.Create(filepath.Join(t.TempDir(), "disk"))
	if err != nil {
		t.Fatal(err)
	}
	defer disk.Close()
	first := bytes.Repeat([]byte{0xd1}, sector)
	if _, err := disk.WriteAt(first, 0); err != nil {
		t.Fatal(err)
	}
	boot := bytes.Repeat([]byte{0xb0}, sector)
	boot[510], boot[511] = 0x55, 0xaa
	core := bytes.Repeat([]byte{0xc0}, 3*sector+7)
	if err := WriteBIOS(disk, boot, core, 1<<20, 2<<20); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, sector)
	if _, err := disk.ReadAt(got, 0); err != nil {
		t.Fatal(err)
	}
	if got[0x3] != 0xd1 || got[0x1b8] != 0xd1 || got[0x1fd] != 0xd1 || got[0] != 0xb0 || got[0x1b7] != 0xb0 {
		t.Error("the disk's fields and GRUB's code are mixed up")
	}
	if at := binary.LittleEndian.Uint64(got[0x5c:]); at != 2048 {
		t.Errorf("core sector %d", at)
	}
	if _, err := disk.ReadAt(got, 1<<20); err != nil {
		t.Fatal(err)
	}
	var list blockList
	if err := decode(got[blockListAt:], &list); err != nil || list != (blockList{2049, 3, 0x820}) {
		t.Errorf("block list %+v, %v", list, err)
	}
	if err := WriteBIOS(disk, boot, core, 1<<20, 1000); err == nil {
		t.Error("a core image larger than its place was written")
	}
	if err := WriteBIOS(disk, core, core, 1<<20, 2<<20); err == nil {
		t.Error("a wrong boot image was written")
	}
}

func TestMergeSettings(t *testing.T) {
	old := "GRUB_TIMEOUT=5\n# GRUB_GFXMODE=x\nOWN=1\nGRUB_DEFAULT=\"\"\n"
	got := mergeSettings(old, map[string]string{"GRUB_TIMEOUT": "1", "GRUB_GFXMODE": "auto"})
	want := "GRUB_TIMEOUT=1\n# GRUB_GFXMODE=x\nOWN=1\nGRUB_DEFAULT=saved\nGRUB_GFXMODE=auto\n"
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestWriteDefaults(t *testing.T) {
	root := testRoot(t, "etc/default/x", "etc/sysconfig/x", "boot/grub2/themes/blue/background.png")
	zero := 0
	opts := &Options{Timeout: &zero, TimeoutStyle: "hidden", OutputConsole: "serial console", SerialLine: "serial --speed=115200", TrustedBoot: true,
		Distributor: `Fedora "Linux"`, Theme: "blue"}
	if err := WriteDefaults(root, testSystem(), opts); err != nil {
		t.Fatal(err)
	}
	text, _ := root.ReadFile("etc/default/grub")
	for _, line := range []string{
		`GRUB_CMDLINE_LINUX_DEFAULT="console=ttyS0 rootflags=subvol=root"`, `GRUB_DISTRIBUTOR="Fedora \"Linux\""`,
		"GRUB_TIMEOUT=0", "GRUB_TIMEOUT_STYLE=hidden", `GRUB_TERMINAL_INPUT="serial console"`,
		`GRUB_SERIAL_COMMAND="serial --speed=115200"`, "GRUB_DEFAULT=saved",
		"GRUB_THEME=/boot/grub2/themes/blue/theme.txt", "GRUB_BACKGROUND=/boot/grub2/themes/blue/background.png",
	} {
		if !strings.Contains(string(text), line+"\n") {
			t.Errorf("no line %s in\n%s", line, text)
		}
	}
	text, _ = root.ReadFile("etc/sysconfig/bootloader")
	if !strings.Contains(string(text), "LOADER_LOCATION=\"none\"\n") || !strings.Contains(string(text), "TRUSTED_BOOT=\"yes\"\n") {
		t.Errorf("sysconfig:\n%s", text)
	}
}

// What the description does not say stays as the distribution has it.
func TestDefaultsStay(t *testing.T) {
	root := testRoot(t, "etc/default/x")
	old := "GRUB_CMDLINE_LINUX_DEFAULT=\"rhgb quiet\"\nGRUB_DISTRIBUTOR=\"$(sed s/x/y/ /etc/system-release)\"\n"
	if err := root.WriteFile("etc/default/grub", []byte(old), 0o644); err != nil {
		t.Fatal(err)
	}
	sys := testSystem()
	sys.Cmdline, sys.BootOptions = "root=UUID=1111", ""
	if err := WriteDefaults(root, sys, &Options{}); err != nil {
		t.Fatal(err)
	}
	if text, _ := root.ReadFile("etc/default/grub"); !strings.HasPrefix(string(text), old) {
		t.Errorf("%s", text)
	}
}

func TestInstallTheme(t *testing.T) {
	root := testRoot(t, "boot/grub2/grubenv", "usr/share/grub/themes/blue/theme.txt", "usr/share/grub/themes/blue/icons/a.png", "boot/grub2/themes/own/theme.txt")
	for theme, want := range map[string]bool{"blue": true, "own": true, "none": false} {
		if got, err := InstallTheme(root, theme); got != want || err != nil {
			t.Errorf("%s: %v, %v", theme, got, err)
		}
	}
	if !root.IsFile("boot/grub2/themes/blue/icons/a.png") || !root.IsFile("boot/grub2/themes/blue/theme.txt") {
		t.Error("the theme is not whole")
	}
}

func TestSetEnvironment(t *testing.T) {
	root := testRoot(t, "usr/bin/grub2-editenv")
	var ran []string
	run := func(_ context.Context, cmd bootloader.Command) error { ran = append(ran, cmd.Args...); return nil }
	for _, list := range [][]string{nil, {"a=b", "c=d e"}} {
		if err := SetEnvironment(t.Context(), root, list, run); err != nil {
			t.Fatal(err)
		}
	}
	if want := []string{"/usr/bin/grub2-editenv", "-", "set", "a=b", "c=d e"}; !slices.Equal(ran, want) {
		t.Errorf("ran %q", ran)
	}
	if err := SetEnvironment(t.Context(), testRoot(t), []string{"a=b"}, run); err == nil {
		t.Error("nothing is missed")
	}
}

func TestInstallEFI(t *testing.T) {
	root := testRoot(t, "boot/efi/EFI/fedora/shimx64.efi", "boot/efi/EFI/fedora/grubx64.efi",
		"boot/efi/EFI/fedora/mmx64.efi", "boot/efi/EFI/BOOT/BOOTX64.EFI")
	if err := InstallEFI(root, testSystem(), &Options{}); err != nil {
		t.Fatal(err)
	}
	names, _ := root.ReadDir("boot/efi/EFI/BOOT")
	if got := strings.Join(names, " "); got != "BOOTX64.EFI grub.cfg grubx64.efi mmx64.efi" {
		t.Errorf("EFI/BOOT holds %s", got)
	}
	early, _ := root.ReadFile("boot/efi/EFI/fedora/grub.cfg")
	want := "search --no-floppy --fs-uuid --set=root 1111\nset prefix=($root)/boot/grub\nconfigfile ($root)/boot/grub/grub.cfg\n"
	if string(early) != want {
		t.Errorf("early configuration:\n%s", early)
	}
	if err := InstallEFI(testRoot(t), testSystem(), &Options{}); err == nil {
		t.Error("no loader in the image, and no error")
	}
}

// The stand-ins are shell programs: run them as grub2-mkconfig does.
func TestStandIns(t *testing.T) {
	probe := script(t, probeScript(testSystem()))
	relpath := script(t, relpathScript(testSystem()))
	for _, c := range [][]string{
		{probe, "--target=device", "/boot", "/dev/disk/by-partuuid/aaaa"},
		{probe, "--device", "/dev/disk/by-partuuid/aaaa", "--target=fs_uuid", "1111"},
		{probe, "-t", "fs", "/", "btrfs"},
		{probe, "--device", "x", "--target=partmap", "gpt"},
		{probe, "--target=abstraction", "/boot/grub2", ""},
		{probe, "--target=drive", "/", "(hd0,gpt3)"},
		{relpath, "/boot", "/boot"},
		{relpath, "/boot/grub2/x", "/boot/grub2/x"},
		{relpath, "/usr/share", "/root/usr/share"},
	} {
		out, err := exec.Command(c[0], c[1:len(c)-1]...).Output()
		if err != nil || strings.TrimSpace(string(out)) != c[len(c)-1] {
			t.Errorf("%q: %q, %v", c[1:], out, err)
		}
	}
}

func script(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "tool")
	if err := os.WriteFile(name, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestWriteConfigAndCoreImage(t *testing.T) {
	root := testRoot(t, "usr/sbin/grub2-mkconfig", "usr/sbin/grub2-probe", "usr/bin/grub2-mkimage",
		"usr/sbin/grub2-install", "usr/lib/grub/i386-pc/boot.img", "usr/lib/grub/i386-pc/btrfs.mod",
		"usr/lib/grub/i386-pc/fs.lst", "usr/share/grub/unicode.pf2")
	var ran []bootloader.Command
	run := func(_ context.Context, cmd bootloader.Command) error {
		ran = append(ran, cmd)
		name := cmd.Args[len(cmd.Args)-1]
		if strings.HasSuffix(cmd.Args[0], "mkimage") {
			name = "boot/grub2/i386-pc/core.img"
		}
		return root.WriteFile(name, []byte("linux root=UUID=0000 x root=/dev/loop0p3\n"), 0o600)
	}
	sys := testSystem()
	if err := InstallModules(root, PC); err != nil {
		t.Fatal(err)
	}
	if err := InstallFont(root); err != nil {
		t.Fatal(err)
	}
	if err := WriteConfig(t.Context(), root, sys, run); err != nil {
		t.Fatal(err)
	}
	cfg, _ := root.ReadFile("boot/grub2/grub.cfg")
	if string(cfg) != "linux root=UUID=1111 x root=UUID=1111\n" {
		t.Errorf("grub.cfg: %s", cfg)
	}
	if _, err := CoreImage(t.Context(), root, sys, PC, &Options{}, run); err != nil {
		t.Fatal(err)
	}
	if _, err := BootImage(root); err != nil {
		t.Fatal(err)
	}
	if len(ran) != 2 || ran[0].Overlay["/usr/sbin/grub2-probe"] == nil {
		t.Errorf("ran %v", ran)
	}
	if last := ran[1].Args; last[len(last)-1] != "btrfs" || last[len(last)-2] != "/boot/grub2/i386-pc/core.img" {
		t.Errorf("core image: %q", last)
	}
}
