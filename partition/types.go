package partition

import (
	"slices"
	"strings"
)

// Type is a kind of partition as the three worlds know it.
type Type struct {
	GUID GUID   `json:"guid"`
	Code string `json:"code"` // of sgdisk, four hexadecimal digits
	MBR  byte   `json:"mbr"`  // type byte of an MBR table
}

// types returns the kinds kiwi knows by name ("t.linux" in a description), with
// the names `systemd-id128 show` gives them where they have one. The identifiers
// are those of the UEFI specification 2.10 (5.3.3), of the UAPI group's
// Discoverable Partitions Specification, and of the tools that invented them.
func types() map[string]Type {
	return map[string]Type{
		"linux":         {guid("0fc63daf848347728e793d69d8477de4"), "8300", 0x83},
		"linux-generic": {guid("0fc63daf848347728e793d69d8477de4"), "8300", 0x83},
		"csm":           {guid("2168614864496e6f744e656564454649"), "ef02", 0xef},
		"efi":           {guid("c12a7328f81f11d2ba4b00a0c93ec93b"), "ef00", 0xef},
		"esp":           {guid("c12a7328f81f11d2ba4b00a0c93ec93b"), "ef00", 0xef},
		"prep":          {guid("9e1a2d38c6124316aa268b49521e5a8b"), "4100", 0x41},
		"swap":          {guid("0657fd6da4ab43c484e50933c84b4f4f"), "8200", 0x82},
		"lvm":           {guid("e6d6d379f50744c2a23c238f2a3df928"), "8e00", 0x8e},
		"raid":          {guid("a19d880f05fc4d3ba006743f0f84911e"), "fd00", 0xfd},
		"xbootldr":      {guid("bc13c2ff59e64262a352b275fd6f7172"), "ea00", 0xea},
		"home":          {guid("933ac7e12eb44f13b8440e14e2aef915"), "8302", 0x83},
		"srv":           {guid("3b8f842520e04f3b907f1a25a76f98e8"), "8306", 0x83},
		"var":           {guid("4d21b016b53445c2a9fb5c16e091fd2d"), "8310", 0x83},
		"tmp":           {guid("7ec6f5573bc54acab29316ef5df639d1"), "8311", 0x83},
		"user-home":     {guid("773f91ef66d449b5bd83d683bf40ad16"), "8312", 0x83},
	}
}

// archTypes returns root and /usr of one architecture, by `uname -m`.
func archTypes() map[string][2]Type {
	pair := func(root, rootCode, usr, usrCode string) [2]Type {
		return [2]Type{{guid(root), rootCode, 0x83}, {guid(usr), usrCode, 0x83}}
	}
	return map[string][2]Type{
		"x86_64":      pair("4f68bce3e8cd4db196e7fbcaf984b709", "8304", "8484680c952148c69c11b0720656f69e", "8314"),
		"i686":        pair("44479540f29741b29af7d131d5f0458a", "8303", "75250d768cc6458ebd66bd47cc81a812", "8313"),
		"aarch64":     pair("b921b0451df041c3af444c6f280d3fae", "8305", "b0e01050ee5f4390949a9101b17104e9", "8316"),
		"armv7l":      pair("69dad7102ce44e3cb16c21a1d49abed3", "8307", "7d0359a302b34f0a865c654403e70625", "8315"),
		"ppc64le":     pair("c31c45e63f39412e80fb4809c4980599", "8300", "15bb03af77e74d4ab12bc0d084f7491c", "8300"),
		"ppc64":       pair("912ade1da83949138964a10eee08fbd2", "8300", "2c9739e2f06846b39fd001c5a9afbcca", "8300"),
		"s390x":       pair("5eead9a9fe094a1ea1d7520d00531306", "8300", "8a4f577050aa4ed3874a99b710db6fea", "8300"),
		"riscv64":     pair("72ec70a6cf7440e6bd494bda08e8f224", "8300", "beaec34b8442439ba40b984381ed097d", "8300"),
		"loongarch64": pair("77055800792c4f94b39a98c91b762bb6", "8300", "e611c702575c4cbe9a46434fa0bf7e3f", "8300"),
	}
}

// canonicalArch folds the spellings of 32-bit machines.
func canonicalArch(arch string) string {
	switch {
	case slices.Contains([]string{"i386", "i486", "i586", "ix86"}, arch):
		return "i686"
	case strings.HasPrefix(arch, "armv6"), strings.HasPrefix(arch, "armv7"), arch == "arm":
		return "armv7l"
	}
	return arch
}

// RootType returns the discoverable root type of a target architecture
// (`uname -m`); plain Linux data where the specification has none.
func RootType(arch string) Type { return archType(arch, 0) }

// UsrType is RootType for /usr.
func UsrType(arch string) Type { return archType(arch, 1) }

func archType(arch string, which int) Type {
	if pair, ok := archTypes()[canonicalArch(arch)]; ok {
		return pair[which]
	}
	return types()["linux"]
}

// LookupType returns the type of a name ("linux", "t.linux", "esp", "root" and
// "usr" of the target), of an sgdisk code ("8300") or of a GUID.
func LookupType(name, arch string) (Type, error) {
	name = strings.ToLower(strings.TrimPrefix(name, "t."))
	switch name {
	case "root":
		return RootType(arch), nil
	case "usr":
		return UsrType(arch), nil
	}
	if t, ok := types()[name]; ok {
		return t, nil
	}
	if t, ok := typeOfCode(name); ok {
		return t, nil
	}
	if id, err := ParseGUID(name); err == nil {
		return typeOfGUID(id), nil
	}
	return Type{}, badRequest("unknown partition type %q", name)
}

// knownTypes lists every type with the general names before the special ones.
func knownTypes() []Type {
	var list []Type
	for _, name := range []string{"linux", "csm", "efi", "prep", "swap", "lvm", "raid",
		"xbootldr", "home", "srv", "var", "tmp", "user-home"} {
		list = append(list, types()[name])
	}
	for _, arch := range []string{"x86_64", "i686", "aarch64", "armv7l", "ppc64le",
		"ppc64", "s390x", "riscv64", "loongarch64"} {
		pair := archTypes()[arch]
		list = append(list, pair[0], pair[1])
	}
	return list
}

func typeOfCode(code string) (Type, bool) {
	for _, t := range knownTypes() {
		if t.Code == code {
			return t, true
		}
	}
	return Type{}, false
}

// typeOfGUID fills in code and MBR byte of a GUID, those of plain Linux data when
// it is unknown.
func typeOfGUID(id GUID) Type {
	for _, t := range knownTypes() {
		if t.GUID == id {
			return t
		}
	}
	return Type{id, "8300", 0x83}
}

// typeOfMBR is the first type with that byte; only the byte is set for others.
func typeOfMBR(b byte) Type {
	for _, t := range knownTypes() {
		if t.MBR == b && t.Code != "ef02" {
			return t
		}
	}
	return Type{MBR: b}
}
