package description

import (
	"cmp"
	"strconv"
	"strings"
)

// rootOf says what manages the volumes: LVM when preferred or on any file system
// but btrfs, nothing without a <systemdisk>.
func rootOf(disk *node, a Attributes) Root {
	r := Root{Group: "systemVG", SetDefault: !a.BtrfsSetDefaultVolume.IsFalse()}
	if disk == nil {
		return r
	}
	r.Group = cmp.Or(disk.get("name"), r.Group)
	r.Manager = "lvm"
	if a.Filesystem == "btrfs" && !truth(disk.get("preferlvm")) {
		r.Manager = "btrfs"
	}
	return r
}

// rootVolume is the name of the root volume where none is given.
const rootVolume = "LVRoot"

// minVolume is the free space in MiB that a volume without a size gets.
func minVolume(filesystem string) int64 {
	switch filesystem {
	case "btrfs":
		return 120
	case "xfs":
		return 300
	}
	return 30
}

func freespace(mb int64) string { return "freespace:" + strconv.FormatInt(mb, 10) }

// volumes resolves <systemdisk>: names, paths and sizes, the root volume added when
// it is not written, and the swap volume of LVM.
func (s *state) volumes(disk *node, a Attributes, o OEM) []Volume {
	list := []Volume{}
	if disk == nil {
		return list
	}
	haveRoot, haveFull := false, false
	for k := range disk.every("volume") {
		if s.matches(k) {
			v := s.volume(k, a)
			haveRoot, haveFull = haveRoot || v.Root, haveFull || v.FullSize
			list = append(list, v)
		}
	}
	manager := rootOf(disk, a).Manager
	if !haveRoot {
		v := Volume{Path: "/", Root: true, Size: "size:all", FullSize: true}
		if manager == "lvm" {
			v.Name = rootVolume
		}
		if haveFull {
			v.Size, v.FullSize = freespace(minVolume(a.Filesystem)), false
		}
		list = append(list, v)
	}
	if o.SwapMB > 0 && manager == "lvm" {
		list = append(list, Volume{Name: o.SwapName, Path: "swap", Label: "SWAP", Size: "size:" + strconv.FormatInt(o.SwapMB, 10)})
	}
	return list
}

func (s *state) volume(k *node, a Attributes) Volume {
	v := Volume{Name: k.get("name"), Parent: k.get("parent"), Mountpoint: k.get("mountpoint"),
		Label: k.get("label"), Quota: collapse(k.get("quota")), NoCoW: flagAttr(k, "copy_on_write").IsFalse(),
		FSCheck: flagAttr(k, "filesystem_check").IsTrue(), Source: s.source(k, s.typ.by)}
	v.Path = v.Mountpoint
	switch {
	case strings.Contains(v.Name, "@root"):
		v.Root, v.Path, v.Mountpoint = true, "/", ""
		name, ok := strings.CutPrefix(v.Name, "@root=")
		name, _, _ = strings.Cut(name, "\n")
		if v.Name = name; !ok || name == "" {
			v.Name = rootVolume
		}
	case v.Mountpoint == "":
		v.Path, v.Mountpoint = v.Name, v.Name
		v.Name = strings.ReplaceAll(strings.TrimLeft(strings.TrimSpace(v.Name), "/"), "/", "_")
	}
	v.Size, v.FullSize = volumeSize(k, a)
	return v
}

// volumeSize is size:MiB, freespace:MiB or size:all.
func volumeSize(k *node, a Attributes) (size string, full bool) {
	for _, kind := range []string{"size", "freespace"} {
		switch value := collapse(k.get(kind)); value {
		case "":
		case "all":
			return "size:all", true
		default:
			return kind + ":" + strconv.FormatInt(megabytes(value), 10), false
		}
	}
	return freespace(minVolume(a.Filesystem)), false
}

// partitions lists the custom partitions in document order; of equal names the
// last counts, at the place of the first.
func (s *state) partitions(n *node) []Partition {
	list := []Partition{}
	at := map[string]int{}
	for k := range n.every("partition") {
		name := k.get("name")
		clones, _ := strconv.ParseInt(collapse(k.get("clone")), 10, 32)
		p := Partition{Name: name, PartName: cmp.Or(collapse(k.get("partition_name")), "p.lx"+name),
			Type: cmp.Or(collapse(k.get("partition_type")), "t.linux"), MB: megabytes(collapse(k.get("size"))),
			Mountpoint: k.get("mountpoint"), Filesystem: collapse(k.get("filesystem")), Label: k.get("label"),
			Clones: clones, ID: numberAttr(k, "part_id"), Source: s.source(k, s.typ.by)}
		if i, known := at[name]; known {
			list[i] = p
			continue
		}
		at[name] = len(list)
		list = append(list, p)
	}
	return list
}
