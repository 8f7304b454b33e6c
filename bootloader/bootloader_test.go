package bootloader

import (
	"testing"

	"github.com/fimg/fimg/tree/rootfs"
)

func TestCmdline(t *testing.T) {
	disk := Disk{RootUUID: "u", RootLabel: "l", RootPartUUID: "p", RootSubvolume: "root"}
	label, part, overlay := disk, disk, disk
	label.Persistency, part.Persistency = "by-label", "by-partuuid"
	overlay.Overlay, overlay.OverlayWrite = true, "/dev/disk/by-label/rw"
	for _, c := range []struct {
		disk      Disk
		text, out string
	}{
		{disk, "quiet console=ttyS0", "quiet console=ttyS0 root=UUID=u"},
		{disk, "", "root=UUID=u"},
		{disk, "root=/dev/vda1 quiet", "root=/dev/vda1 quiet"},
		{disk, "nfsroot=x", "nfsroot=x root=UUID=u"},
		{label, "a", "a root=LABEL=l"},
		{part, "a", "a root=PARTUUID=p"},
		{overlay, "a", "a rd.root.overlay.write=/dev/disk/by-label/rw root=overlay:PARTUUID=p"},
	} {
		if got := c.disk.Cmdline(c.text); got != c.out {
			t.Errorf("cmdline of %q: got %q, want %q", c.text, got, c.out)
		}
	}
	if got := disk.BootOptions(); got != "rootflags=subvol=root" {
		t.Errorf("boot options: %q", got)
	}
}

func TestFixEntries(t *testing.T) {
	root, err := rootfs.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if err := root.MkdirAll(EntriesDir, 0o755); err != nil {
		t.Fatal(err)
	}
	const entry = "title X\nlinux /vmlinuz-1\ninitrd /var/tmp/boot/initramfs-1.img $tuned_initrd\noptions quiet $kernelopts \\1\n\ngrub_class fedora\n"
	const want = "title X\nlinux /boot/vmlinuz-1\ninitrd /boot/initramfs-1.img $tuned_initrd\noptions console=ttyS0 root=UUID=u rootflags=subvol=root\n\ngrub_class fedora\n"
	if err := root.WriteFile(EntriesDir+"/a.conf", []byte(entry), 0o644); err != nil {
		t.Fatal(err)
	}
	sys := &System{Boot: FileSystem{Prefix: "/boot"}, Cmdline: "console=ttyS0 root=UUID=u", BootOptions: "rootflags=subvol=root"}
	if err := FixEntries(root, sys); err != nil {
		t.Fatal(err)
	}
	if got, _ := root.ReadFile(EntriesDir + "/a.conf"); string(got) != want {
		t.Errorf("entry became\n%s", got)
	}
}
