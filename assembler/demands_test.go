package assembler

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/fimg/fimg/description"
	"github.com/fimg/fimg/fault"
)

// documented loads a description whose parts are given: the inside of its
// preferences, and what follows them.
func documented(t *testing.T, arch, prefs, more string) *description.Image {
	t.Helper()
	xml := `<image schemaversion="8.5" name="x"><description type="system"><author>a</author><contact>c</contact><specification>s</specification></description>
<preferences><version>1</version>` + prefs + `</preferences>
` + more + `<packages type="bootstrap"><package name="p"/></packages></image>`
	img, err := description.Load(t.Context(), description.Options{FS: fstest.MapFS{"config.xml": {Data: []byte(xml)}}, Arch: arch})
	if err != nil {
		t.Fatal(err)
	}
	return img
}

const (
	someRepository = `<repository type="rpm-md"><source path="dir:///nowhere"/></repository>`
	plainDisk      = `<type image="oem" filesystem="ext4" firmware="bios" initrd_system="none"/>`
)

// Each part of a description that would otherwise be passed over is refused, with
// its own line.
func TestDemands(t *testing.T) {
	grub := func(inside string) string {
		return `<type image="oem" filesystem="ext4" firmware="bios" initrd_system="none"><bootloader name="grub2">` + inside + `</bootloader></type>`
	}
	install := `<bootloadersettings><installoption name="--compress" value="xz"/></bootloadersettings>`
	for what, c := range map[string]struct{ arch, prefs, more string }{
		"config.xml:2: attribute luks":          {"x86_64", `<type image="oem" filesystem="ext4" firmware="bios" luks=""/>`, ""},
		"config.xml:2: attribute uefi":          {"x86_64", `<type image="oem" filesystem="ext4" firmware="uefi"><initrd action="setup"><dracut uefi="true"/></initrd></type>`, ""},
		"attribute provide_system_files":        {"x86_64", `<type image="oci" provide_system_files="true"/>`, ""},
		"config.xml:2: element installoption":   {"x86_64", grub(install), ""},
		"element installoption":                 {"ppc64le", `<type image="oem" filesystem="ext4"><bootloader name="grub2">` + install + `</bootloader></type>`, ""},
		"firmware bios on aarch64":              {"aarch64", plainDisk, ""},
		"element securelinux":                   {"s390x", `<type image="oem" filesystem="ext4"><bootloader name="zipl"><securelinux hkd_ca_cert="a" hkd_sign_cert="b"><hkd_cert name="c"/></securelinux></bootloader></type>`, ""},
		"config.xml:2: package manager zypper":  {"x86_64", `<packagemanager>zypper</packagemanager>` + plainDisk, ""},
		"config.xml:3: element containers":      {"x86_64", plainDisk, `<containers source="registry.example" backend="podman"><container name="c"/></containers>`},
		"config.xml:3: attribute customize of ": {"x86_64", plainDisk, `<repository customize="edit.sh"><source path="dir:///x"/></repository>`},
		"config.xml:3: imageinclude of /x, ":    {"x86_64", plainDisk, `<repository imageinclude="true"><source path="dir:///x"/></repository>`},
	} {
		err := checkSupported(documented(t, c.arch, c.prefs, c.more+someRepository))
		var u *UnsupportedError
		if !errors.As(err, &u) || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// What has no effect, or none here, is no reason to refuse.
func TestNoDemands(t *testing.T) {
	for name, c := range map[string]struct{ arch, prefs, more string }{
		"no boot code":     {"aarch64", `<type image="oem" filesystem="ext4" initrd_system="none"><bootloader name="grub2"><bootloadersettings><installoption name="--compress" value="xz"/></bootloadersettings></bootloader></type>`, ""},
		"shim":             {"x86_64", `<type image="oem" filesystem="ext4" firmware="uefi" initrd_system="none"><bootloader name="grub2"><bootloadersettings><shimoption name="--x"/><configoption name="--set-trusted-boot"/></bootloadersettings></bootloader></type>`, ""},
		"microdnf":         {"x86_64", `<packagemanager>microdnf</packagemanager>` + plainDisk, ""},
		"other profile":    {"x86_64", plainDisk, `<containers profiles="other" source="r" backend="podman"><container name="c"/></containers><repository profiles="other" customize="edit.sh"><source path="dir:///x"/></repository>`},
		"only in .profile": {"x86_64", plainDisk, `<drivers><file name="d"/></drivers><strip type="libs"><file name="l"/></strip>`},
	} {
		if err := checkSupported(documented(t, c.arch, c.prefs, c.more+someRepository)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What kiwi would not build, and what has no effect, is told.
func TestNotes(t *testing.T) {
	img := documented(t, "x86_64", `<type image="oem" filesystem="btrfs" firmware="bios" initrd_system="none" btrfs_root_is_readonly_snapshot="true">
<systemdisk><volume name="home" label="H"/></systemdisk></type>`, someRepository)
	list := notes(img)
	for _, want := range []string{"config.xml:3: kiwi would not build this (check_volume_label_used_with_lvm): ", "config.xml:2: btrfs_root_is_readonly_snapshot has no effect "} {
		if !slices.ContainsFunc(list, func(n string) bool { return strings.HasPrefix(n, want) }) {
			t.Errorf("%q is not among %q", want, list)
		}
	}
	if list := notes(documented(t, "x86_64", plainDisk, someRepository)); len(list) != 0 {
		t.Errorf("a plain description: %q", list)
	}
}

// A format of the description that nobody writes is its mistake, with its line.
func TestUnknownFormat(t *testing.T) {
	_, err := outputs(documented(t, "x86_64", `<type image="oem" filesystem="ext4" firmware="bios" initrd_system="none" format="vhdx"/>`, someRepository), nil)
	if fault.Of(err) != fault.Description || !strings.HasPrefix(err.Error(), "config.xml:2: attribute format: ") || fault.HintOf(err) == "" {
		t.Errorf("%v", err)
	}
}

// Files that a description names and does not have are missed by the plan.
func TestSources(t *testing.T) {
	for what, more := range map[string]string{
		"config.xml:3: find file: ":        `<packages type="image"><file name="none/x" target="/etc/x"/></packages>`,
		"config.xml:3: find archive: ":     `<packages type="image"><archive name="/none/x.tar"/></packages>`,
		"config.xml:3: find certificate: ": `<certificates target_distribution="redhat"><certificate name="ca.pem"/></certificates>`,
	} {
		img := documented(t, "x86_64", plainDisk, more+someRepository)
		if err := checkSources(img); fault.Of(err) != fault.Description || !strings.HasPrefix(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
	vagrant := `<type image="oem" filesystem="ext4" firmware="bios" initrd_system="none" format="vagrant"><vagrantconfig provider="libvirt" virtualsize="9" embedded_vagrantfile="none"/></type>`
	if err := checkSources(documented(t, "x86_64", vagrant, someRepository)); err == nil || !strings.HasPrefix(err.Error(), "config.xml:2: find Vagrantfile: ") {
		t.Errorf("Vagrantfile: %v", err)
	}
	if err := checkSources(documented(t, "x86_64", plainDisk, `<packages type="image"><file name="config.xml"/></packages>`+someRepository)); err != nil {
		t.Error(err)
	}
}

// A repository's own word on signatures goes before the preference.
func TestSignedSources(t *testing.T) {
	repositories := ""
	for _, check := range []string{"", ` package_gpgcheck="true"`, ` package_gpgcheck="false"`} {
		repositories += `<repository` + check + `><source path="dir:///x"/></repository>`
	}
	for pref, want := range map[string][]bool{"": {false, true, false}, "<rpm-check-signatures>true</rpm-check-signatures>": {true, true, false}} {
		var got []bool
		for _, s := range sources(documented(t, "x86_64", pref+plainDisk, repositories)) {
			got = append(got, s.PackageGPGCheck)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: %v, want %v", pref, got, want)
		}
	}
}
