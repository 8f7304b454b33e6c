package manifest

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/fimg/fimg/seed"
)

func TestBundleName(t *testing.T) {
	tags := Tags{Name: "Fedora", Profiles: []string{"Cloud", "Core"}, Arch: "x86_64", Type: "oem", Version: "64"}
	two := tags
	two.Version = "1.14"
	for _, c := range []struct {
		file, pattern, want string
		tags                Tags
	}{
		{"/t/Fedora.x86_64-64.qcow2", "", "Fedora.x86_64-64-7.qcow2", tags},
		{"Fedora.x86_64-64.oci.tar.xz", "%N-%v-%I.%A", "Fedora-64-7.x86_64.oci.tar.xz", tags},
		{"Fedora.x86_64-1.14.vagrant.libvirt.box", "%N-%P-%M.%m.%p-%I", "Fedora-Cloud_Core-1.14.-7.vagrant.libvirt.box", two},
		{"Fedora.x86_64-64.tar.gz", "%N.%A.%T", "Fedora.x86_64.oem.tar.gz", tags},
		{"Fedora.x86_64-64.packages", "%N", "Fedora.packages", tags},
		{"Fedora.x86_64-64.spdx.json", "%N", "Fedora.spdx.json", tags},
	} {
		if got := BundleName(c.file, c.pattern, "7", c.tags); got != c.want {
			t.Errorf("%s with %q: got %s, want %s", c.file, c.pattern, got, c.want)
		}
	}
}

func TestResultsRoundTrip(t *testing.T) {
	r := &Results{Format: "%N-%v", Tags: Tags{Name: "n", Arch: "a", Version: "1"}}
	r.Add(File{Role: DiskFormat, Filename: "/t/n.qcow2", Bundle: true, Checksum: true})
	r.Add(File{Role: ImageChanges, Filename: "/t/n.changes", Bundle: true, Compress: true})
	var b bytes.Buffer
	if err := r.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(b.String(), "{\n    \"bundle_format\"") {
		t.Errorf("form: %s", b.String())
	}
	back, err := ReadJSON(&b)
	if err != nil || len(back.Files) != 2 || back.Files[0].Role != DiskFormat || back.Format != "%N-%v" || back.Tags.Name != "n" {
		t.Errorf("read back %+v, %v", back, err)
	}
}

func TestPackagesAndChanges(t *testing.T) {
	one := int64(1)
	list := []Package{
		{Name: "b", Version: "2", Release: "3", Arch: "noarch", License: "MIT"},
		{Name: "a", Epoch: &one, Version: "1", Release: "1", Arch: "x86_64", License: "GPL",
			Changelog: []Change{{time.Unix(0, 0), "Me <m@e> - 1", "- first"}}},
	}
	var b bytes.Buffer
	if err := WritePackages(&b, list); err != nil {
		t.Fatal(err)
	}
	if want := "a|1|1|1|x86_64|(none)|GPL\nb|(none)|2|3|noarch|(none)|MIT\n"; b.String() != want {
		t.Errorf("packages:\n%s", b.String())
	}
	b.Reset()
	if err := WriteChanges(&b, list); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "a|* Thu Jan 01 1970 Me <m@e> - 1\n- first\n") {
		t.Errorf("changes:\n%s", b.String())
	}
}

func TestSPDX(t *testing.T) {
	var b bytes.Buffer
	doc := Document{Name: "img", Version: "1", Created: time.Unix(0, 0), Seed: seed.New("x"), Tool: "fimg-0"}
	if err := WriteSPDX(&b, doc, []Package{{Name: "gcc+", Version: "1^a", Release: "1", Arch: "noarch", Checksum: "sha256:ab"}}); err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{`"spdxVersion": "SPDX-2.3"`, `"checksumValue": "ab"`, "1970-01-01T00:00:00Z", "1%5Ea-1?arch=noarch"} {
		if !strings.Contains(b.String(), s) {
			t.Errorf("no %s in\n%s", s, b.String())
		}
	}
}

func TestLockFailsClosed(t *testing.T) {
	sum := "sha256:" + strings.Repeat("0", 64)
	good := Lock{Version: 1, Repositories: []LockedRepo{{ID: "r"}}, Packages: []LockedPackage{{NEVRA: "a-0:1-1.x", Checksum: sum, Size: 1, Repo: "r"}}}
	change := func(fn func(*Lock)) Lock {
		l := good
		l.Packages = append([]LockedPackage(nil), good.Packages...)
		fn(&l)
		return l
	}
	cases := []struct {
		lock Lock
		ok   bool
	}{
		{good, true},
		{change(func(l *Lock) { l.Version = 2 }), false},
		{change(func(l *Lock) { l.Packages[0].Checksum = "md5:00" }), false},
		{change(func(l *Lock) { l.Packages[0].Repo = "other" }), false},
		{change(func(l *Lock) { l.Packages[0].Size = 0 }), false},
		{change(func(l *Lock) { l.Packages = nil }), false},
	}
	for i, c := range cases {
		var b bytes.Buffer
		if err := c.lock.Write(&b); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadLock(&b); (err == nil) != c.ok {
			t.Errorf("case %d: %v", i, err)
		}
	}
	if _, err := ReadLock(strings.NewReader(`{"version":1,"more":2}`)); err == nil {
		t.Error("a lock with an unknown field was accepted")
	}
}

func TestAddChecksums(t *testing.T) {
	two := int64(2)
	list := []Package{{Name: "bash", Version: "5.2", Release: "1", Arch: "x86_64"}, {Name: "vim", Epoch: &two, Version: "9", Release: "3", Arch: "noarch"},
		{Name: "base", Version: "1", Release: "1", Arch: "noarch", Checksum: "sha256:old"}}
	AddChecksums(list, &Lock{Packages: []LockedPackage{{NEVRA: "vim-2:9-3.noarch", Checksum: "sha256:bb"}, {NEVRA: "bash-0:5.2-1.x86_64", Checksum: "sha256:aa"}}})
	for i, want := range []string{"sha256:aa", "sha256:bb", ""} {
		if list[i].Checksum != want {
			t.Errorf("%s: %q, want %q", list[i].Name, list[i].Checksum, want)
		}
	}
}
