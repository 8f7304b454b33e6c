package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fimg/fimg/internal/testtool"
	"github.com/fimg/fimg/partition"
)

// part copies one partition of the disk into a file of its own.
func part(t *testing.T, disk string, role partition.Role) string {
	t.Helper()
	f, err := os.Open(disk)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	found, err := partition.Read(f, info.Size(), 512)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range found.Layout.Partitions {
		if p.Role == role {
			return cut(t, disk, found.Layout, p)
		}
	}
	t.Fatalf("no partition of role %s", role)
	return ""
}

func cut(t *testing.T, disk string, layout *partition.Layout, p partition.Partition) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), string(p.Role))
	testtool.Run(t, "dd", "if="+disk, "of="+name, "bs=1M", "conv=sparse", "iflag=skip_bytes,count_bytes",
		fmt.Sprintf("skip=%d", layout.Offset(p)), fmt.Sprintf("count=%d", layout.Bytes(p)))
	return name
}

// Real tools find nothing wrong with any layer of the image.
func TestOracles(t *testing.T) {
	img := cloud(t)
	if out := testtool.Run(t, "sgdisk", "-v", img.disk); !strings.Contains(out, "No problems found") {
		t.Errorf("sgdisk: %s", out)
	}
	testtool.Run(t, "sfdisk", "-V", img.disk)
	testtool.Run(t, "qemu-img", "check", img.qcow2)
	testtool.Run(t, "qemu-img", "compare", img.qcow2, img.disk)
	testtool.Run(t, "fsck.vfat", "-n", part(t, img.disk, partition.ESP))
	root := part(t, img.disk, partition.Root)
	if out := testtool.Run(t, "btrfs", "check", "--check-data-csum", root); strings.Contains(out, "ERROR") {
		t.Errorf("btrfs check: %s", out)
	}
	mountAndScrub(t, root)
}

// mountAndScrub has the kernel read everything.
func mountAndScrub(t *testing.T, file string) {
	t.Helper()
	dir := testtool.Mount(t, file, "subvolid=5")
	defer testtool.Run(t, "umount", dir)
	if out := testtool.Run(t, "btrfs", "scrub", "start", "-B", dir); !strings.Contains(out, "no errors found") {
		t.Errorf("scrub: %s", out)
	}
	out := testtool.Run(t, "btrfs", "subvolume", "list", dir)
	for _, name := range []string{"root", "boot", "home", "var"} {
		if !strings.Contains(out, "path "+name+"\n") {
			t.Errorf("no subvolume %s in\n%s", name, out)
		}
	}
	fstab, err := os.ReadFile(filepath.Join(dir, "root/etc/fstab"))
	if err != nil || strings.Count(string(fstab), "subvol=") != 4 {
		t.Errorf("fstab, %v:\n%s", err, fstab)
	}
}

// The image starts, and what runs is what was planned.
func TestBoot(t *testing.T) {
	for _, fw := range []firmware{bios, uefi} {
		t.Run(string(fw), func(t *testing.T) {
			img := cloud(t)
			m := start(t, img.qcow2, fw, "8G")
			m.login()
			m.check(img)
			m.send("poweroff")
		})
	}
}

// check looks at the running system.
func (m *machine) check(img *cloudImage) {
	t := m.t
	expect := func(command, want string) {
		t.Helper()
		if out, _ := m.run(command); out != want {
			t.Errorf("%s: got\n%s\nwant\n%s", command, out, want)
		}
	}
	m.run("systemctl is-system-running --wait")
	expect("systemctl --failed --no-legend --plain", "")
	expect("findmnt -no FSTYPE,FSROOT /", "btrfs  /root")
	for _, v := range []string{"boot", "home", "var"} {
		expect("findmnt -no FSTYPE,FSROOT /"+v, "btrfs  /"+v)
	}
	expect("findmnt -no FSTYPE /boot/efi", "vfat")
	expect("findmnt --verify --verbose >/dev/null 2>&1; echo $?", "0")
	expect("btrfs property get /usr/bin/bash compression >/dev/null; echo $?", "0")
	if out, _ := m.run("grep -c subvol= /proc/mounts"); out < "4" {
		t.Errorf("mounted subvolumes: %s", out)
	}
	m.checkPackages(img)
	// The root partition and its file system have grown to the larger disk.
	if out, _ := m.run("df -B1M --output=size / | tail -n 1"); len(strings.TrimSpace(out)) < 4 || strings.TrimSpace(out) < "7000" {
		t.Errorf("the file system has %s MiB on a disk of 8 GiB", out)
	}
}

func (m *machine) checkPackages(img *cloudImage) {
	t := m.t
	out, _ := m.run(`rpm -qa --qf '%{NAME}-%{EPOCHNUM}:%{VERSION}-%{RELEASE}.%{ARCH}\n' | grep -v ^gpg-pubkey | LC_ALL=C sort`)
	var want []string
	for _, p := range img.plan.Lock.Packages {
		want = append(want, p.NEVRA)
	}
	slices.Sort(want)
	if got := strings.Fields(out); !slices.Equal(got, want) {
		t.Errorf("rpm -qa has %d packages, the plan %d", len(got), len(want))
	}
	// What differs is what config.sh and the first boot change on purpose.
	out, _ = m.run("rpm -Va --nomtime")
	for line := range strings.Lines(out) {
		if f := strings.Fields(line); len(f) > 1 && !slices.Contains(changed, f[len(f)-1]) {
			t.Errorf("rpm -Va: %s", strings.TrimSpace(line))
		}
	}
}

// changed are files that config.sh or cloud-init (users, passwords, the mode of
// sudoers.d) changes in a running guest.
var changed = []string{"/etc/sudoers.d", "/etc/shadow", "/etc/gshadow", "/etc/passwd", "/etc/group", "/etc/fstab", "/etc/default/grub", "/etc/ssh/sshd_config",
	"/etc/subuid", "/etc/subgid", "/etc/hosts", "/etc/machine-id", "/boot/grub2/grub.cfg", "/boot/grub2/grubenv"}

// A second build under another clock, elsewhere and with other workers gives the
// same bits.
func TestSameBits(t *testing.T) {
	img := cloud(t)
	again := filepath.Join(t.TempDir(), "elsewhere", "out")
	p := plan(t, load(t, options(t, "Cloud-Base-Generic")), "raw")
	opts := buildOptions(again)
	opts.Jobs = 1
	r := build(t, p, opts)
	for i, product := range r.Products {
		if product.SHA256 != img.result.Products[i].SHA256 {
			t.Errorf("%s differs", filepath.Base(product.Path))
			whatDiffers(t, img.disk, r.Products[1].Path)
			return
		}
	}
}

// whatDiffers compares the contents of two disks.
func whatDiffers(t *testing.T, a, b string) {
	t.Helper()
	x, y := mountRoot(t, a), mountRoot(t, b)
	out, _ := exec.Command("diff", "-rq", "--no-dereference", x, y).CombinedOutput()
	t.Logf("contents:\n%s", out)
}

func mountRoot(t *testing.T, disk string) string {
	t.Helper()
	return testtool.Mount(t, part(t, disk, partition.Root), "ro,subvolid=5")
}
