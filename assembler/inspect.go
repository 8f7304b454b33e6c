package assembler

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/fimg/fimg/assembler/install/rpmdb"
	"github.com/fimg/fimg/bootloader"
	"github.com/fimg/fimg/bootloader/zipl"
	"github.com/fimg/fimg/fault"
	"github.com/fimg/fimg/formats"
	"github.com/fimg/fimg/internal/tempdir"
	"github.com/fimg/fimg/partition"
	"github.com/fimg/fimg/partition/filesystem"
	"github.com/fimg/fimg/partition/filesystem/btrfs"
	"github.com/fimg/fimg/partition/filesystem/ext4"
	"github.com/fimg/fimg/partition/filesystem/fat"
	"github.com/fimg/fimg/partition/filesystem/xfs"
	"github.com/fimg/fimg/tree"
)

// Inspection is what can be told of an image without starting it.
type Inspection struct {
	Format      string            `json:"format"` // of package formats
	Size        int64             `json:"size"`   // of the disk, in bytes
	Layout      *partition.Layout `json:"layout"`
	Warnings    []string          `json:"warnings,omitempty"`
	FileSystems []FoundFS         `json:"file_systems"`
	Boot        FoundBoot         `json:"boot"`
	Packages    []string          `json:"packages"` // NEVRAs, sorted
}

// FoundFS is one file system of an image.
type FoundFS struct {
	Partition int `json:"partition"`
	filesystem.Info
	Subvolumes []string `json:"subvolumes,omitempty"`
	Paths      int      `json:"paths"` // names in it
}

// FoundBoot tells how an image starts.
type FoundBoot struct {
	BIOS    bool     `json:"bios"`              // the first sector has boot code
	Zipl    bool     `json:"zipl,omitempty"`    // the first sector is a boot record of zipl
	EFI     []string `json:"efi,omitempty"`     // programs on the EFI system partition
	Entries []string `json:"entries,omitempty"` // Boot Loader Specification entries
}

// Inspect reads an image of any disk format. Nothing is executed or mounted, and
// backing files are never followed.
func Inspect(ctx context.Context, name string) (*Inspection, error) {
	img, err := formats.Open(ctx, name, formats.OpenOptions{})
	if err != nil {
		return nil, err
	}
	defer img.Close()
	found, err := partition.Read(img, img.Size(), 512)
	if err != nil {
		return nil, unreadable(fmt.Errorf("inspect %s: %w", filepath.Base(name), err))
	}
	in := &inspector{ctx: ctx, out: &Inspection{Format: img.Format, Size: img.Size(), Layout: found.Layout, Warnings: found.Warnings}}
	for _, p := range found.Layout.Partitions {
		device := io.NewSectionReader(img, found.Layout.Offset(p), found.Layout.Bytes(p))
		if err := in.partition(p, device); err != nil {
			return nil, unreadable(fmt.Errorf("inspect partition %d: %w", p.Number, err))
		}
	}
	in.out.Boot.Zipl = zipl.Installed(img)
	in.out.Boot.BIOS = !in.out.Boot.Zipl && hasBootCode(img)
	slices.Sort(in.out.Packages)
	slices.Sort(in.out.Boot.EFI)
	slices.Sort(in.out.Boot.Entries)
	return in.out, nil
}

// unreadable marks an error that the image is to blame for, and not fimg.
func unreadable(err error) error {
	var classed fault.Classed
	if errors.As(err, &classed) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return fault.New(fault.Usage, err)
}

func hasBootCode(disk io.ReaderAt) bool {
	sector := make([]byte, 440)
	_, err := disk.ReadAt(sector, 0)
	return err == nil && slices.ContainsFunc(sector, func(b byte) bool { return b != 0 })
}

type inspector struct {
	ctx context.Context
	out *Inspection
}

// partition looks into a partition when it holds a file system that is known.
func (in *inspector) partition(p partition.Partition, device *io.SectionReader) error {
	fs := openFS(device)
	if fs == nil {
		return nil
	}
	found := FoundFS{Partition: p.Number, Info: fs.Info()}
	if b, ok := fs.(*btrfs.FS); ok {
		for _, v := range b.Subvolumes() {
			found.Subvolumes = append(found.Subvolumes, v.Path)
		}
	}
	err := fs.Walk(in.ctx, func(n *tree.Node) error {
		found.Paths++
		return in.node(fs, n)
	})
	in.out.FileSystems = append(in.out.FileSystems, found)
	return err
}

// openFS tries the readers in turn; what none of them knows is no file system.
func openFS(device *io.SectionReader) filesystem.Reader {
	if btrfs.Is(device) {
		if fs, err := btrfs.Open(device, device.Size()); err == nil {
			return fs
		}
	}
	if xfs.Is(device) {
		if fs, err := xfs.Open(device, device.Size()); err == nil {
			return fs
		}
	}
	if fs, err := ext4.Open(device, device.Size()); err == nil {
		return fs
	}
	if fs, err := fat.Open(device, device.Size()); err == nil {
		return fs
	}
	return nil
}

func (in *inspector) node(fs filesystem.Reader, n *tree.Node) error {
	switch {
	case strings.HasSuffix(strings.ToLower(n.Path), ".efi"):
		in.out.Boot.EFI = append(in.out.Boot.EFI, n.Path)
	case strings.HasSuffix(n.Path, ".conf") && strings.HasSuffix(path.Dir(n.Path), strings.TrimPrefix(bootloader.EntriesDir, "boot/")):
		in.out.Boot.Entries = append(in.out.Boot.Entries, path.Base(n.Path))
	case path.Base(n.Path) == "rpmdb.sqlite" && n.IsFile():
		return in.packages(fs, n)
	}
	return nil
}

// packages lists the rpm database, which sqlite reads from a copy.
func (in *inspector) packages(fs filesystem.Reader, n *tree.Node) error {
	const limit = 1 << 30
	if n.Size > limit {
		return errors.New("the rpm database is larger than 1 GiB")
	}
	dir, remove, err := tempdir.Make("fimg-inspect")
	if err != nil {
		return err
	}
	defer remove()
	f, err := fs.Open(n)
	if err != nil {
		return err
	}
	defer f.Close()
	copied, err := os.Create(filepath.Join(dir, "rpmdb.sqlite"))
	if err != nil {
		return err
	}
	_, err = io.Copy(copied, io.NewSectionReader(f, 0, n.Size))
	if err := errors.Join(err, copied.Close()); err != nil {
		return err
	}
	list, err := rpmdb.List(in.ctx, dir)
	if err != nil {
		return fmt.Errorf("list packages: %w", err)
	}
	for _, p := range list {
		in.out.Packages = append(in.out.Packages, p.Header.Identity().NEVRA())
	}
	return nil
}
