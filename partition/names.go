package partition

import (
	"strings"
	"unicode"
)

// name fills in what the table and kiwi call an original partition.
func (s *slot) name() {
	fixed := map[Role][2]string{
		BIOSBoot: {"p.legacy", "kiwi_BiosGrub"}, ESP: {"p.UEFI", "kiwi_EfiPart"},
		PReP: {"p.prep", "kiwi_PrepPart"}, Boot: {"p.lxboot", "kiwi_BootPart"},
		Swap: {"p.swap", "kiwi_SwapPart"}, Spare: {"p.spare", "kiwi_SparePart"},
		ReadOnly: {"p.lxreadonly", "kiwi_ROPart"}, Root: {"p.lxroot", "kiwi_RootPart"},
		Custom: {"p.lx" + s.Want.Name, "kiwi_" + title(s.Want.Name) + "Part"},
	}[s.role]
	s.id = fixed[1]
	switch {
	case s.PartName != "":
	case s.role == Root && (s.kind.Code == "8e00"):
		s.PartName = "p.lxlvm"
	case s.role == Root && (s.kind.Code == "fd00"):
		s.PartName = "p.lxraid"
	default:
		s.PartName = fixed[0]
	}
}

// title puts every run of letters into title case, as Python's str.title does.
func title(name string) string {
	var b strings.Builder
	inside := false
	for _, c := range name {
		if inside {
			b.WriteRune(unicode.ToLower(c))
		} else {
			b.WriteRune(unicode.ToTitle(c))
		}
		inside = unicode.IsLetter(c)
	}
	return b.String()
}

// kind returns the type of a wanted partition. A custom one's name in the table
// goes before its type, as in kiwi.
//
// kiwi writes the root type of the machine it runs on; here it is that of the
// target. kiwi also gives LVM and RAID members the root type; they keep their own,
// as the specification of the root type demands a file system.
func (r *Request) kind(role Role, w Want) (Type, error) {
	if t, ok := discoverable(w.PartName, r.Arch); ok && role == Custom {
		return t, nil
	}
	if w.Type != "" && (role == Custom || role == Root) {
		return LookupType(w.Type, r.Arch)
	}
	if role == Boot && r.Table == MBR {
		return types()["linux"], nil
	}
	own := map[Role]string{BIOSBoot: "csm", ESP: "esp", PReP: "prep", Boot: "xbootldr",
		Swap: "swap", Spare: "linux", Custom: "linux", ReadOnly: "root", Root: "root"}[role]
	return LookupType(own, r.Arch)
}

// cloneKind is the type of a clone: what was asked for or plain Linux data, so that
// nothing that goes by types takes it for the original.
func (r *Request) cloneKind(role Role, w Want) (Type, error) {
	if w.Type != "" && (role == Custom || role == Root) {
		return LookupType(w.Type, r.Arch)
	}
	return types()["linux"], nil
}

// size returns the bytes of a partition in whole MiB, for one that gets the rest
// the least it can be.
func (s *slot) size() (int64, error) {
	size := s.Size
	if size == 0 {
		size = map[Role]int64{BIOSBoot: 2, ESP: 20, PReP: 8, Boot: 300, Swap: 128}[s.role] * MiB
	}
	if size == 0 {
		size = s.Needed
	}
	switch {
	case size == 0 && s.rest:
		size = MiB
	case size == 0:
		return 0, badRequest("%s partition %s has no size", s.role, s.Want.Name)
	case size < s.Needed:
		return 0, &TooSmallError{What: s.what(), Needed: s.Needed, Have: size}
	}
	return roundUp(size, MiB), nil
}

func (s *slot) what() string {
	t := *s
	t.name()
	return "partition " + t.PartName
}

func roundUp(n, unit int64) int64   { return (n + unit - 1) / unit * unit }
func roundDown(n, unit int64) int64 { return n / unit * unit }
