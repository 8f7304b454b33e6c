package description

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
)

// initrdDefaults are kiwi's initrd systems by image type; others have none.
var initrdDefaults = map[string]string{"oem": "dracut", "iso": "dracut", "kis": "dracut", "pxe": "kiwi"}

// buildType derives everything about the selected <type>.
func (s *state) buildType(img *Image) {
	n := s.typ.node
	a := readAttributes(n)
	t := &img.Type
	t.Attr, t.KernelCmdline = a, a.KernelCmdline
	t.InitrdSystem = cmp.Or(initrdDefaults[a.Image], "none")
	if a.Image != "iso" && a.InitrdSystem != "" {
		t.InitrdSystem = a.InitrdSystem
	}
	t.Options = formatOptions(a.FormatOptions)
	t.CreateOptions = list(strings.Fields(a.FSCreateOptions))
	t.MountOptions = []string{}
	if a.FSMountOptions != "" {
		t.MountOptions = []string{a.FSMountOptions}
	}
	t.SparePartMB = megabytes(a.SparePart)
	t.SparePartAttributes = list(commas(a.SparePartFSAttributes))
	t.Bootloader = s.bootloader(n.first("bootloader"))
	t.Firmware = firmware(a, s.arch, t.Bootloader.TargetType)
	t.Size = s.size(n.first("size"))
	t.OEM = oem(n.first("oemconfig"))
	disk := n.first("systemdisk")
	t.Root = rootOf(disk, a)
	t.Volumes = s.volumes(disk, a, t.OEM)
	t.Partitions = s.partitions(n.first("partitions"))
	t.Container = s.container(img, n)
	t.DerivedFrom = commas(a.DerivedFrom)
	t.Vagrant = s.vagrant(n)
	t.Machine = machine(n.first("machine"))
	t.Initrd = dracut(n)
	t.InstallMedia = dracut(n.first("installmedia"))
	_, t.Encrypted = n.attr("luks")
	t.LuksOptions = luksOptions(a, n.first("luksformat"))
}

// formatOptions splits at commas; anything but exactly one "=" is a bare name. Of
// equal names the last value counts, at the place of the first.
func formatOptions(text string) []Option {
	list, at := []Option{}, map[string]int{}
	for _, part := range commas(text) {
		o := Option{Name: part, Bare: true}
		if f := strings.Split(part, "="); len(f) == 2 {
			o = Option{Name: f[0], Value: f[1]}
		} else {
			o.Name = f[0]
		}
		if i, known := at[o.Name]; known {
			list[i] = o
		} else {
			at[o.Name] = len(list)
			list = append(list, o)
		}
	}
	return list
}

// megabytes reads the first number of a text with an optional G.
func megabytes(text string) int64 {
	start := strings.IndexAny(text, "0123456789")
	if start < 0 {
		return 0
	}
	end := start
	for end < len(text) && text[end] >= '0' && text[end] <= '9' {
		end++
	}
	v, err := strconv.ParseInt(text[start:end], 10, 64)
	if err != nil {
		return 0
	}
	unit := text[end:]
	unit = unit[:len(unit)-len(strings.TrimLeft(unit, "MG"))]
	if unit == "G" {
		return times1024(v)
	}
	return v
}

func (s *state) size(n *node) *Size {
	if n == nil {
		return nil
	}
	value, _ := strconv.ParseInt(collapse(n.all()), 10, 64)
	free := numberAttr(n, "unpartitioned").Or(0)
	mb := value - free
	if collapse(n.get("unit")) == "G" {
		mb, free = times1024(mb), times1024(free)
	}
	return &Size{MB: mb, Additive: flagAttr(n, "additive"), Unpartitioned: free, Source: s.source(n, s.typ.by)}
}

// times1024 turns GiB into MiB; what is too large stays large.
func times1024(n int64) int64 { return min(n, math.MaxInt64/1024) * 1024 }

func luksOptions(a Attributes, n *node) []string {
	var out []string
	if a.LuksVersion != "" {
		out = append(out, "--type", a.LuksVersion)
	}
	out = append(out, optionArgs(n, "option")...)
	if a.LuksPBKDF != "" {
		out = append(out, "--pbkdf", a.LuksPBKDF)
	}
	return out
}

// optionArgs flattens name and value attributes of child elements to arguments.
func optionArgs(n *node, element string) []string {
	var out []string
	for k := range n.every(element) {
		out = append(out, k.get("name"))
		if v := k.get("value"); v != "" {
			out = append(out, v)
		}
	}
	return out
}

// pairs reads name and value attributes of child elements.
func pairs(n *node, element string) []Option {
	var out []Option
	for k := range n.every(element) {
		v, ok := k.attr("value")
		out = append(out, Option{Name: k.get("name"), Value: v, Bare: !ok})
	}
	return out
}

// lastPairs is pairs with one entry a name, the last one, sorted.
func lastPairs(n *node, element string) []Option {
	byName := map[string]Option{}
	for _, o := range pairs(n, element) {
		byName[o.Name] = o
	}
	var out []Option
	for _, o := range byName {
		out = append(out, o)
	}
	slices.SortFunc(out, func(a, b Option) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

func (s *state) bootloader(n *node) Bootloader {
	b := Bootloader{Name: "grub2", BLS: true, VideoMode: "auto"}
	if n == nil {
		return b
	}
	b.Present, b.Source = true, s.source(n, s.typ.by)
	b.Name = collapse(n.get("name"))
	b.BLS = flagAttr(n, "bls").Or(true)
	b.Timeout, b.TimeoutStyle = numberAttr(n, "timeout"), collapse(n.get("timeout_style"))
	b.OutputConsole, b.InputConsole = collapse(n.get("output_console")), collapse(n.get("input_console"))
	b.InputConsole = cmp.Or(b.InputConsole, b.OutputConsole)
	for _, c := range []*string{&b.OutputConsole, &b.InputConsole} {
		if *c == "none" {
			*c = ""
		}
	}
	b.SerialLine, b.VideoMode = n.get("serial_line"), cmp.Or(n.get("video_mode"), "auto")
	b.TargetType, b.GrubTemplate = collapse(n.get("targettype")), n.get("grub_template")
	b.UseDiskPassword = truth(n.get("use_disk_password"))
	settings := n.first("bootloadersettings")
	b.ShimOptions = optionArgs(settings, "shimoption")
	b.InstallOptions = optionArgs(settings, "installoption")
	b.ConfigOptions = optionArgs(settings, "configoption")
	b.Environment = pairs(settings.first("environment"), "env")
	for k := range n.every("securelinux") {
		b.SecureLinux = append(b.SecureLinux, SecureLinux{k.get("hkd_ca_cert"), k.get("hkd_sign_cert"),
			nameAttrs(k, "hkd_cert"), nameAttrs(k, "hkd_revocation_list")})
	}
	return b
}

func nameAttrs(n *node, element string) []string {
	var out []string
	for k := range n.every(element) {
		out = append(out, k.get("name"))
	}
	return out
}

// oem reads <oemconfig>; a missing one has the defaults.
func oem(n *node) OEM {
	o := OEM{Present: n != nil, Resize: true, SwapName: "LVSwap"}
	if n == nil {
		return o
	}
	number := func(name string) Number {
		v, ok := n.child(name)
		i, err := strconv.ParseInt(collapse(v), 10, 64)
		if !ok || err != nil {
			return Number{}
		}
		return NumberOf(i)
	}
	if v, ok := n.child("oem-resize"); ok {
		o.Resize = truth(v)
	}
	o.SystemSize = number("oem-systemsize").Or(0)
	if v, _ := n.child("oem-multipath-scan"); truth(v) {
		o.MultipathScan = true
	}
	if v, _ := n.child("oem-swap"); truth(v) {
		o.SwapMB = number("oem-swapsize").Or(128)
	}
	if v, ok := n.child("oem-swapname"); ok {
		o.SwapName = v
	}
	for k := range n.kids() {
		o.Settings = append(o.Settings, Option{Name: strings.TrimPrefix(k.name(), "oem-"), Value: k.text()})
	}
	slices.SortFunc(o.Settings, func(a, b Option) int { return cmp.Compare(a.Name, b.Name) })
	return o
}
