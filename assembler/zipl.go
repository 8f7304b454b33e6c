package assembler

import (
	"fmt"
	"os"
	"path"
	"strings"

	"github.com/fimg/fimg/bootloader/zipl"
	"github.com/fimg/fimg/description"
	"github.com/fimg/fimg/partition"
	"github.com/fimg/fimg/partition/filesystem/ext4"
)

// checkZipl refuses what zipl's boot map cannot be written for: it needs files
// whose blocks stay where they are, on a disk that is addressed by number.
func checkZipl(img *description.Image) error {
	t := &img.Type
	refuse := func(what string) error { return &UnsupportedError{What: what, Source: img.Source.String()} }
	if img.Arch != "s390x" {
		return refuse("boot loader zipl on " + img.Arch)
	}
	switch t.Bootloader.TargetType {
	case "", "SCSI", "GPT":
	default:
		return refuse("boot loader zipl for " + t.Bootloader.TargetType + " disks")
	}
	kind := t.Attr.Filesystem
	if needsBootPartition(t) {
		kind = bootType(t)
	}
	if !strings.HasPrefix(kind, "ext") {
		return refuse("boot loader zipl with /boot on " + kind)
	}
	return nil
}

// prepareZipl writes the loader entry and reserves the boot map.
func (b *builder) prepareZipl() error {
	found, err := b.sys.FindKernel()
	if err != nil {
		return err
	}
	kernel := zipl.Kernel{Version: found.Version, Image: path.Base(found.Image)}
	if name := b.sys.InitrdName(found); b.plan.Image.Type.InitrdSystem == "dracut" || b.root.IsFile("boot/"+name) {
		kernel.Initrd = name
	}
	sys := b.writer().systemOf(b.plan.Layout)
	b.code.zipl, err = zipl.Prepare(b.root, sys, kernel, sys.Name+" [ OEM ]")
	return err
}

// installZipl fills the boot map in the finished boot file system and writes the
// boot record.
func (d *diskWriter) installZipl(f *os.File, layout *partition.Layout) error {
	setup := d.boot.zipl
	if setup == nil {
		return nil
	}
	files, err := d.openBootFiles(f, layout)
	if err != nil {
		return fmt.Errorf("install zipl: %w", err)
	}
	opts := zipl.Options{Stage3: setup.Stage3, SectorSize: layout.SectorSize}
	for _, e := range setup.Entries {
		p := zipl.Program{Parameters: e.Parameters}
		if p.Kernel, err = files.locate(e.Kernel); err != nil {
			return fmt.Errorf("install zipl: %w", err)
		}
		if e.Initrd != "" {
			initrd, err := files.locate(e.Initrd)
			if err != nil {
				return fmt.Errorf("install zipl: %w", err)
			}
			p.Initrd = &initrd
		}
		opts.Programs = append(opts.Programs, p)
	}
	if opts.Bootmap, err = files.locate(zipl.Bootmap); err != nil {
		return fmt.Errorf("install zipl: %w", err)
	}
	return zipl.Install(f, opts)
}

// bootFiles is the file system of /boot on the finished disk.
type bootFiles struct {
	fs  *ext4.FS
	at  int64  // of the file system on the disk
	dir string // of /boot in the file system
}

func (d *diskWriter) openBootFiles(f *os.File, layout *partition.Layout) (*bootFiles, error) {
	p, ok := layout.Find(partition.Boot)
	b := &bootFiles{}
	if !ok {
		if p, ok = layout.Find(partition.Root); !ok {
			return nil, fmt.Errorf("the disk has no root partition")
		}
		b.dir = "boot"
	}
	b.at = layout.Offset(p)
	var err error
	b.fs, err = ext4.Open(&window{f: f, at: b.at, size: layout.Bytes(p)}, layout.Bytes(p))
	return b, err
}

// locate tells where a file of /boot lies on the disk.
func (b *bootFiles) locate(name string) (zipl.File, error) {
	size, extents, err := b.fs.Extents(path.Join(b.dir, name))
	if err != nil {
		return zipl.File{}, err
	}
	file := zipl.File{Size: size}
	for _, e := range extents {
		file.Extents = append(file.Extents, zipl.Extent{File: e.File, Disk: b.at + e.Offset, Length: e.Length})
	}
	return file, nil
}
