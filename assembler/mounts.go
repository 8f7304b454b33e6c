package assembler

import (
	"path"
	"strings"

	"github.com/fimg/fimg/assembler/system"
	"github.com/fimg/fimg/bootloader"
	"github.com/fimg/fimg/description"
	"github.com/fimg/fimg/partition"
)

// mounts are the lines of the image's fstab in kiwi's order.
func mounts(img *description.Image, layout *partition.Layout, ids identifiers, sys *bootloader.System) []system.Mount {
	t := &img.Type
	spec := func(uuid, label, part string) string {
		switch t.Attr.DevicePersistency {
		case "by-label":
			return "LABEL=" + label
		case "by-partuuid":
			return "PARTUUID=" + part
		}
		return "UUID=" + uuid
	}
	list := []system.Mount{{Spec: spec(sys.Root.UUID, sys.Root.Label, sys.Root.PartUUID), Point: "/",
		Type: t.Attr.Filesystem, Options: rootOptions(t), Pass: 1}}
	if _, ok := layout.Find(partition.Boot); ok {
		list = append(list, system.Mount{Spec: spec(sys.Boot.UUID, sys.Boot.Label, sys.Boot.PartUUID), Point: "/boot", Type: sys.Boot.Type})
	}
	if p, ok := layout.Find(partition.ESP); ok {
		list = append(list, system.Mount{Spec: spec(ids.espID(), "EFI", layout.PartUUID(p)), Point: "/boot/efi", Type: "vfat"})
	}
	list = append(list, volumeMounts(t, sys)...)
	if p, ok := layout.Find(partition.Spare); ok && t.Attr.SparePartFS != "" && t.Attr.SparePartMountpoint != "" {
		list = append(list, system.Mount{Spec: spec(volumeID(t.Attr.SparePartFS, ids.spare), "SPARE", layout.PartUUID(p)),
			Point: t.Attr.SparePartMountpoint, Type: mountType(t.Attr.SparePartFS)})
	}
	if p, ok := layout.Find(partition.Swap); ok {
		list = append(list, system.Mount{Spec: spec(ids.swap.String(), "SWAP", layout.PartUUID(p)), Point: "swap", Type: "swap"})
	}
	for _, p := range layout.Partitions {
		if m, ok := customMount(t, p, layout, ids, spec); ok {
			list = append(list, m)
		}
	}
	return list
}

func rootOptions(t *description.Type) string {
	if sub := rootVolume(t); sub != "" && !t.Root.SetDefault {
		return joinOptions(t.Attr.FSMountOptions, "defaults", "subvol="+sub)
	}
	return t.Attr.FSMountOptions
}

func joinOptions(options ...string) string {
	var kept []string
	for _, o := range options {
		if o != "" {
			kept = append(kept, o)
		}
	}
	return strings.Join(kept, ",")
}

func volumeMounts(t *description.Type, sys *bootloader.System) []system.Mount {
	if t.Root.Manager != "btrfs" {
		return nil
	}
	spec := "UUID=" + sys.Root.UUID
	if t.Attr.DevicePersistency == "by-label" {
		spec = "LABEL=" + sys.Root.Label
	}
	var list []system.Mount
	for _, v := range t.Volumes {
		if v.Root {
			continue
		}
		options := t.Attr.FSMountOptions
		if options == "" {
			options = "defaults"
		}
		m := system.Mount{Spec: spec, Point: path.Join("/", v.Path), Type: "btrfs", Options: options + ",subvol=" + volumeLocation(t, v)}
		if v.FSCheck {
			m.Pass = 2
		}
		list = append(list, m)
	}
	return list
}

func customMount(t *description.Type, p partition.Partition, layout *partition.Layout, ids identifiers, spec func(uuid, label, part string) string) (system.Mount, bool) {
	if p.Role != partition.Custom || p.Clone > 0 {
		return system.Mount{}, false
	}
	for _, c := range t.Partitions {
		if c.Name == p.Of && c.Mountpoint != "" && c.Filesystem != "" {
			id := volumeID(c.Filesystem, ids.custom[c.Name])
			return system.Mount{Spec: spec(id, customLabel(c), layout.PartUUID(p)), Point: c.Mountpoint, Type: mountType(c.Filesystem)}, true
		}
	}
	return system.Mount{}, false
}

func customLabel(p description.Partition) string {
	if p.Label != "" {
		return p.Label
	}
	return strings.ToUpper(p.Name)
}
