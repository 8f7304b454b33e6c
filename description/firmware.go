package description

import "slices"

// firmwares are the firmware names an architecture can boot with; the first of
// defaultFirmware applies when none is written.
var firmwares = map[string][]string{
	"x86_64": {"efi", "uefi", "bios", "ec2"}, "ix86": {"bios"},
	"aarch64": {"efi", "uefi"}, "arm64": {"efi", "uefi"}, "armv5el": {"efi", "uefi"}, "armv5tel": {"efi", "uefi"},
	"armv6hl": {"efi", "uefi"}, "armv6l": {"efi", "uefi"}, "armv7hl": {"efi", "uefi"}, "armv7l": {"efi", "uefi"},
	"armv8l": {"efi", "uefi"}, "loongarch64": {"efi", "uefi"}, "riscv64": {"efi", "uefi"},
	"ppc": {"ofw"}, "ppc64": {"ofw", "opal"}, "ppc64le": {"ofw", "opal"}, "s390": nil, "s390x": nil,
}

func defaultFirmware(arch string) string {
	if arch == "x86_64" || arch == "ix86" {
		return "bios"
	}
	if list := firmwares[arch]; len(list) > 0 {
		return list[0]
	}
	return ""
}

// platform is kiwi's normalised architecture name.
func platform(arch string) string {
	if arch == "i586" || arch == "i686" {
		return "ix86"
	}
	return arch
}

// firmware derives the boot modes, the partition table and the sizes of the
// partitions that firmware needs, in MiB.
func firmware(a Attributes, machine, target string) Firmware {
	arch := platform(machine)
	f := Firmware{Name: a.Firmware}
	if f.Name == "" {
		f.Name = defaultFirmware(arch)
	}
	if f.Name != "" && f.Name != "custom" && !slices.Contains(firmwares[arch], f.Name) {
		f.Unsupported = "firmware " + f.Name + " does not exist on " + arch
	}
	switch f.Name {
	case "efi", "uefi":
		f.EFI = f.Name
	case "ec2":
		f.EC2 = f.Name
	}
	f.BIOS, f.OFW, f.OPAL = f.Name == "bios", f.Name == "ofw", f.Name == "opal"
	f.Table = table(a, arch, target, f.EFI != "")
	x86 := arch == "x86_64" || arch == "ix86"
	f.LegacyBIOS = x86 && (f.Table == "msdos" || f.Table == "gpt" && f.EFI != "" && a.EFICSM.Or(true))
	if f.LegacyBIOS && f.EFI != "" {
		f.LegacyBIOSMB = 2
	}
	if f.EFI != "" {
		f.EFIMB = 20
		if n := a.EFIPartSize.Or(0); n != 0 {
			f.EFIMB = n
		}
	}
	if f.OFW {
		f.PrepMB = 8
	}
	return f
}

// table is the kind of partition table.
func table(a Attributes, arch, target string, efi bool) string {
	switch {
	case arch == "s390" || arch == "s390x":
		return map[string]string{"CDL": "dasd", "GPT": "gpt"}[target] + map[bool]string{true: "msdos"}[target != "CDL" && target != "GPT"]
	case arch == "ppc64" || arch == "ppc64le":
		return "gpt"
	case efi && a.EFIPartTable != "":
		return a.EFIPartTable
	case efi:
		return "gpt"
	}
	return "msdos"
}
