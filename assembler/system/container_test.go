package system

import "testing"

func TestContainerRoot(t *testing.T) {
	f := newFake(t, "usr/lib/systemd/system/swap.service", "usr/lib/systemd/system/other.service")
	f.put(t, "etc/sysconfig/bootloader", "# text\nLOADER_TYPE=\"grub2\"\n")
	if err := f.Root.MkdirAll("etc", 0o755); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time changes nothing
		if err := f.SetUpContainer(); err != nil {
			t.Fatal(err)
		}
	}
	if got := f.text("etc/securetty"); got != "\nconsole\n" {
		t.Errorf("securetty is %q", got)
	}
	if got := f.text("etc/sysconfig/bootloader"); got != "# text\nLOADER_TYPE=\"none\"\nLOADER_LOCATION=\"none\"\n" {
		t.Errorf("bootloader is %q", got)
	}
	if target, err := f.Root.Readlink("usr/lib/systemd/system/swap.service"); err != nil || target != "/dev/null" {
		t.Errorf("swap.service is a link to %q, %v", target, err)
	}
	if _, err := f.Root.Readlink("usr/lib/systemd/system/other.service"); err == nil || f.Root.Exists("etc/sysconfig/boot") {
		t.Error("something else was changed")
	}
}
