package e2e

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/fimg/fimg/description"
	"github.com/fimg/fimg/internal/testtool"
)

// booting is a small image that starts, with the attributes of its type and the
// packages of the machine's boot loader. Root's password is fimg.
func booting(t testing.TB, repo, arch, attributes, loader string) description.Options {
	t.Helper()
	packages := ""
	for _, name := range strings.Fields("kernel-core systemd dracut grub2-tools util-linux passwd xfsprogs diffutils " + loader) {
		packages += `<package name="` + name + `"/>`
	}
	xml := `<image schemaversion="8.5" name="booting"><description type="system"><author>a</author><contact>c</contact>
<specification>s</specification></description><preferences><version>1</version><packagemanager>dnf4</packagemanager>
<type image="oem" ` + attributes + ` kernelcmdline="console=tty1 console=ttyS0,115200n8 systemd.firstboot=off">
<bootloader name="grub2" bls="true" output_console="serial" timeout="0"/><oemconfig><oem-resize>false</oem-resize></oemconfig></type></preferences>
<users><user name="root" password="fimg" pwdformat="plain"/></users>
<repository type="rpm-md" alias="demo"><source path="dir://` + repo + `"/></repository>
<packages type="bootstrap">` + base + `</packages><packages type="image">` + packages + `</packages></image>`
	return description.Options{FS: fstest.MapFS{"config.xml": {Data: []byte(xml)}}, Arch: arch}
}

// TestBootXFS starts an image with everything but the ESP on XFS: the boot loader
// finds the kernel there, which mounts, reads and writes it.
func TestBootXFS(t *testing.T) {
	testtool.Long(t)
	testtool.NeedRoot(t)
	p := plan(t, load(t, booting(t, testtool.Repo(t), "x86_64", `format="qcow2" filesystem="xfs" firmware="uefi" efipartsize="100" bootpartition="false"`,
		"grub2-pc grub2-pc-modules grub2-efi-x64 grub2-efi-x64-modules shim-x64")))
	image := build(t, p, buildOptions(t.TempDir())).Products[0].Path
	m := start(t, image, bios, fmt.Sprint(p.Layout.Size))
	m.login()
	for command, want := range map[string]string{
		"findmnt -no FSTYPE /": "xfs", "findmnt -no FSTYPE /boot/efi": "vfat", "systemctl --failed --no-legend --plain": "",
		"cp -a /usr/lib/systemd /root/copy && sync && diff -r --no-dereference /usr/lib/systemd /root/copy && echo same": "same",
	} {
		if out, _ := m.run(command); out != want {
			t.Errorf("%s: got\n%s\nwant\n%s", command, out, want)
		}
	}
	m.send("poweroff")
}

// TestForeignXFS plans a disk with an XFS root for a machine whose programs cannot
// run here, out of packages without any. XFS needs 300 MiB.
func TestForeignXFS(t *testing.T) {
	foreign := strings.ReplaceAll(spec("foreign", "", ""), "BuildArch: noarch\n", "")
	repo := repository(t, packagesFor(t, "aarch64", foreign, spec("any", "Requires: foreign", "")))
	xml := `<image schemaversion="8.5" name="foreign"><description type="system"><author>a</author><contact>c</contact>
<specification>s</specification></description><preferences><version>1</version><packagemanager>dnf4</packagemanager>
<type image="oem" firmware="uefi" filesystem="xfs" bootpartition="true" bootfilesystem="xfs"><bootloader name="grub2"/></type></preferences>
<repository type="rpm-md" alias="r"><source path="dir://` + repo + `"/></repository>
<packages type="bootstrap"><package name="any"/></packages></image>`
	p := plan(t, load(t, description.Options{FS: fstest.MapFS{"config.xml": {Data: []byte(xml)}}, Arch: "aarch64"}))
	var got []string
	for _, l := range p.Lock.Packages {
		got = append(got, l.NEVRA)
	}
	for _, q := range p.Layout.Partitions {
		got = append(got, fmt.Sprintf("%s %s %d MiB", q.Role, q.Type.Code, p.Layout.Bytes(q)>>20))
	}
	if want := "any-0:1-1.noarch foreign-0:1-1.aarch64 esp ef00 20 MiB boot ea00 300 MiB root 8305 300 MiB"; strings.Join(got, " ") != want {
		t.Errorf("got %s, want %s", strings.Join(got, " "), want)
	}
}
