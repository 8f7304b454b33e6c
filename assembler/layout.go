package assembler

import (
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/fimg/fimg/bootloader"
	"github.com/fimg/fimg/description"
	"github.com/fimg/fimg/partition"
	"github.com/fimg/fimg/seed"
)

const mib = partition.MiB

// diskRequest asks for the partitions an image description wants. The root's
// needs are added by the caller once they are known.
func diskRequest(img *description.Image, s seed.Seed) (partition.Request, error) {
	t, a := &img.Type, &img.Type.Attr
	r := partition.Request{
		Arch: img.Arch, Table: partition.Table(t.Firmware.Table), Seed: s,
		SectorSize:     sectorSize(t),
		StartSector:    a.DiskStartSector.Or(2048),
		SpareLast:      a.SparePartIsLast.IsTrue(),
		Active:         t.Firmware.BIOS || t.Firmware.OFW,
		ExtendedLayout: a.DosExtendedLayout.IsTrue(),
		ForceMBR:       a.ForceMBR.IsTrue() && t.Firmware.EFI != "",
		HybridMBR:      a.GPTHybridMBR.IsTrue() && t.Firmware.EFI != "",
		Root:           &partition.Want{Size: rootSize(t), Number: number(a.RootPartID), Clones: number(a.RootClone)},
	}
	if t.Firmware.LegacyBIOS && t.Firmware.Table == "gpt" {
		r.BIOSBoot = &partition.Want{Size: inBytes(t.Firmware.LegacyBIOSMB), Number: number(a.EFICSMPartID)}
	}
	if t.Firmware.EFI != "" {
		r.ESP = &partition.Want{Size: inBytes(t.Firmware.EFIMB), Number: number(a.EFIPartID)}
	}
	if t.Firmware.OFW {
		r.PReP = &partition.Want{Size: inBytes(t.Firmware.PrepMB)}
	}
	if needsBootPartition(t) {
		r.Boot = &partition.Want{Size: inBytes(a.BootPartSize.Or(300)), Number: number(a.BootPartID), Clones: number(a.BootClone)}
	}
	if t.OEM.SwapMB > 0 {
		r.Swap = &partition.Want{Size: inBytes(t.OEM.SwapMB)}
	}
	if t.Size != nil {
		r.Additive, r.Unpartitioned = t.Size.Additive.IsTrue(), inBytes(t.Size.Unpartitioned)
		r.Size = inBytes(t.Size.MB) + r.Unpartitioned
	}
	return r, addPartitions(&r, t)
}

func addPartitions(r *partition.Request, t *description.Type) error {
	for _, p := range t.Partitions {
		r.Custom = append(r.Custom, partition.Want{Name: p.Name, PartName: p.PartName, Type: strings.TrimPrefix(p.Type, "t."),
			Size: inBytes(p.MB), Number: int(p.ID.Or(0)), Clones: int(p.Clones)})
	}
	switch {
	case !hasSpare(t):
	case t.Attr.SparePart == "":
		r.Spare = &partition.Want{Size: mib} // and what the root leaves
	default:
		size, err := partition.ParseSize(t.Attr.SparePart, "M")
		if err != nil {
			return fmt.Errorf("plan disk: spare_part: %w", err)
		}
		r.Spare = &partition.Want{Size: size}
	}
	return nil
}

// hasSpare tells whether there is a spare partition: one with a size, or one behind
// a root that does not take the whole rest.
func hasSpare(t *description.Type) bool {
	return t.Attr.SparePart != "" || t.Attr.SparePartIsLast.IsTrue() && rootSize(t) > 0
}

// rootSize is what <oem-systemsize> says, where nothing makes the root larger at
// its first boot; 0 is the rest of the disk.
func rootSize(t *description.Type) int64 {
	last := t.Attr.SparePartIsLast.IsTrue()
	if last && t.Attr.SparePart != "" || t.OEM.Resize && !last {
		return 0
	}
	return inBytes(t.OEM.SystemSize)
}

// sectorSize is that of the disk, in bytes.
func sectorSize(t *description.Type) int { return int(t.Attr.TargetBlocksize.Or(512)) }

// inBytes turns MiB into bytes; too many stay more than any disk has.
func inBytes(mb int64) int64 { return min(mb, 1<<41) * mib }

func number(text string) int {
	n, _ := strconv.Atoi(text)
	return n
}

// needsBootPartition follows kiwi: the attribute decides, otherwise only RAID,
// LVM and an overlay root ask for one.
func needsBootPartition(t *description.Type) bool {
	if t.Attr.BootPartition.Set() {
		return t.Attr.BootPartition.IsTrue()
	}
	return t.Attr.MDRaid != "" || t.Root.Manager == "lvm" || t.Attr.OverlayRoot.IsTrue()
}

// rootVolume is the subvolume that holds the root; empty is the top level.
func rootVolume(t *description.Type) string {
	if t.Root.Manager != "btrfs" || t.Attr.BtrfsRootIsSubvolume.IsFalse() {
		return ""
	}
	for _, v := range t.Volumes {
		if v.Root && !v.FullSize && mountTop(v.Name) != "" {
			return mountTop(v.Name)
		}
	}
	return "@"
}

// volumeLocation is where a volume lies as seen from the top of the file system.
func volumeLocation(t *description.Type, v description.Volume) string {
	parent := v.Parent
	if parent == "" {
		parent = rootVolume(t)
	}
	return mountTop(path.Join(parent, mountTop(v.Path)))
}

// identifiers are everything that fstab, boot loader and file systems must agree
// on before any of them is written.
type identifiers struct {
	root, boot, spare, swap seed.UUID
	esp                     uint32
	custom                  map[string]seed.UUID
}

func newIdentifiers(s seed.Seed, t *description.Type) identifiers {
	ids := identifiers{root: s.UUID("filesystem root"), boot: s.UUID("filesystem boot"), spare: s.UUID("filesystem spare"),
		swap: s.UUID("filesystem swap"), esp: s.Uint32("filesystem esp"), custom: map[string]seed.UUID{}}
	for _, p := range t.Partitions {
		ids.custom[p.Name] = s.UUID("filesystem custom " + p.Name)
	}
	return ids
}

// espID is the volume id of the ESP as blkid prints it.
func (ids identifiers) espID() string { return fatID(ids.esp) }

// bootSystem tells the boot loader what it will find.
func bootSystem(img *description.Image, layout *partition.Layout, ids identifiers) *bootloader.System {
	t := &img.Type
	label := rootLabel(t)
	sys := &bootloader.System{
		Arch: img.Arch, Firmware: t.Firmware.Name, GPT: layout.Table == partition.GPT && !layout.Converted,
		BIOSBoot: t.Firmware.LegacyBIOS || t.Firmware.BIOS, Name: img.DisplayName,
		Root: bootloader.FileSystem{Type: t.Attr.Filesystem, UUID: ids.root.String(), Label: label},
	}
	if sys.Name == "" {
		sys.Name = img.Name
	}
	if p, ok := layout.Find(partition.Root); ok {
		sys.Root.PartUUID, sys.Root.Number = layout.PartUUID(p), p.Number
	}
	volume := rootVolume(t)
	if volume != "" && !t.Root.SetDefault {
		sys.Root.Prefix = "/" + volume
	}
	sys.Boot = bootFileSystem(t, layout, ids, sys.Root, volume)
	_, sys.SeparateBoot = layout.Find(partition.Boot)
	disk := bootloader.Disk{RootUUID: sys.Root.UUID, RootLabel: label, RootPartUUID: sys.Root.PartUUID,
		Persistency: t.Attr.DevicePersistency, MDRaid: t.Attr.MDRaid != ""}
	if volume != "" && !t.Root.SetDefault {
		disk.RootSubvolume = volume
	}
	sys.Cmdline, sys.BootOptions = disk.Cmdline(t.KernelCmdline), disk.BootOptions()
	return sys
}

// bootFileSystem is where /boot lies: a partition of its own, a subvolume, or the
// root's directory.
func bootFileSystem(t *description.Type, layout *partition.Layout, ids identifiers, root bootloader.FileSystem, volume string) bootloader.FileSystem {
	if p, ok := layout.Find(partition.Boot); ok {
		return bootloader.FileSystem{Type: mountType(bootType(t)), UUID: volumeID(bootType(t), ids.boot), Label: "BOOT",
			PartUUID: layout.PartUUID(p), Number: p.Number}
	}
	boot := root
	boot.Prefix = path.Join("/", volume, "boot")
	for _, v := range t.Volumes {
		if !v.Root && mountTop(v.Path) == "boot" {
			boot.Prefix = "/" + volumeLocation(t, v)
		}
	}
	return boot
}

func bootType(t *description.Type) string {
	if t.Attr.BootFilesystem != "" {
		return t.Attr.BootFilesystem
	}
	return t.Attr.Filesystem
}

func rootLabel(t *description.Type) string {
	if t.Attr.RootFSLabel != "" {
		return t.Attr.RootFSLabel
	}
	return "ROOT"
}
