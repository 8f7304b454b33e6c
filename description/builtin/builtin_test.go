package builtin

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/fimg/fimg/description"
)

func load(t *testing.T, profile, arch string) *description.Image {
	t.Helper()
	img, err := description.Load(context.Background(), description.Options{FS: FS(), Arch: arch, Profiles: []string{profile}})
	if err != nil {
		t.Fatalf("%s on %s: %v", profile, arch, err)
	}
	return img
}

func TestEveryImage(t *testing.T) {
	both, x86 := []string{"x86_64", "aarch64"}, []string{"x86_64"}
	all := []string{"x86_64", "aarch64", "ppc64le", "s390x"}
	for _, c := range []struct {
		profile, image, format string
		arches                 []string
	}{
		{"Cloud-Base-Generic", "oem", "qcow2", all},
		{"Cloud-Base-AmazonEC2", "oem", "", both},
		{"Cloud-Base-Azure", "oem", "vhd-fixed", both},
		{"Cloud-Base-GCE", "oem", "gce", both},
		{"Cloud-Base-Vagrant-libvirt", "oem", "vagrant", both},
		{"Cloud-Base-Vagrant-VirtualBox", "oem", "vagrant", x86},
		{"Container-Base-Generic", "oci", "", all},
		{"Container-Base-Generic-Minimal", "oci", "", all},
		{"WSL-Base", "wsl", "", all},
	} {
		for _, arch := range c.arches {
			img := load(t, c.profile, arch)
			if img.Type.Attr.Image != c.image || img.Type.Attr.Format != c.format {
				t.Errorf("%s on %s is %s/%s", c.profile, arch, img.Type.Attr.Image, img.Type.Attr.Format)
			}
			if _, ok := img.Script("config.sh"); !ok || len(img.Repositories) != 2 || len(img.Notes) != 0 {
				t.Errorf("%s on %s: script %v, repositories %d, notes %v", c.profile, arch, ok, len(img.Repositories), img.Notes)
			}
		}
	}
}

func TestGenericDisk(t *testing.T) {
	img := load(t, DefaultProfile, "x86_64")
	if img.Type.Firmware.EFI != "uefi" || !img.Type.Firmware.LegacyBIOS || img.Type.Root.Manager != "btrfs" || img.Type.Root.SetDefault {
		t.Errorf("firmware %+v, root %+v", img.Type.Firmware, img.Type.Root)
	}
	var paths []string
	for _, v := range img.Type.Volumes {
		paths = append(paths, v.Name+" "+v.Path+" "+v.Parent)
	}
	if want := []string{"root / ", "boot boot /", "home home /", "var var /"}; !slices.Equal(paths, want) {
		t.Errorf("volumes %q", paths)
	}
	if got := description.Names(img.Packages.Image.Collections); !slices.Equal(got, []string{"cloud-server-environment"}) {
		t.Errorf("collections %q", got)
	}
	if img.Repositories[0].URL != "https://mirrors.fedoraproject.org/metalink?repo=fedora-$releasever&arch=$basearch" {
		t.Errorf("repository %+v", img.Repositories[0])
	}
}

func TestHelperIsNoImage(t *testing.T) {
	_, err := description.Load(context.Background(), description.Options{FS: FS(), Arch: "x86_64", Profiles: []string{"CloudCore"}})
	var none *description.TypeError
	if !errors.As(err, &none) || !slices.Contains(none.UsedBy, DefaultProfile) {
		t.Errorf("%v", err)
	}
}
