package assembler

import (
	"errors"
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
	xml := `<image schemaversion="8.5" name="x"><description type="system"><author>a</author><contact>c</contact><specification>s</specification></description>
<preferences><version>1</version><packagemanager>dnf5</packagemanager>` + kind + `</preferences>
<repository type="rpm-md"><source path="dir:///nowhere"/></repository><packages type="bootstrap"><package name="p"/></packages></image>`
	img, err := description.Load(t.Context(), description.Options{FS: fstest.MapFS{"config.xml": {Data: []byte(xml)}}, Arch: "x86_64"})
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
		`<type image="oem" filesystem="xfs" firmware="bios"><bootloader name="grub2"/></type>`:                     "xfs",
		`<type image="oem" filesystem="ext4" firmware="bios" luks="x"><bootloader name="grub2"/></type>`:           "luks",
		`<type image="oem" filesystem="ext4" firmware="efi"><bootloader name="systemd_boot"/></type>`:              "systemd_boot",
		`<type image="oem" filesystem="ext4" firmware="bios" overlayroot="true"><bootloader name="grub2"/></type>`: "overlayroot",
	} {
		err := checkSupported(described(t, kind))
		var u *UnsupportedError
		if !errors.As(err, &u) || !strings.Contains(err.Error(), what) || fault.Of(err) != fault.Description {
			t.Errorf("%s: %v", what, err)
		}
	}
}
