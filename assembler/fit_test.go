package assembler

import (
	"errors"
	"strings"
	"testing"

	"github.com/fimg/fimg/assembler/manifest"
	"github.com/fimg/fimg/fault"
	"github.com/fimg/fimg/partition"
	"github.com/fimg/fimg/repo/rpm"
)

// planned is the plan of a type whose packages take so many MiB.
func planned(t *testing.T, kind string, size int64) (*Plan, error) {
	t.Helper()
	img := described(t, kind)
	if err := checkSupported(img); err != nil {
		t.Fatal(err)
	}
	p := &Plan{Image: img, Lock: &manifest.Lock{Packages: []manifest.LockedPackage{{Size: size * mib / 4, Installed: size * mib}}}}
	return p, p.estimate(t.Context())
}

// What cannot fit is refused by the plan, with the place, need and what there is.
func TestPlanRefuses(t *testing.T) {
	oem := func(attributes, inner string) string {
		return `<type image="oem" filesystem="ext4" ` + attributes + `><bootloader name="grub2"/>` + inner + `</type>`
	}
	custom := func(size, fs string) string {
		return `<partitions><partition name="data" size="` + size + `" mountpoint="/data" filesystem="` + fs + `"/></partitions>`
	}
	for what, c := range map[string]struct {
		kind, text string
		class      fault.Class
	}{
		"size":                {oem(`firmware="bios"`, `<size>290</size>`), "disk (root for all packages) is too small: needs 300 MiB, has 2", fault.Space},
		"G meant":             {oem(`firmware="bios"`, `<size unit="M">5</size>`), "disk (root for all packages) is too small: needs 300 MiB, has ", fault.Space},
		"unpartitioned":       {oem(`firmware="bios"`, `<size unit="G" unpartitioned="1">1</size>`), "disk is too small: needs 1026 MiB, has 1024 MiB", fault.Space},
		"swap":                {oem(`firmware="bios"`, `<oemconfig><oem-swap>true</oem-swap><oem-swapsize>2000</oem-swapsize></oemconfig><size>900</size>`), "disk is too small: needs 2002 MiB, has 900 MiB", fault.Space},
		"clones":              {oem(`firmware="bios" root_clone="3"`, `<size>900</size>`), "disk (root for all packages) is too small: needs 300 MiB, has 22", fault.Space},
		"boot, swap and root": {oem(`firmware="bios" bootpartition="true" bootpartsize="100"`, `<size>300</size>`), "disk (boot and root for all packages) is too small", fault.Space},
		"esp":                 {oem(`firmware="efi" efipartsize="1"`, ``), "partition 2 (esp): FAT16 file system is too small: needs 2", fault.Space},
		"esp, 4096":           {oem(`firmware="efi" efipartsize="15" target_blocksize="4096"`, ``), "partition 2 (esp): FAT16 file system is too small: needs 1", fault.Space},
		"boot":                {oem(`firmware="bios" bootpartition="true" bootfilesystem="btrfs" bootpartsize="10"`, ``), "partition 1 (boot): btrfs file system is too small", fault.Space},
		"custom":              {oem(`firmware="efi"`, custom("20M", "fat32")), "partition 3 (data): FAT32 file system is too small: needs 3", fault.Space},
		"custom, btrfs":       {oem(`firmware="efi"`, custom("20M", "btrfs")), "partition 3 (data): btrfs file system is too small", fault.Space},
		"spare":               {oem(`firmware="efi" spare_part="9" spare_part_fs="btrfs"`, ``), "partition 3 (spare): btrfs file system is too small", fault.Space},
		"FAT16 of 5 G":        {oem(`firmware="efi"`, custom("5G", "fat16")), "partition 3 (data): ", fault.Description},
		"ESP of 5 G":          {oem(`firmware="efi" efipartsize="5120"`, ``), "partition 2 (esp): ", fault.Description},
		"systemsize":          {oem(`firmware="bios"`, `<oemconfig><oem-resize>false</oem-resize><oem-systemsize>100</oem-systemsize></oemconfig>`), "disk (root for all packages) is too small: needs 300 MiB, has 100 MiB", fault.Space},
		"two volumes":         {`<type image="oem" filesystem="btrfs" firmware="efi"><bootloader name="grub2"/><systemdisk><volume name="v"/><volume name="v"/></systemdisk></type>`, "partition 3 (root): btrfs options: two subvolumes at \"@/v\"", fault.Description},
		"label":               {oem(`firmware="bios" rootfs_label="more_than_sixteen"`, ``), "label", fault.Description},
		"five":                {oem(`firmware="bios" bootpartition="true"`, `<oemconfig><oem-swap>true</oem-swap></oemconfig><partitions><partition name="aa" size="1"/><partition name="cc" size="1"/></partitions>`), "number 5: a table of type msdos has four", fault.Description},
		"hybrid MBR":          {oem(`firmware="efi" efiparttable="msdos" gpt_hybrid_mbr="true"`, ``), "gpt_hybrid_mbr", fault.Description},
		"forced MBR":          {oem(`firmware="efi" efiparttable="msdos" force_mbr="true"`, ``), "force_mbr", fault.Description},
	} {
		_, err := planned(t, c.kind, 400)
		if err == nil || !strings.Contains(err.Error(), c.text) || fault.Of(err) != c.class {
			t.Errorf("%s: class %v: %v", what, fault.Of(err), err)
		}
		var small *partition.TooSmallError
		if c.class == fault.Space && (!errors.As(err, &small) || small.Needed <= small.Have) {
			t.Errorf("%s: %+v", what, small)
		}
	}
}

// What does fit is not.
func TestPlanAccepts(t *testing.T) {
	for what, kind := range map[string]string{
		"usr apart": `<type image="oem" filesystem="ext4" firmware="bios"><bootloader name="grub2"/><size>900</size>
<partitions><partition name="uu" size="600" mountpoint="/usr" filesystem="ext4"/></partitions></type>`,
		"not efi": `<type image="oem" filesystem="ext4" firmware="bios" force_mbr="true" gpt_hybrid_mbr="true"><bootloader name="grub2"/></type>`,
		"volumes": `<type image="oem" filesystem="btrfs" firmware="efi" btrfs_quota_groups="true"><bootloader name="grub2"/><size additive="true" unit="G">1</size>
<systemdisk><volume name="@root=r"/><volume name="var/log" parent="/"/><volume name="home" copy_on_write="false" quota="3G"/></systemdisk></type>`,
		"4096": `<type image="oem" filesystem="ext4" firmware="efi" target_blocksize="4096" bootpartition="true" bootfilesystem="fat32"><bootloader name="grub2"/></type>`,
	} {
		if _, err := planned(t, kind, 400); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// Packages count where their files come to lie.
func TestPlaceOf(t *testing.T) {
	p, err := planned(t, `<type image="oem" filesystem="ext4" firmware="efi" efipartsize="30" bootpartition="true" bootpartsize="90"
spare_part="50" spare_part_fs="ext2" spare_part_mountpoint="/srv/spare/"><bootloader name="grub2"/>
<partitions><partition name="uu" size="600" mountpoint="/usr" filesystem="ext4" clone="1"/><partition name="nn" size="7" mountpoint="/opt"/></partitions></type>`, 400)
	if err != nil {
		t.Fatal(err)
	}
	places := mountPlaces(p)
	for dir, want := range map[string]string{"/": ".", "/etc/": ".", "/usr/bin/": "usr", "/lib/modules/6/": "usr", "/boot/": "boot",
		"/boot/efi/EFI/": "boot/efi", "/srv/": ".", "/srv/spare/x/": "srv/spare", "/usrx/": ".", "/opt/x/": "."} {
		if got := placeOf(dir, places); got != want {
			t.Errorf("%s is in %s, want %s", dir, got, want)
		}
	}
	b := &builder{plan: p}
	for name, f := range map[string]rpm.File{
		"kernel":    {Dir: "/boot/", Base: "vmlinuz-6", Mode: rpm.ModeRegular, Flags: rpm.FileGhost},
		"file":      {Dir: "/boot/", Base: "x", Mode: rpm.ModeRegular},
		"first one": {Dir: "/", Base: "x", Mode: rpm.ModeRegular, Links: []int{3, 4}},
	} {
		if !b.stays(&f, 3) {
			t.Errorf("%s does not count", name)
		}
	}
	for name, f := range map[string]rpm.File{
		"ghost":  {Dir: "/boot/", Base: "initramfs", Mode: rpm.ModeRegular, Flags: rpm.FileGhost},
		"link":   {Dir: "/", Base: "x", Mode: rpm.ModeSymlink},
		"second": {Dir: "/", Base: "x", Mode: rpm.ModeRegular, Links: []int{2, 3}},
	} {
		if b.stays(&f, 3) {
			t.Errorf("%s counts", name)
		}
	}
}
