package assembler

import (
	"fmt"
	"strings"

	"github.com/fimg/fimg/description"
	"github.com/fimg/fimg/fault"
	"github.com/fimg/fimg/partition/filesystem/btrfs"
	"github.com/fimg/fimg/partition/filesystem/ext4"
	"github.com/fimg/fimg/partition/filesystem/xfs"
	"github.com/fimg/fimg/seed"
)

// checkCreateOptions refuses create and mount options that the writer of the root
// file system does not understand.
func checkCreateOptions(img *description.Image) error {
	t := &img.Type
	switch {
	case t.Attr.Filesystem == "xfs":
		return checkXFSOptions(img)
	case t.Attr.Filesystem != "btrfs":
		return checkExtOptions(img)
	}
	var o btrfs.Options
	if err := btrfs.ParseArgs(t.CreateOptions, &o); err != nil {
		return err
	}
	if err := mountOptions(t.Attr.FSMountOptions, &o); err != nil {
		return err
	}
	_, err := subvolumes(t)
	return err
}

func checkExtOptions(img *description.Image) error {
	t := &img.Type
	var o ext4.Options
	if err := ext4.ParseArgs(t.CreateOptions, &o); err != nil {
		return err
	}
	if o.BlockSize != 0 && o.BlockSize < sectorSize(t) {
		return &UnsupportedError{Source: img.Source.String(),
			What: fmt.Sprintf("a file system with blocks of %d bytes on sectors of %d", o.BlockSize, sectorSize(t))}
	}
	return nil
}

func checkXFSOptions(img *description.Image) error {
	var o xfs.Options
	if err := xfs.ParseArgs(img.Type.CreateOptions, &o); err != nil {
		return err
	}
	if o.SectorSize != 0 && o.SectorSize < sectorSize(&img.Type) {
		return &UnsupportedError{Source: img.Source.String(),
			What: fmt.Sprintf("a file system with sectors of %d bytes on those of %d", o.SectorSize, sectorSize(&img.Type))}
	}
	return nil
}

// xfsOptions are those of one xfs; the description's create options are for the
// root.
func (d *diskWriter) xfsOptions(size int64, label string, id seed.UUID, name string) (xfs.Options, error) {
	opts := xfs.Options{Size: size, Label: label, UUID: id, Time: d.epoch, Workers: d.jobs, SectorSize: sectorSize(&d.img.Type)}
	if name != "root" {
		return opts, nil
	}
	return opts, xfs.ParseArgs(d.img.Type.CreateOptions, &opts)
}

// extOptions are those of one ext2, ext3 or ext4; the description's create options
// are for the root.
func (d *diskWriter) extOptions(size int64, kind, label string, id seed.UUID, name string) (ext4.Options, error) {
	opts := ext4.Options{Size: size, Kind: kind, Label: label, UUID: id, HashSeed: d.seed.Sub(name).UUID("hash"),
		Time: d.epoch, Workers: d.jobs}
	if name != "root" {
		return opts, nil
	}
	return opts, ext4.ParseArgs(d.img.Type.CreateOptions, &opts)
}

// btrfsOptions are those of one btrfs; create and mount options, subvolumes and
// quotas are for the root.
func (d *diskWriter) btrfsOptions(size int64, label string, id seed.UUID, name string) (btrfs.Options, error) {
	t := &d.img.Type
	opts := btrfs.Options{Label: label, UUID: id, Seed: d.seed.Sub(name), Size: size,
		Time: d.epoch, Workers: d.jobs, Events: d.events}
	if name != "root" {
		return opts, nil
	}
	if err := mountOptions(t.Attr.FSMountOptions, &opts); err != nil {
		return opts, err
	}
	if err := btrfs.ParseArgs(t.CreateOptions, &opts); err != nil {
		return opts, err
	}
	opts.Root, opts.RootDefault = rootVolume(t), t.Root.SetDefault && rootVolume(t) != ""
	var err error
	if opts.Subvolumes, err = subvolumes(t); err != nil {
		return opts, err
	}
	for _, v := range t.Volumes {
		opts.RootNoCOW = opts.RootNoCOW || v.Root && v.NoCoW
	}
	if t.Attr.BtrfsQuotaGroups.IsTrue() {
		opts.Quota = btrfs.QuotaFull
	}
	for _, s := range opts.Subvolumes {
		if s.Limit > 0 && opts.Quota == btrfs.QuotaOff {
			opts.Quota = btrfs.QuotaSimple
		}
	}
	return opts, nil
}

// subvolumes are the btrfs subvolumes besides the root's.
func subvolumes(t *description.Type) ([]btrfs.Subvolume, error) {
	var list []btrfs.Subvolume
	for _, v := range t.Volumes {
		if v.Root || t.Root.Manager != "btrfs" {
			continue
		}
		limit, err := btrfs.ParseLimit(v.Quota)
		if err != nil {
			return nil, fault.New(fault.Description, fmt.Errorf("%s: quota of volume %s: %w", v.Source, v.Name, err))
		}
		list = append(list, btrfs.Subvolume{Path: mountTop(v.Path), Location: volumeLocation(t, v),
			NoCOW: v.NoCoW, Limit: limit})
	}
	return list, nil
}

// mountOptions takes from the mount options what shapes files as they are written:
// the file system was mounted with them when kiwi filled it.
func mountOptions(options string, o *btrfs.Options) error {
	for _, option := range strings.Split(options, ",") {
		key, value, _ := strings.Cut(option, "=")
		switch key {
		case "compress", "compress-force":
			if err := compression(key, value, o); err != nil {
				return err
			}
		case "nodatacow":
			o.NoDataCOW = true
		case "datacow":
			o.NoDataCOW = false
		}
	}
	return nil
}

func compression(key, value string, o *btrfs.Options) error {
	algo, level, _ := strings.Cut(value, ":")
	c := btrfs.Compression{Force: key == "compress-force", Level: number(level)}
	switch algo {
	case "", "zlib":
		c.Algo = btrfs.Zlib
	case "lzo":
		c.Algo, c.Level = btrfs.LZO, 0
	case "zstd":
		c.Algo = btrfs.ZSTD
	case "no", "none":
	default:
		return fault.New(fault.Description, fmt.Errorf("mount option %s=%s: unknown compression", key, value))
	}
	o.Compression = c
	return nil
}
