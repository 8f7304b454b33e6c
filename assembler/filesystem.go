package assembler

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"path"
	"slices"

	"github.com/fimg/fimg/partition"
	"github.com/fimg/fimg/partition/filesystem"
	"github.com/fimg/fimg/partition/filesystem/btrfs"
	"github.com/fimg/fimg/partition/filesystem/ext4"
	"github.com/fimg/fimg/partition/filesystem/fat"
	"github.com/fimg/fimg/partition/filesystem/xfs"
	"github.com/fimg/fimg/seed"
	"github.com/fimg/fimg/tree"
)

// fileSystem is what a partition of the description's own is to hold; nil holds
// nothing. The ESP, swap and boot code are not among them.
type fileSystem struct {
	disk  *diskWriter
	kind  string // as the description says
	top   string // where it is mounted, seen from the root; "" also when nowhere
	tree  tree.Tree
	label string
	id    seed.UUID
	name  string // its options and other identifiers come from it
}

// fileSystem finds the content of a partition. A clone holds what its original
// does, under a UUID of its own, so that mounting by UUID stays unambiguous.
func (d *diskWriter) fileSystem(role partition.Role, of string, clone int) *fileSystem {
	var f *fileSystem
	t := &d.img.Type
	switch role {
	case partition.Boot:
		f = &fileSystem{kind: bootType(t), top: "boot", tree: d.below("boot"), label: "BOOT", id: d.ids.boot, name: "boot"}
	case partition.Root:
		f = &fileSystem{kind: t.Attr.Filesystem, tree: d.rootTree(), label: rootLabel(t), id: d.ids.root, name: "root"}
	case partition.Spare:
		f = &fileSystem{kind: t.Attr.SparePartFS, top: mountTop(t.Attr.SparePartMountpoint), tree: d.spareTree(), label: "SPARE", id: d.ids.spare, name: "spare"}
	case partition.Custom:
		f = d.customFileSystem(of)
	}
	if f == nil || f.kind == "" {
		return nil
	}
	f.disk = d
	if clone > 0 {
		f.id = d.seed.UUID(fmt.Sprintf("filesystem %s clone %d", f.name, clone))
	}
	return f
}

func (d *diskWriter) customFileSystem(name string) *fileSystem {
	for _, c := range d.img.Type.Partitions {
		if c.Name == name {
			return &fileSystem{kind: c.Filesystem, top: mountTop(c.Mountpoint), tree: d.at(c.Mountpoint), label: customLabel(c), id: d.ids.custom[name], name: "custom " + name}
		}
	}
	return nil
}

// at is the tree below a mount point that may be missing.
func (d *diskWriter) at(mountpoint string) tree.Tree {
	rel := mountTop(mountpoint)
	if rel == "" {
		return tree.NewMem()
	}
	return d.below(rel)
}

// mountTop is a mount point as a path in the tree, "" for the root.
func mountTop(mountpoint string) string { return path.Clean("/" + mountpoint)[1:] }

func (f *fileSystem) btrfs(size int64) (btrfs.Options, error) {
	return f.disk.btrfsOptions(size, f.label, f.id, f.name)
}

func (f *fileSystem) ext(size int64) (ext4.Options, error) {
	opts, err := f.disk.extOptions(size, f.kind, f.label, f.id, f.name)
	opts.LostFound = f.lostFound()
	return opts, err
}

// lostFound are the attributes of a directory that only the file system has.
func (f *fileSystem) lostFound() []tree.Xattr {
	if f.disk.tree.Label == nil {
		return nil
	}
	n := tree.Node{Path: path.Join(f.top, "lost+found"), Mode: tree.TypeDir | 0o700}
	if label := f.disk.tree.Label(&n); label != "" {
		n.SetXattr("security.selinux", append([]byte(label), 0))
	}
	return n.Xattrs
}

func (f *fileSystem) xfs(size int64) (xfs.Options, error) {
	return f.disk.xfsOptions(size, f.label, f.id, f.name)
}

func (f *fileSystem) fat(size int64) fat.Options {
	bits := map[string]int{"fat16": 16, "fat32": 32}[f.kind]
	return fat.Options{Size: size, Bits: bits, SectorSize: sectorSize(&f.disk.img.Type), Label: f.label, Serial: fatSerial(f.id)}
}

func (f *fileSystem) unsupported() error { return &UnsupportedError{What: "file system " + f.kind} }

// write writes the file system into its partition.
func (f *fileSystem) write(ctx context.Context, w *window) error {
	switch {
	case f == nil:
		return nil
	case f.kind == "btrfs":
		opts, err := f.btrfs(w.size)
		if err != nil {
			return err
		}
		_, err = btrfs.Write(ctx, w, f.tree, opts)
		return err
	case isExt(f.kind):
		opts, err := f.ext(w.size)
		if err != nil {
			return err
		}
		return ext4.Write(ctx, w, f.tree, opts)
	case isFAT(f.kind):
		return fat.Write(ctx, w, f.tree, f.fat(w.size))
	case f.kind == "xfs":
		opts, err := f.xfs(w.size)
		if err != nil {
			return err
		}
		return xfs.Write(ctx, w, f.tree, opts)
	}
	return f.unsupported()
}

// estimate is a size in bytes that surely holds the file system.
func (f *fileSystem) estimate(ctx context.Context) (size int64, err error) {
	switch {
	case f.kind == "btrfs":
		var opts btrfs.Options
		if opts, err = f.btrfs(0); err == nil {
			size, err = btrfs.Estimate(ctx, f.tree, opts)
		}
	case isExt(f.kind):
		var opts ext4.Options
		if opts, err = f.ext(0); err == nil {
			size, err = ext4.Estimate(ctx, f.tree, opts)
		}
	case isFAT(f.kind):
		size, err = fat.Estimate(ctx, f.tree, f.fat(0))
	case f.kind == "xfs":
		var opts xfs.Options
		if opts, err = f.xfs(0); err == nil {
			size, err = xfs.Estimate(ctx, f.tree, opts)
		}
	default:
		err = f.unsupported()
	}
	if err != nil {
		return 0, fmt.Errorf("measure %s file system: %w", f.name, err)
	}
	return size, nil
}

// check tells, with a *filesystem.TooSmallError, that size bytes do not hold the
// file system. Nothing is written.
func (f *fileSystem) check(ctx context.Context, size int64) error {
	switch {
	case f == nil:
		return nil
	case f.kind == "btrfs":
		return f.checkBtrfs(ctx, size)
	case isExt(f.kind):
		opts, err := f.ext(size)
		if err != nil {
			return err
		}
		return ext4.Check(ctx, f.tree, opts)
	case isFAT(f.kind):
		return fat.Check(ctx, f.tree, f.fat(size))
	case f.kind == "xfs":
		opts, err := f.xfs(size)
		if err != nil {
			return err
		}
		return xfs.Check(ctx, f.tree, opts)
	}
	return f.unsupported()
}

// checkBtrfs compresses everything only where the uncompressed content would not
// fit.
func (f *fileSystem) checkBtrfs(ctx context.Context, size int64) error {
	opts, err := f.btrfs(size)
	if err != nil {
		return err
	}
	var small *filesystem.TooSmallError
	switch least, err := btrfs.Estimate(ctx, f.tree, opts); {
	case err != nil && !errors.As(err, &small):
		return err
	case err == nil && least <= size:
		return nil
	}
	_, err = btrfs.Plan(ctx, f.tree, opts)
	return err
}

func isExt(kind string) bool { return slices.Contains([]string{"ext2", "ext3", "ext4"}, kind) }

func isFAT(kind string) bool { return slices.Contains([]string{"vfat", "fat16", "fat32"}, kind) }

// fatSerial is the volume id that kiwi gives a FAT: the beginning of a UUID.
func fatSerial(id seed.UUID) uint32 { return binary.BigEndian.Uint32(id[:4]) }

// volumeID is a file system's UUID as blkid(8) prints it.
func volumeID(kind string, id seed.UUID) string {
	if isFAT(kind) {
		return fatID(fatSerial(id))
	}
	return id.String()
}

func fatID(serial uint32) string { return fmt.Sprintf("%04X-%04X", serial>>16, serial&0xffff) }

// mountType is a file system's name for mount(8).
func mountType(kind string) string {
	if isFAT(kind) {
		return "vfat"
	}
	return kind
}
