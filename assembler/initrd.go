package assembler

import (
	"context"
	"fmt"
	"path"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"github.com/fimg/fimg/assembler/system"
	"github.com/fimg/fimg/bootloader"
	"github.com/fimg/fimg/fault"
	"github.com/fimg/fimg/partition"
	"github.com/fimg/fimg/tree/rootfs"
)

// settledBeforeInitrd tells whether the initrd is the last change to the tree: the
// boot loader reads entries and does not look for an initrd, and no script comes
// after it. Then the packages are verified while dracut, a shell program, keeps
// one core busy.
func (b *builder) settledBeforeInitrd() bool {
	img := b.plan.Image
	return img.Type.Bootloader.BLS && len(bootloader.Entries(b.root)) > 0 && !system.HasScript(img, editBootScript, "pre_disk_sync.sh", "disk.sh")
}

func (b *builder) initrdBesideVerify(ctx context.Context) error {
	if err := b.beforeInitrd(ctx); err != nil {
		return err
	}
	if err := b.run.open(ctx); err != nil { // which both use
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return b.makeInitrd(ctx) })
	group.Go(func() error { return b.collectPackages(ctx) })
	return group.Wait()
}

// initrd writes fstab and makes the initrd.
func (b *builder) initrd(ctx context.Context) error {
	if err := b.beforeInitrd(ctx); err != nil {
		return err
	}
	return b.makeInitrd(ctx)
}

// beforeInitrd writes fstab, makes the directories it mounts on, and leaves what the
// initrd is to know of the disk.
func (b *builder) beforeInitrd(ctx context.Context) error {
	d := b.writer()
	lines := mounts(b.plan.Image, b.plan.Layout, d.ids, d.systemOf(b.plan.Layout))
	if err := b.sys.WriteFstab(ctx, lines); err != nil {
		return err
	}
	if err := b.makeMountPoints(lines); err != nil || b.plan.Image.Type.InitrdSystem != "dracut" {
		return err
	}
	root, _ := b.plan.Layout.Find(partition.Root)
	if err := b.sys.DescribeDisk(b.plan.Layout.KiwiIDs(), b.plan.Layout.PartUUID(root)); err != nil {
		return err
	}
	return b.sys.ResetMachineID()
}

func (b *builder) makeInitrd(ctx context.Context) error {
	if b.plan.Image.Type.InitrdSystem != "dracut" {
		return nil
	}
	kernel, err := b.sys.FindKernel()
	if err != nil {
		return err
	}
	return b.sys.MakeInitrd(ctx, kernel)
}

// makeMountPoints makes the directories that fstab mounts on.
func (b *builder) makeMountPoints(lines []system.Mount) error {
	for _, m := range lines {
		if m.Point == "swap" {
			continue
		}
		if err := b.root.MkdirAll(m.Point, 0o755); err != nil {
			return fmt.Errorf("make mount point: %w", err)
		}
	}
	return checkMountPoints(b.root, lines)
}

// checkMountPoints refuses a mount point below a symbolic link: what is there lies
// elsewhere in the tree, and may be outside of it as this machine sees it.
func checkMountPoints(root *rootfs.Root, lines []system.Mount) error {
	for _, m := range lines {
		for at := mountTop(m.Point); m.Point != "swap" && at != "" && at != "."; at = path.Dir(at) {
			if st, err := root.Lstat(at); err != nil || st.Mode&unix.S_IFMT != unix.S_IFDIR {
				return fault.New(fault.Description, fmt.Errorf("mount point %s: /%s is no directory", m.Point, at))
			}
		}
	}
	return nil
}
