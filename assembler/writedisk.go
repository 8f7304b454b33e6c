package assembler

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/fimg/fimg/bootloader"
	"github.com/fimg/fimg/bootloader/zipl"
	"github.com/fimg/fimg/description"
	"github.com/fimg/fimg/event"
	"github.com/fimg/fimg/partition"
	"github.com/fimg/fimg/partition/filesystem/fat"
	"github.com/fimg/fimg/partition/filesystem/swap"
	"github.com/fimg/fimg/seed"
	"github.com/fimg/fimg/tree"
)

// diskWriter fills one sparse file with a partitioned disk.
type diskWriter struct {
	img    *description.Image
	root   string // host path of the finished tree
	tree   tree.DirOptions
	seed   seed.Seed
	ids    identifiers
	epoch  time.Time
	jobs   int
	events event.Func
	boot   bootCode
}

// bootCode is what goes outside of file systems.
type bootCode struct {
	boot, core []byte // of a BIOS
	prep       []byte // of a PReP partition
	zipl       *zipl.Setup
}

// layout plans the disk for what the tree really holds, and refuses one on which a
// file system does not find the room for its content.
func (d *diskWriter) layout(ctx context.Context) (*partition.Layout, error) {
	request, err := diskRequest(d.img, d.seed)
	if err != nil {
		return nil, err
	}
	if err := d.measurePartitions(ctx, &request); err != nil {
		return nil, err
	}
	layout, err := partition.Plan(request)
	if err != nil {
		return nil, fmt.Errorf("plan disk: %w", err)
	}
	for _, p := range layout.Partitions {
		if err := d.check(ctx, p, layout.Bytes(p), nil); err != nil {
			return nil, err
		}
	}
	return layout, nil
}

// check tries the file system of a partition on it, with the content it is to have
// or with another. Nothing is written.
func (d *diskWriter) check(ctx context.Context, p partition.Partition, size int64, content tree.Tree) (err error) {
	switch f := d.fileSystem(p.Role, p.Of, p.Clone); {
	case p.Role == partition.ESP && content == nil:
		err = fat.Check(ctx, d.espTree(), d.espOptions(size))
	case p.Role == partition.ESP:
		err = fat.Check(ctx, content, d.espOptions(size))
	case p.Role == partition.Swap:
		err = d.swapOptions(size).Check()
	case f != nil && content != nil:
		f.tree = content
		err = f.check(ctx, size)
	default:
		err = f.check(ctx, size)
	}
	if err != nil {
		return fmt.Errorf("plan partition %d (%s): %w", p.Number, cmp.Or(p.Of, string(p.Role)), err)
	}
	return nil
}

// measurePartitions gives those partitions a size that the description leaves
// open.
func (d *diskWriter) measurePartitions(ctx context.Context, request *partition.Request) error {
	if err := d.measureBoot(ctx, request); err != nil {
		return err
	}
	t := &d.img.Type
	if t.Size != nil && !t.Size.Additive.IsTrue() {
		return nil
	}
	content, paths, err := measure(ctx, d.rootTree())
	if err != nil {
		return err
	}
	least, err := d.fileSystem(partition.Root, "", 0).estimate(ctx)
	if err != nil {
		return err
	}
	request.Root.Needed = least
	if request.Root.Size == 0 {
		request.Root.Needed = max(least, partition.WithOverhead(t.Attr.Filesystem, content, paths))
	}
	return nil
}

// measureBoot does so for those the machine starts from.
func (d *diskWriter) measureBoot(ctx context.Context, request *partition.Request) (err error) {
	if request.BIOSBoot != nil {
		request.BIOSBoot.Needed = int64(len(d.boot.core))
	}
	if request.PReP != nil {
		request.PReP.Needed = int64(len(d.boot.prep))
	}
	if request.ESP != nil {
		if request.ESP.Needed, err = fat.Estimate(ctx, d.espTree(), d.espOptions(0)); err != nil {
			return fmt.Errorf("measure efi system partition: %w", err)
		}
		if grows(d.img, partition.ESP) {
			request.ESP.Size = max(request.ESP.Size, request.ESP.Needed)
		}
	}
	if request.Boot != nil && grows(d.img, partition.Boot) {
		least, err := d.fileSystem(partition.Boot, "", 0).estimate(ctx)
		if err != nil {
			return err
		}
		request.Boot.Size = max(request.Boot.Size, least)
	}
	return nil
}

// measure adds up what a tree holds, each inode once.
func measure(ctx context.Context, t tree.Tree) (content, paths int64, err error) {
	seen := map[uint64]bool{}
	err = t.Walk(ctx, func(n *tree.Node) error {
		paths++
		if n.Link == 0 || !seen[n.Link] {
			content += n.Size
			seen[n.Link] = true
		}
		return nil
	})
	if err != nil {
		return 0, 0, fmt.Errorf("measure tree: %w", err)
	}
	return content, paths, nil
}

// write makes the whole disk in f, which must be an empty file.
func (d *diskWriter) write(ctx context.Context, f *os.File, layout *partition.Layout) error {
	if err := f.Truncate(layout.Size); err != nil {
		return fmt.Errorf("make disk: %w", err)
	}
	for _, p := range layout.Partitions {
		w := &window{f: f, at: layout.Offset(p), size: layout.Bytes(p)}
		if err := d.writePartition(ctx, w, p); err != nil {
			return fmt.Errorf("write partition %d (%s): %w", p.Number, cmp.Or(p.Of, string(p.Role)), err)
		}
	}
	if err := layout.Write(f); err != nil {
		return fmt.Errorf("write partition table: %w", err)
	}
	if err := d.installZipl(f, layout); err != nil {
		return err
	}
	return d.writeBootCode(f, layout)
}

func (d *diskWriter) writePartition(ctx context.Context, w *window, p partition.Partition) error {
	switch p.Role {
	case partition.ESP:
		return fat.Write(ctx, w, d.espTree(), d.espOptions(w.size))
	case partition.Swap:
		return swap.Write(w, d.swapOptions(w.size))
	case partition.PReP:
		_, err := w.WriteAt(d.boot.prep, 0)
		return err
	}
	return d.fileSystem(p.Role, p.Of, p.Clone).write(ctx, w)
}

func (d *diskWriter) espOptions(size int64) fat.Options {
	return fat.Options{Size: size, Bits: 16, SectorSize: sectorSize(&d.img.Type), Label: "EFI", Serial: d.ids.esp}
}

func (d *diskWriter) swapOptions(size int64) swap.Options {
	return swap.Options{Size: size, Label: "SWAP", UUID: d.ids.swap,
		PageSize: swap.PageSizeFor(d.img.Arch), BigEndian: swap.BigEndianFor(d.img.Arch)}
}

// window is a part of the disk as a writer's whole device.
type window struct {
	f        *os.File
	at, size int64
}

func (w *window) WriteAt(p []byte, off int64) (int, error) {
	if off < 0 || off+int64(len(p)) > w.size {
		return 0, errors.New("write outside of the partition")
	}
	return w.f.WriteAt(p, w.at+off)
}

func (w *window) ReadAt(p []byte, off int64) (int, error) {
	return io.NewSectionReader(w.f, w.at, w.size).ReadAt(p, off)
}

// below is the tree of one directory that is a file system of its own.
func (d *diskWriter) below(dir string) tree.Tree {
	opts := d.tree
	opts.Top = dir
	opts.Pruned = d.prune(dir)
	return tree.Dir(d.root, opts)
}

func (d *diskWriter) espTree() tree.Tree { return d.below("boot/efi") }

func (d *diskWriter) rootTree() tree.Tree { return d.below("") }

// prune leaves out what lies on another file system, but not its mount point. A
// partition without a file system is mounted nowhere, and takes nothing.
func (d *diskWriter) prune(top string) func(string) bool {
	var mounts []string
	t := &d.img.Type
	if needsBootPartition(t) {
		mounts = append(mounts, "boot")
	}
	if t.Firmware.EFI != "" {
		mounts = append(mounts, "boot/efi")
	}
	for _, p := range t.Partitions {
		if p.Mountpoint != "" && p.Filesystem != "" {
			mounts = append(mounts, mountTop(p.Mountpoint))
		}
	}
	if hasSpare(t) && t.Attr.SparePartFS != "" && t.Attr.SparePartMountpoint != "" {
		mounts = append(mounts, mountTop(t.Attr.SparePartMountpoint))
	}
	return func(path string) bool { return path != top && slices.Contains(mounts, path) }
}

// systemOf is what the boot loader must know of the disk.
func (d *diskWriter) systemOf(layout *partition.Layout) *bootloader.System {
	return bootSystem(d.img, layout, d.ids)
}
