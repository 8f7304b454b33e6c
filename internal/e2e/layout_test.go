package e2e

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/fimg/fimg/description"
	"github.com/fimg/fimg/event"
	"github.com/fimg/fimg/fault"
	"github.com/fimg/fimg/internal/testtool"
	"github.com/fimg/fimg/partition"
)

// withType is a small image with another build type and config.sh.
func withType(t *testing.T, kind, script string) description.Options {
	t.Helper()
	opt := small(t, base, script, "")
	xml := string(opt.FS.(fstest.MapFS)["config.xml"].Data)
	xml = regexp.MustCompile(`(?s)<type image=.*</type>`).ReplaceAllLiteralString(xml, kind)
	opt.FS.(fstest.MapFS)["config.xml"].Data = []byte(xml)
	return opt
}

// fillScript puts something below every mount point that the layouts have.
const fillScript = `#!/bin/bash
set -e
mkdir -p /boot/efi/EFI /srv/spare /data /home/u /var/log/x
for d in /boot /boot/efi/EFI /srv/spare /data /home/u /var/log/x; do
	echo "content of $d" > $d/marker
	head -c 300000 /dev/urandom > $d/random
done
`

// layouts are build types by what is special in their disks, with the partitions
// that come of them by number and file system.
var layouts = map[string]struct {
	kind, want string
	free       int64 // MiB behind the last partition
}{
	"logical": {`<type image="oem" firmware="bios" filesystem="ext4" dosparttable_extended_layout="true" bootpartition="true" bootpartsize="60" bootfilesystem="ext2" initrd_system="none">
<bootloader name="custom"/><oemconfig><oem-swap>true</oem-swap><oem-swapsize>40</oem-swapsize></oemconfig>
<partitions><partition name="data" size="20" mountpoint="/data" filesystem="ext3"/><partition name="home" size="30M" mountpoint="/home" filesystem="fat16"/></partitions></type>`,
		"1:ext2 2:swap 3:ext3 4: 5:vfat 6:ext4", 0},
	"everything in a GPT": {`<type image="oem" firmware="uefi" filesystem="ext4" disk_start_sector="34816" bootpartition="true" bootpartsize="60" bootfilesystem="fat32" boot_clone="1" root_clone="1" efipartsize="40"
spare_part="120" spare_part_fs="btrfs" spare_part_mountpoint="/srv/spare" spare_part_fs_attributes="no-copy-on-write,synchronous-updates" initrd_system="none">
<bootloader name="custom"/><size additive="true">70</size><oemconfig><oem-swap>true</oem-swap></oemconfig>
<partitions><partition name="data" size="20" mountpoint="/data" filesystem="ext3" clone="2"/><partition name="hh" partition_name="home" size="30M" mountpoint="/home" filesystem="fat16"/></partitions></type>`,
		"1: 2:vfat 3:vfat 4:vfat 5:swap 6:ext3 7:ext3 8:ext3 9:vfat 10:btrfs 11:ext4 12:ext4", 0},
	"force_mbr": {`<type image="oem" firmware="efi" eficsm="false" filesystem="btrfs" force_mbr="true" disk_start_sector="34816" bootpartition="true" initrd_system="none"><bootloader name="custom"/></type>`,
		"1:vfat 2:btrfs 3:btrfs", 0},
	"hybrid": {`<type image="oem" firmware="efi" filesystem="ext4" gpt_hybrid_mbr="true" eficsmpart_id="14" efipart_id="15" rootpart_id="1" devicepersistency="by-partuuid" initrd_system="none"><bootloader name="custom"/></type>`,
		"1:ext4 14: 15:vfat", 0},
	"4096": {`<type image="oem" firmware="efi" eficsm="false" filesystem="ext4" target_blocksize="4096" efipartsize="30" bootpartition="true" bootpartsize="300" bootfilesystem="fat32" initrd_system="none"><bootloader name="custom"/>
<oemconfig><oem-swap>true</oem-swap></oemconfig><partitions><partition name="data" size="40" mountpoint="/data" filesystem="fat16"/></partitions></type>`,
		"1:vfat 2:vfat 3:swap 4:vfat 5:ext4", 0},
	"unpartitioned": {`<type image="oem" firmware="efi" filesystem="ext4" spare_part="100" spare_part_is_last="true" initrd_system="none"><bootloader name="custom"/><size unit="G" unpartitioned="1">2</size></type>`,
		"1: 2:vfat 3:ext4 4:", 1024},
	"xfs": {`<type image="oem" firmware="efi" eficsm="false" filesystem="xfs" fscreateoptions="-m reflink=0 -i size=1024" bootpartition="true" bootfilesystem="xfs" spare_part="320" spare_part_fs="xfs" spare_part_mountpoint="/srv/spare" initrd_system="none"><bootloader name="custom"/>
<partitions><partition name="data" size="310" mountpoint="/data" filesystem="xfs"/></partitions></type>`,
		"1:vfat 2:xfs 3:xfs 4:xfs 5:xfs", 0},
	"xfs 4096": {`<type image="oem" firmware="efi" eficsm="false" filesystem="xfs" target_blocksize="4096" efipartsize="300" initrd_system="none"><bootloader name="custom"/></type>`,
		"1:vfat 2:xfs", 0},
	"fixed root": {`<type image="oem" firmware="bios" filesystem="ext3" initrd_system="none"><bootloader name="custom"/><size>1500</size>
<oemconfig><oem-resize>false</oem-resize><oem-systemsize>900</oem-systemsize></oemconfig></type>`, "1:ext3", 599},
	"volumes": {`<type image="oem" firmware="efi" filesystem="btrfs" btrfs_quota_groups="true" btrfs_set_default_volume="false" fsmountoptions="compress=zstd:1" initrd_system="none"><bootloader name="custom"/><size additive="true">200</size>
<systemdisk><volume name="@root=system" size="1G"/><volume name="var/log" parent="/"/><volume name="home" quota="3G"/><volume name="srv" copy_on_write="false" parent="home"/></systemdisk></type>`,
		"1: 2:vfat 3:btrfs", 0},
}

// Real disks of all layouts: what is in them, and what the tools say.
func TestLayouts(t *testing.T) {
	testtool.Long(t)
	testtool.NeedRoot(t)
	testtool.Need(t, "sgdisk", "sfdisk", "parted", "blkid", "losetup", "xfs_repair")
	for name, c := range layouts {
		t.Run(name, func(t *testing.T) {
			p := plan(t, load(t, withType(t, c.kind, fillScript)))
			dir := t.TempDir()
			disk := build(t, p, buildOptions(dir)).Products[0].Path
			if free := judgeDisk(t, disk, p.Layout, c.want); free>>20 != c.free {
				t.Errorf("%d bytes are free behind the last partition", free)
			}
		})
	}
}

// judgeDisk returns what is free behind the last partition.
func judgeDisk(t *testing.T, disk string, planned *partition.Layout, want string) int64 {
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
	found, err := partition.Read(f, info.Size(), planned.SectorSize)
	if err != nil || len(found.Warnings) > 0 {
		t.Fatalf("read: %v %q", err, found.Warnings)
	}
	if found.Layout.Hybrid != planned.Hybrid || info.Size() != found.Layout.Size {
		t.Errorf("hybrid %v, %d bytes; planned %v", found.Layout.Hybrid, info.Size(), planned.Hybrid)
	}
	device := strings.TrimSpace(testtool.Run(t, "losetup", "-b", fmt.Sprint(planned.SectorSize), "-f", "--show", disk))
	defer testtool.Run(t, "losetup", "-d", device)
	askTools(t, device, found.Layout)
	var seen []string
	end := int64(0)
	files, root := map[string]string{}, ""
	for _, p := range found.Layout.Partitions {
		file := cut(t, disk, found.Layout, p)
		end = max(end, found.Layout.Offset(p)+found.Layout.Bytes(p))
		id := func(tag string) string {
			out, _ := exec.Command("blkid", "-p", "-o", "value", "-s", tag, file).Output()
			return strings.TrimSpace(string(out))
		}
		seen = append(seen, fmt.Sprintf("%d:%s", p.Number, id("TYPE")))
		files["UUID="+id("UUID")], files["PARTUUID="+found.Layout.PartUUID(p)] = file, file
		if q, _ := planned.Find(partition.Root); q.Number == p.Number {
			root = file
		}
		checkFS(t, id("TYPE"), file)
	}
	slices.SortFunc(seen, func(a, b string) int { return len(a) - len(b) })
	slices.SortStableFunc(seen, func(a, b string) int { return number(a) - number(b) })
	if got := strings.Join(seen, " "); got != want {
		t.Errorf("partitions %s, want %s", got, want)
	}
	for _, q := range planned.Partitions { // what the plan said is what came
		if !slices.ContainsFunc(found.Layout.Partitions, func(p partition.Partition) bool {
			return p.Number == q.Number && p.Name == q.Name && p.GUID == q.GUID && p.Type.MBR == q.Type.MBR && p.Logical == q.Logical
		}) {
			t.Errorf("the plan's partition %+v is not there", q)
		}
	}
	checkMounts(t, root, files)
	return info.Size() - end
}

func number(seen string) (n int) {
	fmt.Sscanf(seen, "%d:", &n)
	return n
}

// askTools has partitioning tools judge a disk.
func askTools(t *testing.T, device string, layout *partition.Layout) {
	t.Helper()
	if out := testtool.Run(t, "sfdisk", "-V", device); !strings.Contains(out, "No errors detected") {
		t.Errorf("sfdisk: %s", out)
	}
	if out := testtool.Run(t, "parted", "-s", device, "unit", "s", "print"); strings.Contains(out, "Warning") || strings.Contains(out, "Error") {
		t.Errorf("parted: %s", out)
	}
	if layout.Table != partition.GPT {
		return
	}
	if out := testtool.Run(t, "sgdisk", "-v", device); !strings.Contains(out, "No problems found") || strings.Contains(out, "Warning") {
		t.Errorf("sgdisk: %s", out)
	}
}

// checkFS has its own tools judge a file system.
func checkFS(t *testing.T, kind, file string) {
	t.Helper()
	switch kind {
	case "ext2", "ext3", "ext4":
		testtool.Run(t, "e2fsck", "-fn", file)
	case "vfat":
		testtool.Run(t, "fsck.vfat", "-n", file)
	case "btrfs":
		testtool.Run(t, "btrfs", "check", "--check-data-csum", file)
	case "xfs":
		testtool.Run(t, "xfs_repair", "-n", "-f", file)
	case "swap":
		testtool.Run(t, "swaplabel", file)
	}
}

// checkMounts mounts what fstab lists and looks for the content of every marker
// where a running system would.
func checkMounts(t *testing.T, root string, files map[string]string) {
	t.Helper()
	tops := map[string]string{} // of file systems, by file
	mount := func(file string) string {
		if tops[file] == "" {
			tops[file] = unpacked(t, file)
		}
		return tops[file]
	}
	var found []string
	for _, pattern := range []string{"etc/fstab", "*/etc/fstab"} {
		more, _ := filepath.Glob(filepath.Join(mount(root), pattern))
		found = append(found, more...)
	}
	if len(found) != 1 {
		t.Fatalf("fstab is at %q", found)
	}
	text, err := os.ReadFile(found[0])
	if err != nil {
		t.Fatal(err)
	}
	points := map[string]string{} // directories of this machine by mount point
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		file, ok := files[f[0]]
		if !ok {
			t.Errorf("fstab has %s, which is not there", f[0])
			continue
		}
		if f[1] == "swap" {
			continue
		}
		subvolume := ""
		if _, after, ok := strings.Cut(f[3], "subvol="); ok {
			subvolume, _, _ = strings.Cut(after, ",")
		}
		points[f[1]] = filepath.Join(mount(file), subvolume)
	}
	for _, dir := range []string{"/boot", "/boot/efi/EFI", "/srv/spare", "/data", "/home/u", "/var/log/x"} {
		at := dir
		for points[at] == "" && at != "/" {
			at = filepath.Dir(at)
		}
		got, err := os.ReadFile(filepath.Join(points[at], strings.TrimPrefix(dir, at), "marker"))
		if string(got) != "content of "+dir+"\n" {
			t.Errorf("%s in the file system for %s: %q, %v\n%s", dir, at, got, err, text)
		}
	}
}

// unpacked is a directory with what a file system holds.
func unpacked(t *testing.T, file string) string {
	t.Helper()
	kind, err := exec.Command("blkid", "-p", "-o", "value", "-s", "TYPE", file).Output()
	switch strings.TrimSpace(string(kind)) {
	case "btrfs":
		return testtool.Mount(t, file, "ro,subvolid=5")
	case "vfat": // not every kernel has it
		dir := t.TempDir()
		testtool.Run(t, "mcopy", "-s", "-n", "-i", file, "::/", dir)
		return dir
	}
	if err != nil {
		t.Fatal(err)
	}
	return testtool.Mount(t, file, "ro")
}

// What the files of the packages show to be too small is refused after the
// download and before anything is installed; the rest by the plan.
func TestTooSmallEarly(t *testing.T) {
	testtool.Long(t)
	testtool.NeedRoot(t)
	oem := func(attributes, inner string) string {
		return `<type image="oem" firmware="efi" filesystem="ext4" initrd_system="none" ` + attributes + `><bootloader name="custom"/>` + inner + `</type>`
	}
	for name, c := range map[string]struct{ kind, text, last string }{
		"size":   {oem(``, `<size>45</size>`), "disk (root for all packages) is too small: needs ", ""},
		"swap":   {oem(``, `<size>900</size><oemconfig><oem-swap>true</oem-swap><oem-swapsize>1000</oem-swapsize></oemconfig>`), "disk is too small: needs 1025 MiB, has 900 MiB", ""},
		"usr":    {oem(``, `<partitions><partition name="usr" size="20" mountpoint="/usr" filesystem="ext4"/></partitions>`), "partition for /usr is too small: needs ", "download"},
		"root":   {oem(``, `<size>900</size><partitions><partition name="usr" size="865" mountpoint="/data" filesystem="ext4"/></partitions>`), "partition for / is too small: needs ", "download"},
		"usr 2":  {oem(``, `<partitions><partition name="usr" size="30" mountpoint="/usr" filesystem="btrfs" clone="1"/></partitions>`), "btrfs file system is too small: needs ", ""},
		"script": {oem(``, `<partitions><partition name="data" size="4" mountpoint="/data" filesystem="ext2"/></partitions>`), "plan partition 3 (data): ext2 file system is too small: needs ", "disk"},
	} {
		t.Run(name, func(t *testing.T) {
			last, target := "", filepath.Join(t.TempDir(), "out")
			opts := buildOptions(target)
			opts.Events = func(e event.Event) {
				if e.Kind == event.Phase && !e.End {
					last = e.Phase
				}
			}
			err := attempt(t.Context(), withType(t, c.kind, "#!/bin/bash\nmkdir /data; head -c 9000000 /dev/zero >/data/x\n"), opts)
			var small *partition.TooSmallError
			if !errors.As(err, &small) || fault.Of(err) != fault.Space || !strings.Contains(err.Error(), c.text) || small.Needed <= small.Have {
				t.Errorf("%v", err)
			}
			if last != c.last {
				t.Errorf("refused in phase %q, want %q: %v", last, c.last, err)
			}
			nothingLeft(t, target)
		})
	}
}
