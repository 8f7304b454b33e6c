package assembler

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/fimg/fimg/description"
	"github.com/fimg/fimg/description/builtin"
	"github.com/fimg/fimg/fault"
	"github.com/fimg/fimg/partition"
	"github.com/fimg/fimg/seed"
)

func image(t *testing.T, profile, arch string) *description.Image {
	t.Helper()
	img, err := description.Load(t.Context(), description.Options{FS: builtin.FS(), Arch: arch, Profiles: []string{profile}})
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// described loads an image of one type element.
func described(t *testing.T, kind string) *description.Image {
	t.Helper()
	return describedFor(t, kind, "x86_64")
}

func describedFor(t *testing.T, kind, arch string) *description.Image {
	t.Helper()
	xml := `<image schemaversion="8.5" name="x"><description type="system"><author>a</author><contact>c</contact><specification>s</specification></description>
<preferences><version>1</version><packagemanager>dnf5</packagemanager>` + kind + `</preferences>
<repository type="rpm-md"><source path="dir:///nowhere"/></repository><packages type="bootstrap"><package name="p"/></packages></image>`
	img, err := description.Load(t.Context(), description.Options{FS: fstest.MapFS{"config.xml": {Data: []byte(xml)}}, Arch: arch})
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func layoutOf(t *testing.T, img *description.Image) (*partition.Layout, identifiers) {
	t.Helper()
	s := seed.New("test")
	request, err := diskRequest(img, s)
	if err != nil {
		t.Fatal(err)
	}
	request.Root.Size = 1 << 30
	if request.Size > 0 && !request.Additive {
		request.Root.Size = 0
	}
	layout, err := partition.Plan(request)
	if err != nil {
		t.Fatal(err)
	}
	return layout, newIdentifiers(s, &img.Type)
}

func TestCloudLayout(t *testing.T) {
	img := image(t, "Cloud-Base-Generic", "x86_64")
	layout, ids := layoutOf(t, img)
	var roles []string
	for _, p := range layout.Partitions {
		roles = append(roles, string(p.Role))
	}
	if got := strings.Join(roles, " "); got != "bios esp root" || layout.Size != 5<<30 {
		t.Errorf("partitions %s of %d bytes", got, layout.Size)
	}
	sys := bootSystem(img, layout, ids)
	if sys.Boot.Prefix != "/boot" || sys.Root.Prefix != "/root" || sys.BootOptions != "rootflags=subvol=root" || !strings.HasSuffix(sys.Cmdline, "root=UUID="+ids.root.String()) {
		t.Errorf("boot loader is told %+v", sys)
	}
	var lines []string
	for _, m := range mounts(img, layout, ids, sys) {
		lines = append(lines, m.Point+" "+m.Type+" "+m.Options)
	}
	want := "/ btrfs compress=zstd:1,defaults,subvol=root\n/boot/efi vfat \n/boot btrfs compress=zstd:1,subvol=boot\n" +
		"/home btrfs compress=zstd:1,subvol=home\n/var btrfs compress=zstd:1,subvol=var"
	if got := strings.Join(lines, "\n"); got != want {
		t.Errorf("mounts\n%s", got)
	}
}

func TestOtherLayouts(t *testing.T) {
	power := image(t, "Cloud-Base-Generic", "ppc64le")
	layout, _ := layoutOf(t, power)
	if p := layout.Partitions[0]; p.Role != partition.PReP || layout.Table != partition.GPT {
		t.Errorf("ppc64le begins with %s on %s", p.Role, layout.Table)
	}
	plain := described(t, `<type image="oem" filesystem="ext4" firmware="bios" bootpartition="true" bootpartsize="200"><bootloader name="grub2"/><size unit="M">900</size></type>`)
	layout, ids := layoutOf(t, plain)
	sys := bootSystem(plain, layout, ids)
	if layout.Table != partition.MBR || !sys.SeparateBoot || sys.Boot.UUID == sys.Root.UUID || sys.BootPath("x") != "/x" || sys.GPT {
		t.Errorf("separate boot: %+v", sys)
	}
	nested := described(t, `<type image="oem" filesystem="btrfs" firmware="efi" btrfs_set_default_volume="false"><bootloader name="grub2"/>
<systemdisk><volume name="home" quota="2G"/><volume name="var/log" parent="/"/></systemdisk></type>`)
	var places []string
	volumes, err := subvolumes(&nested.Type)
	if err != nil || volumes[0].Limit != 2<<30 {
		t.Errorf("subvolumes %+v, %v", volumes, err)
	}
	for _, v := range volumes {
		places = append(places, v.Path+"="+v.Location)
	}
	if got := strings.Join(places, " "); got != "home=@/home var/log=var/log" {
		t.Errorf("subvolumes %s", got)
	}
	layout, ids = layoutOf(t, nested)
	if sys := bootSystem(nested, layout, ids); sys.Boot.Prefix != "/@/boot" {
		t.Errorf("/boot is at %s", sys.Boot.Prefix)
	}
}

// Volumes lie below the top and where the tree has their content, however their
// paths are written.
func TestVolumePaths(t *testing.T) {
	for volume, want := range map[string]string{
		`name="../../x"`: "@ x=@/x", `name="x" parent="../.."`: "@ x=x", `name="@root=../r"`: "r", `name="@root=/"`: "@", `name="@root=a/b"`: "a/b",
		`name="a//b"`: "@ a/b=@/a/b", `name="x" mountpoint="/home/"`: "@ home=@/home", `name="x/" parent="/"`: "@ x=x",
		`name="x" mountpoint="/a/../../b" parent="p/"`: "@ b=p/b", `name="@root=r" size="all"`: "@",
	} {
		img := described(t, `<type image="oem" filesystem="btrfs" firmware="efi"><bootloader name="grub2"/><systemdisk><volume `+volume+`/></systemdisk></type>`)
		got := rootVolume(&img.Type)
		list, err := subvolumes(&img.Type)
		for _, v := range list {
			got += " " + v.Path + "=" + v.Location
		}
		if got != want || err != nil {
			t.Errorf("%s: %s, %v, want %s", volume, got, err, want)
		}
	}
}

// Every firmware of every architecture has the partitions kiwi gives it.
func TestFirmwares(t *testing.T) {
	for _, c := range []struct{ arch, attributes, loader, want string }{
		{"x86_64", `firmware="uefi"`, `"grub2"`, "gpt 1 p.legacy ef02, 2 p.UEFI ef00, 3 p.lxroot 8304"},
		{"x86_64", `firmware="efi" eficsm="false"`, `"grub2"`, "gpt 1 p.UEFI ef00, 2 p.lxroot 8304"},
		{"x86_64", `firmware="efi" efiparttable="msdos"`, `"grub2"`, "msdos 1  ef, 2  83"},
		{"x86_64", `firmware="efi" gpt_hybrid_mbr="true" eficsmpart_id="20" efipart_id="3" rootpart_id="1"`, `"grub2"`, "gpt hybrid 20 p.legacy ef02, 3 p.UEFI ef00, 1 p.lxroot 8304"},
		{"x86_64", `firmware="efi" gpt_hybrid_mbr="true" force_mbr="true"`, `"grub2"`, "msdos 1  ef, 2  83, 3  83"},
		{"x86_64", `firmware="bios"`, `"grub2"`, "msdos 1  83*"},
		{"x86_64", `firmware="bios" bootpartition="true"`, `"grub2"`, "msdos 1  83*, 2  83"},
		{"x86_64", ``, `"grub2"`, "msdos 1  83*"},
		{"x86_64", `firmware="ec2"`, `"grub2"`, "msdos 1  83"},
		{"x86_64", `firmware="custom"`, `"custom"`, "msdos 1  83"},
		{"ix86", `firmware="bios"`, `"grub2"`, "msdos 1  83*"},
		{"aarch64", `firmware="uefi"`, `"grub2"`, "gpt 1 p.UEFI ef00, 2 p.lxroot 8305"},
		{"aarch64", ``, `"grub2"`, "gpt 1 p.UEFI ef00, 2 p.lxroot 8305"},
		{"aarch64", `firmware="efi" force_mbr="true" disk_start_sector="34816" bootpartition="true"`, `"grub2"`, "msdos 1  83, 2  ea, 3  83"},
		{"armv7l", `firmware="uefi"`, `"grub2"`, "gpt 1 p.UEFI ef00, 2 p.lxroot 8307"},
		{"riscv64", `firmware="efi" bootpartition="true" boot_clone="1"`, `"grub2"`, "gpt 1 p.UEFI ef00, 2 p.lxbootclone1 8300, 3 p.lxboot ea00, 4 p.lxroot 8300"},
		{"loongarch64", `firmware="efi"`, `"grub2"`, "gpt 1 p.UEFI ef00, 2 p.lxroot 8300"},
		{"ppc64le", `firmware="ofw"`, `"grub2"`, "gpt 1 p.prep 4100, 2 p.lxroot 8300"},
		{"ppc64le", `firmware="opal"`, `"grub2"`, "gpt 1 p.lxroot 8300"},
		{"ppc64", ``, `"grub2"`, "gpt 1 p.prep 4100, 2 p.lxroot 8300"},
		{"s390x", ``, `"zipl" targettype="SCSI"`, "msdos 1  83"},
		{"s390x", `bootpartition="true"`, `"zipl" targettype="GPT"`, "gpt 1 p.lxboot ea00, 2 p.lxroot 8300"},
	} {
		img := describedFor(t, `<type image="oem" filesystem="ext4" `+c.attributes+`><bootloader name=`+c.loader+`/></type>`, c.arch)
		layout, _ := layoutOf(t, img)
		var parts []string
		for _, p := range layout.Partitions {
			code := p.Type.Code
			if layout.Table == partition.MBR {
				code = fmt.Sprintf("%x", p.Type.MBR) + map[bool]string{true: "*"}[p.Active]
			}
			parts = append(parts, fmt.Sprintf("%d %s %s", p.Number, p.Name, code))
		}
		hybrid := map[bool]string{true: "hybrid "}[layout.Hybrid]
		if got := string(layout.Table) + " " + hybrid + strings.Join(parts, ", "); got != c.want {
			t.Errorf("%s %s: %s, want %s", c.arch, c.attributes, got, c.want)
		}
	}
}

// <oem-systemsize> counts where nothing makes the root larger at its first boot.
func TestSystemSize(t *testing.T) {
	for _, c := range []struct {
		attributes, resize string
		want               int64 // MiB; 0 is the rest
	}{
		{``, "true", 0}, {``, "false", 500},
		{`spare_part_is_last="true"`, "true", 500},
		{`spare_part="50" spare_part_is_last="true"`, "false", 0},
		{`spare_part="50"`, "false", 500}, {`root_clone="1"`, "false", 500},
	} {
		img := described(t, `<type image="oem" filesystem="ext4" firmware="efi" `+c.attributes+`><bootloader name="grub2"/><size>2000</size>
<oemconfig><oem-resize>`+c.resize+`</oem-resize><oem-systemsize>500</oem-systemsize></oemconfig></type>`)
		request, err := diskRequest(img, seed.New("test"))
		if err != nil {
			t.Fatal(err)
		}
		layout, err := partition.Plan(request)
		if err != nil {
			t.Fatal(err)
		}
		root, _ := layout.Find(partition.Root)
		if got := layout.Bytes(root) / mib; (got == 500) != (c.want == 500) {
			t.Errorf("%s, resize %s: root of %d MiB", c.attributes, c.resize, got)
		}
		last := layout.Partitions[len(layout.Partitions)-1]
		end := (layout.Offset(last) + layout.Bytes(last)) / mib
		if full := c.want == 0 || last.Role == partition.Spare && img.Type.Attr.SparePartIsLast.IsTrue(); full != (end >= 1999) {
			t.Errorf("%s, resize %s: %s ends at %d MiB", c.attributes, c.resize, last.Name, end)
		}
	}
}

func TestOutputs(t *testing.T) {
	for profile, want := range map[string]string{
		"Cloud-Base-Generic": "Fedora.x86_64-44.qcow2", "Cloud-Base-Azure": "Fedora.x86_64-44.vhdfixed", "Cloud-Base-GCE": "Fedora.x86_64-44.tar.gz",
		"Cloud-Base-AmazonEC2": "Fedora.x86_64-44.raw", "Cloud-Base-Vagrant-libvirt": "Fedora.x86_64-44.vagrant.libvirt.box",
		"Container-Base-Generic": "Fedora.x86_64-44.oci.tar.xz", "WSL-Base": "Fedora.x86_64-44.wsl",
	} {
		list, err := outputs(image(t, profile, "x86_64"), nil)
		if err != nil || len(list) != 1 || list[0].File != want {
			t.Errorf("%s: %+v, %v", profile, list, err)
		}
	}
	list, err := outputs(image(t, "Cloud-Base-Generic", "x86_64"), []string{"raw", "qcow2", "vmdk"})
	if err != nil || len(list) != 3 || !list[1].Extra || list[0].Extra {
		t.Errorf("extra formats: %+v, %v", list, err)
	}
	if _, err := outputs(image(t, "WSL-Base", "x86_64"), []string{"qcow2"}); fault.Of(err) != fault.Usage {
		t.Errorf("a disk of a container: %v", err)
	}
}

// What is not built is refused by name, before any work.
func TestRefusals(t *testing.T) {
	for kind, what := range map[string]string{
		`<type image="oem" filesystem="squashfs" firmware="bios"><bootloader name="grub2"/></type>`:                                                                              "squashfs",
		`<type image="oem" filesystem="ext4" firmware="bios" luks="x"><bootloader name="grub2"/></type>`:                                                                         "luks",
		`<type image="oem" filesystem="ext4" firmware="efi"><bootloader name="systemd_boot"/></type>`:                                                                            "systemd_boot",
		`<type image="oem" filesystem="ext4" firmware="bios" overlayroot="true"><bootloader name="grub2"/></type>`:                                                               "overlayroot",
		`<type image="oem" filesystem="ext4" firmware="bios" verity_blocks="all" embed_verity_metadata="true"><bootloader name="grub2"/></type>`:                                 "config.xml:2:",
		`<type image="oem" filesystem="ext4" firmware="bios" standalone_integrity="true" embed_integrity_metadata="true"><bootloader name="grub2"/></type>`:                      "standalone_integrity",
		`<type image="oem" filesystem="ext4" firmware="bios"><bootloader name="grub2"/><oemconfig><oem-recovery>true</oem-recovery></oemconfig></type>`:                          "oem-recovery",
		`<type image="oem" filesystem="ext4" firmware="bios" initrd_system="kiwi"><bootloader name="grub2"/></type>`:                                                             "initrd_system kiwi",
		`<type image="oem" filesystem="ext4" firmware="bios" mdraid="mirroring"><bootloader name="grub2"/></type>`:                                                               "mdraid",
		`<type image="oem" filesystem="ext4" firmware="bios"><bootloader name="grub2"/><systemdisk/></type>`:                                                                     "LVM",
		`<type image="oem" filesystem="ext4" firmware="bios" spare_part="40" spare_part_fs="ext3" spare_part_fs_attributes="no-copy-on-write"><bootloader name="grub2"/></type>`: "no-copy-on-write on ext3",
		`<type image="oem" filesystem="ext4" firmware="bios" spare_part="40" spare_part_fs="xfs" spare_part_fs_attributes="no-copy-on-write"><bootloader name="grub2"/></type>`:  "no-copy-on-write on xfs",
		`<type image="oem" filesystem="ext4" firmware="bios" target_blocksize="2048"><bootloader name="grub2"/></type>`:                                                          "target_blocksize 2048",
		`<type image="oem" filesystem="ext4" firmware="bios" target_blocksize="4096" fscreateoptions="-b 1024"><bootloader name="grub2"/></type>`:                                "blocks of 1024 bytes",
		`<type image="oem" filesystem="xfs" firmware="bios" target_blocksize="4096" fscreateoptions="-s size=512"><bootloader name="grub2"/></type>`:                             "sectors of 512 bytes",
		`<type image="oem" filesystem="ext4" firmware="bios"><bootloader name="grub2"/>
<partitions><partition name="data" size="50" filesystem="squashfs"/></partitions></type>`: "config.xml:3: file system squashfs of partition data",
	} {
		err := checkSupported(described(t, kind))
		var u *UnsupportedError
		if !errors.As(err, &u) || !strings.Contains(err.Error(), what) || fault.Of(err) != fault.Description {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// So is what a description says wrongly.
func TestMistakes(t *testing.T) {
	for kind, what := range map[string]string{
		`<type image="oem" filesystem="btrfs" firmware="bios"><bootloader name="grub2"/><systemdisk><volume name="v" quota="99999999999999G"/></systemdisk></type>`: "config.xml:2: quota of volume v",
		`<type image="oem" filesystem="btrfs" firmware="bios" fsmountoptions="compress=zip"><bootloader name="grub2"/></type>`:                                      "mount option compress=zip",
	} {
		if err := checkSupported(described(t, kind)); err == nil || !strings.Contains(err.Error(), what) || fault.Of(err) != fault.Description {
			t.Errorf("%s: %v", what, err)
		}
	}
}
