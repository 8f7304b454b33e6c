package rpm

import (
	"bytes"
	"encoding/binary"
)

// leadSize is the length of the lead in bytes.
const leadSize = 96

// Lead is the first 96 bytes of a package file (format_lead.md). Nothing in it
// but the magic is used since version 3; it is kept to check that it is sane.
type Lead struct {
	Magic         [4]byte // 0xedabeedb
	Major, Minor  uint8   // 3.0, or 4.0 for version 6 packages
	Type          uint16  // 0: binary, 1: source
	ArchNum       uint16
	Name          [66]byte // name-version-release, cut short and NUL terminated
	OSNum         uint16
	SignatureType uint16 // 5: a signature header follows
	Reserved      [16]byte
}

var leadMagic = [4]byte{0xed, 0xab, 0xee, 0xdb}

// parseLead decodes and checks a lead.
func parseLead(b []byte) (Lead, error) {
	var l Lead
	if _, err := binary.Decode(b, binary.BigEndian, &l); err != nil || l.Magic != leadMagic {
		return l, &FormatError{"lead", "not an rpm package"}
	}
	if l.SignatureType != 5 {
		return l, &FormatError{"lead", "illegal signature type"}
	}
	if l.Major < 3 || l.Major > 4 {
		return l, &FormatError{"lead", "unsupported package version"}
	}
	return l, nil
}

// Append encodes the lead; it is the inverse of parsing it.
func (l Lead) Append(b []byte) ([]byte, error) { return binary.Append(b, binary.BigEndian, l) }

// oddities returns what in the lead contradicts the header. No tool looks at
// these bytes, so a flipped bit here has no effect, but it is one.
func (l Lead) oddities(h *Header) []string {
	var out []string
	name, rest, found := bytes.Cut(l.Name[:], []byte{0})
	id := h.Identity()
	nvr, nevr := id.Name+"-"+id.Version+"-"+id.Release, id.Name+"-"+id.EVR()
	if !found || !allZero(rest) || len(name) > 0 && string(name) != cut(nvr) && string(name) != cut(nevr) {
		out = append(out, "the lead names another package")
	}
	if l.Minor != 0 || !allZero(l.Reserved[:]) || l.Type > 1 || (l.Type == 1) != h.Source() {
		out = append(out, "the lead is damaged")
	}
	if !l.machine(h.String(TagArch)) {
		out = append(out, "the lead is for another machine")
	}
	if (l.Major == 4) != (h.Format() >= 6) {
		out = append(out, "the lead has the version of another format")
	}
	return out
}

// leadArch are the numbers of architectures in leads (rpmrc, arch_canon).
var leadArch = map[string]uint16{
	"i386": 1, "i486": 1, "i586": 1, "i686": 1, "x86_64": 1, "alpha": 2, "sparc": 3, "mips": 4, "ppc": 5,
	"ia64": 9, "sparc64": 10, "mipsel": 11, "s390": 14, "s390x": 15, "ppc64": 16, "ppc64le": 16,
	"aarch64": 19, "riscv64": 22, "loongarch64": 23, "noarch": 255,
}

// machine reports whether the numbers of architecture and system can belong to
// a package of that architecture. Since rpm 4.19 both may be zero; packages for
// any machine have the number of the one they were built on.
func (l Lead) machine(arch string) bool {
	if l.ArchNum == 0 && l.OSNum == 0 {
		return true
	}
	want, known := leadArch[arch]
	if known && l.Type == 0 && arch != "noarch" {
		return l.OSNum == 1 && (l.ArchNum == want || l.ArchNum == 255)
	}
	return l.OSNum == 1 && (l.ArchNum > 0 && l.ArchNum < 32 || l.ArchNum == 255)
}

// cut shortens a name to what the lead has room for.
func cut(name string) string { return name[:min(len(name), len(Lead{}.Name)-1)] }

func allZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
