package assembler

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fimg/fimg/assembler/system"
	"github.com/fimg/fimg/fault"
	"github.com/fimg/fimg/internal/testtool"
	"github.com/fimg/fimg/partition"
	"github.com/fimg/fimg/partition/filesystem/btrfs"
	"github.com/fimg/fimg/partition/filesystem/ext4"
	"github.com/fimg/fimg/seed"
	"github.com/fimg/fimg/tree"
	"github.com/fimg/fimg/tree/rootfs"
)

// writerOf prepares the disk of a type with a tree of files of the given sizes,
// all bytes of them holes.
func writerOf(t *testing.T, kind string, files map[string]int64) *diskWriter {
	t.Helper()
	root := t.TempDir()
	for name, size := range files {
		full := filepath.Join(root, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(full), 0o755), os.WriteFile(full, nil, 0o644), os.Truncate(full, size)); err != nil {
			t.Fatal(err)
		}
	}
	img, s := described(t, kind), seed.New("test")
	return &diskWriter{img: img, root: root, seed: s, ids: newIdentifiers(s, &img.Type), epoch: time.Unix(1, 0)}
}

// fill gives a file bytes that cannot be compressed.
func fill(t *testing.T, d *diskWriter, name string, size int) {
	t.Helper()
	data, x := make([]byte, size), uint64(1)
	for i := range data {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		data[i] = byte(x)
	}
	if err := os.WriteFile(filepath.Join(d.root, name), data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// A file system that is too small for its content is refused by the plan.
func TestTooSmall(t *testing.T) {
	const begin = `<type image="oem" firmware="bios" filesystem="ext4" `
	const loader = `<bootloader name="grub2"/>`
	custom := func(fs string) string {
		return begin + `>` + loader + `<partitions><partition name="data" size="10" mountpoint="/data" filesystem="` + fs + `"/></partitions></type>`
	}
	for what, kind := range map[string]string{
		"boot":         begin + `bootpartition="true" bootpartsize="10">` + loader + `</type>`,
		"spare":        begin + `spare_part="10" spare_part_fs="ext3" spare_part_mountpoint="/data">` + loader + `</type>`,
		"root":         begin + `>` + loader + `<size unit="M">20</size></type>`,
		"btrfs root":   `<type image="oem" firmware="bios" filesystem="btrfs" fsmountoptions="compress=zstd:1">` + loader + `<size unit="M">70</size></type>`,
		"custom":       custom("ext2"),
		"custom fat16": custom("fat16"),
	} {
		t.Run(what, func(t *testing.T) {
			d := writerOf(t, kind, map[string]int64{"boot/x": 0, "data/x": 0})
			if _, err := d.layout(t.Context()); err != nil {
				t.Fatalf("small content: %v", err)
			}
			fill(t, d, "boot/x", 40<<20)
			fill(t, d, "data/x", 40<<20)
			_, err := d.layout(t.Context())
			var small *partition.TooSmallError
			if !errors.As(err, &small) || small.Needed <= small.Have || small.Needed < 40<<20 || fault.Of(err) != fault.Space {
				t.Errorf("got %v", err)
			}
		})
	}
}

// So is an ESP with a size; without one, and a root that would grow, they grow.
func TestESPSize(t *testing.T) {
	for attributes, want := range map[string]string{``: "", `efipartsize="90"`: "", `efipartsize="25"`: "partition p.UEFI is too small: needs 41 MiB, has 25 MiB"} {
		d := writerOf(t, `<type image="oem" firmware="efi" filesystem="ext4" `+attributes+`><bootloader name="grub2"/></type>`, map[string]int64{"boot/efi/x": 40 << 20})
		layout, err := d.layout(t.Context())
		var small *partition.TooSmallError
		if want != "" && (!errors.As(err, &small) || !strings.Contains(err.Error(), want) || fault.Of(err) != fault.Space) {
			t.Errorf("%s: %v", attributes, err)
		} else if p := (partition.Partition{}); want == "" {
			if err == nil {
				p, _ = layout.Find(partition.ESP)
			}
			if err != nil || layout.Bytes(p) < 40<<20 {
				t.Errorf("%s: %v, %+v", attributes, err, p)
			}
		}
	}
}

// A root of a size of its own is refused, a disk that grows with it is not.
func TestRootOfSystemSize(t *testing.T) {
	for size, want := range map[string]string{"60": "", "30": "partition p.lxroot is too small: needs "} {
		d := writerOf(t, `<type image="oem" firmware="bios" filesystem="ext2"><bootloader name="grub2"/>
<oemconfig><oem-resize>false</oem-resize><oem-systemsize>`+size+`</oem-systemsize></oemconfig></type>`, map[string]int64{"x": 0})
		fill(t, d, "x", 40<<20)
		if _, err := d.layout(t.Context()); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", size, err)
		}
	}
}

// The disk's sectors are those of its FAT file systems.
func TestFATSectors(t *testing.T) {
	d := writerOf(t, `<type image="oem" firmware="efi" filesystem="ext4" target_blocksize="4096" bootpartition="true" bootpartsize="300" bootfilesystem="fat32"><bootloader name="grub2"/>
<partitions><partition name="data" size="40" mountpoint="/data" filesystem="fat16"/></partitions></type>`, map[string]int64{"boot/efi/x": 1, "boot/y": 1, "data/z": 1})
	layout, err := d.layout(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(t.TempDir(), "disk"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := d.write(t.Context(), f, layout); err != nil {
		t.Fatal(err)
	}
	for _, role := range []partition.Role{partition.ESP, partition.Boot, partition.Custom} {
		p, _ := layout.Find(role)
		if got := probe(t, f.Name(), layout, p, "BLOCK_SIZE"); got != "4096" {
			t.Errorf("%s: sectors of %s bytes", role, got)
		}
	}
}

// Only the root has the options of the root, and only the spare partition its
// attributes; what is not mounted stays where it is.
func TestOtherFileSystems(t *testing.T) {
	d := writerOf(t, `<type image="oem" firmware="bios" filesystem="btrfs" fsmountoptions="compress=zstd:1" spare_part="200" spare_part_fs="btrfs" spare_part_mountpoint="/srv/spare"
spare_part_fs_attributes="no-copy-on-write,synchronous-updates"><bootloader name="grub2"/>
<partitions><partition name="data" size="200" mountpoint="/data" filesystem="btrfs"/><partition name="blank" size="7" mountpoint="/opt"/></partitions></type>`,
		map[string]int64{"data/x": 0, "srv/spare/x": 0, "opt/x": 5})
	for name, want := range map[partition.Role]bool{partition.Root: true, partition.Custom: false, partition.Spare: false} {
		opts, err := d.fileSystem(name, "data", 0).btrfs(200 << 20)
		if got := opts.Compression.Algo == btrfs.ZSTD; err != nil || got != want {
			t.Errorf("%s: %+v, %v", name, opts.Compression, err)
		}
	}
	flags := map[string]tree.Flags{}
	if err := d.fileSystem(partition.Spare, "", 0).tree.Walk(t.Context(), func(n *tree.Node) error {
		flags[n.Path] = n.Flags
		return nil
	}); err != nil || flags["."] != tree.NoCOW|tree.Sync || flags["x"] != tree.NoCOW {
		t.Errorf("spare partition: %v, %v", flags, err)
	}
	var paths []string
	if err := d.rootTree().Walk(t.Context(), func(n *tree.Node) error {
		paths = append(paths, n.Path)
		return nil
	}); err != nil || strings.Join(paths, " ") != ". data opt opt/x srv srv/spare" {
		t.Errorf("root: %q, %v", paths, err)
	}
}

// Nothing of this machine gets into a partition, whatever its mount point.
func TestMountPointsStayInside(t *testing.T) {
	d := writerOf(t, `<type image="oem" firmware="bios" filesystem="ext4"><bootloader name="grub2"/>
<partitions><partition name="data" size="40" mountpoint="/../..//data/./" filesystem="ext4"/></partitions></type>`, map[string]int64{"data/inside": 0, "dir/x": 0})
	f := d.fileSystem(partition.Custom, "data", 0)
	found := ""
	if err := f.tree.Walk(t.Context(), func(n *tree.Node) error { found += " " + n.Path; return nil }); err != nil || found != " . inside" || f.top != "data" {
		t.Errorf("%s: %s, %v", f.top, found, err)
	}
	if err := os.Symlink("/etc", filepath.Join(d.root, "link")); err != nil {
		t.Fatal(err)
	}
	root, err := rootfs.Open(d.root)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	for point, good := range map[string]bool{"/": true, "swap": true, "/data": true, "/dir/": true, "/link": false, "/link/dnf": false, "/data/inside": false, "/none": false} {
		if err := checkMountPoints(root, []system.Mount{{Point: point}}); (err == nil) != good || err != nil && fault.Of(err) != fault.Description {
			t.Errorf("%s: %v", point, err)
		}
	}
}

// What compresses well enough is not refused.
func TestCompressedFits(t *testing.T) {
	d := writerOf(t, `<type image="oem" firmware="bios" filesystem="btrfs" fsmountoptions="compress=zstd:1"><bootloader name="grub2"/>
<size unit="M">120</size></type>`, nil)
	if err := os.WriteFile(filepath.Join(d.root, "x"), []byte(strings.Repeat("much the same ", 10<<20)), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := d.layout(t.Context()); err != nil {
		t.Error(err)
	}
}

// A boot partition without a size takes what its content needs.
func TestBootGrows(t *testing.T) {
	d := writerOf(t, `<type image="oem" firmware="bios" filesystem="ext4" bootpartition="true" bootfilesystem="fat32"><bootloader name="grub2"/></type>`,
		map[string]int64{"boot/x": 400 << 20})
	layout, err := d.layout(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if p, _ := layout.Find(partition.Boot); layout.Bytes(p) < 400<<20 {
		t.Errorf("boot partition of %d bytes", layout.Bytes(p))
	}
}

// Clones hold what the original does under another UUID, and fstab knows the
// original by the UUID that is on the disk.
func TestClones(t *testing.T) {
	d := writerOf(t, `<type image="oem" firmware="efi" filesystem="ext4" root_clone="2" boot_clone="1" bootpartition="true" bootpartsize="40" bootfilesystem="fat32"><bootloader name="grub2"/>
<partitions><partition name="data" size="10" mountpoint="/data" filesystem="ext3" clone="1"/></partitions></type>`,
		map[string]int64{"boot/x": 5000, "data/x": 5000, "boot/efi/x": 1, "usr/x": 5000})
	layout, err := d.layout(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(t.TempDir(), "disk"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := d.write(t.Context(), f, layout); err != nil {
		t.Fatal(err)
	}
	fstab := map[string]string{}
	for _, m := range mounts(d.img, layout, d.ids, d.systemOf(layout)) {
		fstab[m.Spec] = m.Point + " " + m.Type
	}
	points := map[partition.Role]string{partition.Root: "/ ext4", partition.Boot: "/boot vfat", partition.Custom: "/data ext3", partition.ESP: "/boot/efi vfat"}
	seen, labels := map[string]bool{}, map[partition.Role]string{}
	for _, p := range layout.Partitions {
		if points[p.Role] == "" {
			continue
		}
		id, label := probe(t, f.Name(), layout, p, "UUID"), probe(t, f.Name(), layout, p, "LABEL")
		if seen[id] || labels[p.Role] != "" && labels[p.Role] != label {
			t.Errorf("partition %d (%s): UUID %s, label %s", p.Number, p.Role, id, label)
		}
		seen[id], labels[p.Role] = true, label
		if got := fstab["UUID="+id]; p.Clone == 0 && got != points[p.Role] || p.Clone > 0 && got != "" {
			t.Errorf("partition %d (%s): fstab mounts it as %q", p.Number, p.Role, got)
		}
		if p.Role == partition.Root || p.Role == partition.Custom {
			testtool.Run(t, "e2fsck", "-fn", fmt.Sprintf("%s?offset=%d", f.Name(), layout.Offset(p)))
		}
	}
	if len(seen) != 8 {
		t.Errorf("%d file systems", len(seen))
	}
}

// lost+found, which the tree does not have, is labelled by its place.
func TestLostFound(t *testing.T) {
	d := writerOf(t, `<type image="oem" firmware="bios" filesystem="ext4" bootpartition="true"><bootloader name="grub2"/></type>`, map[string]int64{"boot/x": 1})
	d.tree.Label = func(n *tree.Node) string { return "l:" + n.Path }
	for role, want := range map[partition.Role]string{partition.Boot: "l:boot/lost+found\x00", partition.Root: "l:lost+found\x00"} {
		f, err := os.Create(filepath.Join(t.TempDir(), "fs"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := d.fileSystem(role, "", 0).write(t.Context(), &window{f: f, size: 64 << 20}); err != nil {
			t.Fatal(err)
		}
		fs, err := ext4.Open(f, 64<<20)
		if err != nil {
			t.Fatal(err)
		}
		found := ""
		if err := fs.Walk(t.Context(), func(n *tree.Node) error {
			if n.Path == "lost+found" {
				value, _ := n.Xattr("security.selinux")
				found = string(value)
			}
			return nil
		}); err != nil || found != want {
			t.Errorf("%s: label %q, %v", role, found, err)
		}
	}
}

// probe asks blkid for one value of a partition's file system.
func probe(t *testing.T, disk string, layout *partition.Layout, p partition.Partition, tag string) string {
	t.Helper()
	return strings.TrimSpace(testtool.Run(t, "blkid", "-p", "-o", "value", "-s", tag,
		"-O", fmt.Sprint(layout.Offset(p)), "-S", fmt.Sprint(layout.Bytes(p)), disk))
}
