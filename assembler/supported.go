package assembler

import (
	"fmt"
	"slices"

	"github.com/fimg/fimg/assembler/system"
	"github.com/fimg/fimg/description"
	"github.com/fimg/fimg/fault"
)

// checkSupported refuses by name what a description asks for and fimg does not
// build, before any work starts.
func checkSupported(img *description.Image) error {
	for _, list := range [][]demand{typeDemands(img), bootDemands(img), sectionDemands(img)} {
		for _, d := range list {
			if d.there {
				return &UnsupportedError{What: d.what, Source: d.at.String()}
			}
		}
	}
	if !IsDisk(img) {
		return nil
	}
	return checkDisk(img)
}

// checkDisk refuses file systems and boot loaders that have no writer.
func checkDisk(img *description.Image) error {
	t, a := &img.Type, &img.Type.Attr
	refuse := func(what string) error { return &UnsupportedError{What: what, Source: img.Source.String()} }
	if a.EditBootConfig != "" && !system.HasScript(img, editBootScript) {
		return fault.New(fault.Description, fmt.Errorf("%s: script %s does not exist", img.Source, a.EditBootConfig))
	}
	switch a.Filesystem {
	case "btrfs", "ext2", "ext3", "ext4", "xfs":
	default:
		return refuse("root file system " + a.Filesystem)
	}
	switch t.Bootloader.Name {
	case "grub2", "custom":
	case "zipl":
		if err := checkZipl(img); err != nil {
			return err
		}
	default:
		return refuse("boot loader " + t.Bootloader.Name)
	}
	if err := checkPartitions(img); err != nil {
		return err
	}
	return checkCreateOptions(img)
}

// checkPartitions refuses what partitions besides the root's ask for.
func checkPartitions(img *description.Image) error {
	t, a := &img.Type, &img.Type.Attr
	refuse := func(what string, at description.Source) error {
		return &UnsupportedError{What: what, Source: at.String()}
	}
	if kind := bootType(t); needsBootPartition(t) && !written(kind) {
		return refuse("boot file system "+kind, img.Source)
	}
	if hasSpare(t) && a.SparePartFS != "" && !written(a.SparePartFS) {
		return refuse("spare_part_fs "+a.SparePartFS, img.Source)
	}
	if slices.Contains(t.SparePartAttributes, "no-copy-on-write") && hasSpare(t) && (isExt(a.SparePartFS) || a.SparePartFS == "xfs") {
		return refuse("spare_part_fs_attributes no-copy-on-write on "+a.SparePartFS, img.Source)
	}
	for _, p := range t.Partitions {
		if p.Filesystem != "" && !written(p.Filesystem) {
			return refuse("file system "+p.Filesystem+" of partition "+p.Name, p.Source)
		}
	}
	if size := sectorSize(t); size != 512 && size != 4096 {
		return refuse(fmt.Sprintf("target_blocksize %d", size), img.Source)
	}
	return nil
}

// written tells whether there is a writer of a file system.
func written(kind string) bool { return kind == "btrfs" || kind == "xfs" || isExt(kind) || isFAT(kind) }
