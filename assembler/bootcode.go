package assembler

import (
	"context"
	"fmt"
	"os"
	"slices"

	"github.com/fimg/fimg/bootloader"
	"github.com/fimg/fimg/bootloader/grub"
	"github.com/fimg/fimg/description"
	"github.com/fimg/fimg/partition"
	"github.com/fimg/fimg/tree/rootfs"
)

// grubOptions maps the description's boot loader section.
func grubOptions(img *description.Image) *grub.Options {
	b, t := &img.Type.Bootloader, &img.Type
	o := &grub.Options{
		TimeoutStyle: b.TimeoutStyle, OutputConsole: b.OutputConsole, InputConsole: b.InputConsole, SerialLine: b.SerialLine,
		GfxMode: b.VideoMode, Theme: img.Preferences.BootloaderTheme, Distributor: img.DisplayName, NoBLS: !b.BLS, Persistency: t.Attr.DevicePersistency,
		RelativeDefault: t.Root.Manager == "btrfs" && t.Attr.BtrfsSetDefaultVolume.IsTrue(),
	}
	o.TrustedBoot = slices.Contains(b.ConfigOptions, "--set-trusted-boot") // all that kiwi knows of them
	if b.Timeout.Set() {
		seconds := int(b.Timeout.Or(0))
		o.Timeout = &seconds
	}
	for _, e := range b.Environment {
		o.Environment = append(o.Environment, e.Name+"="+e.Value)
	}
	return o
}

// installGrub sets up the boot loader in the tree and returns what belongs
// outside of file systems.
func installGrub(ctx context.Context, root *rootfs.Root, img *description.Image, sys *bootloader.System, run bootloader.Run) (bootCode, error) {
	var code bootCode
	opts := grubOptions(img)
	if err := installTheme(root, opts); err != nil {
		return code, err
	}
	if err := grub.WriteDefaults(root, sys, opts); err != nil {
		return code, err
	}
	if err := grub.InstallFont(root); err != nil {
		return code, err
	}
	if img.Type.Firmware.EFI != "" {
		if err := grub.InstallEFI(root, sys, opts); err != nil {
			return code, err
		}
	}
	if err := code.make(ctx, root, img, sys, opts, run); err != nil {
		return code, err
	}
	if err := grub.SetEnvironment(ctx, root, opts.Environment, run); err != nil {
		return code, err
	}
	return code, grub.WriteConfig(ctx, root, sys, run)
}

// installTheme puts the theme into place; without it the menu is a plain one.
func installTheme(root *rootfs.Root, opts *grub.Options) error {
	if opts.Theme == "" {
		return nil
	}
	found, err := grub.InstallTheme(root, opts.Theme)
	if err == nil && !found {
		opts.Theme, opts.InputConsole, opts.OutputConsole = "", "console", "console"
	}
	return err
}

func (c *bootCode) make(ctx context.Context, root *rootfs.Root, img *description.Image, sys *bootloader.System, opts *grub.Options, run bootloader.Run) (err error) {
	f := &img.Type.Firmware
	switch {
	case f.BIOS || f.LegacyBIOS || f.EC2 != "":
		if err := grub.InstallModules(root, grub.PC); err != nil {
			return err
		}
		if c.core, err = grub.CoreImage(ctx, root, sys, grub.PC, opts, run); err != nil {
			return err
		}
		c.boot, err = grub.BootImage(root)
		return err
	case f.OFW:
		if err := grub.InstallModules(root, grub.PowerPC); err != nil {
			return err
		}
		c.prep, err = grub.CoreImage(ctx, root, sys, grub.PowerPC, opts, run)
		return err
	}
	return nil
}

// writeBootCode places BIOS code in the first sector and behind it, or in the
// BIOS boot partition.
func (d *diskWriter) writeBootCode(f *os.File, layout *partition.Layout) error {
	if d.boot.boot == nil {
		return nil
	}
	at, room := int64(layout.SectorSize), int64(0)
	if p, ok := layout.Find(partition.BIOSBoot); ok {
		at, room = layout.Offset(p), layout.Bytes(p)
	} else if layout.Table == partition.MBR && len(layout.Partitions) > 0 {
		first := layout.Partitions[0].First
		for _, p := range layout.Partitions {
			first = min(first, p.First)
		}
		room = (first - 1) * int64(layout.SectorSize)
	}
	if room == 0 {
		return fmt.Errorf("write boot code: a GPT disk needs a BIOS boot partition")
	}
	return grub.WriteBIOS(f, d.boot.boot, d.boot.core, at, room)
}
