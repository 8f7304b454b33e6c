package partition

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fimg/fimg/fault"
	"github.com/fimg/fimg/seed"
)

// MiB is the unit partitions are aligned to and sized in.
const MiB = 1 << 20

// Request is what a Layout is planned from. Sizes are bytes; those of partitions
// are rounded up to whole MiB.
type Request struct {
	// Arch is the target's `uname -m`; it chooses the type of the root.
	Arch string
	// Table is GPT, MBR or DASD; TableFor follows kiwi's rule.
	Table Table
	// SectorSize is 512 (also when zero) or 4096.
	SectorSize int
	// StartSector is where the first partition begins, 2048 when zero.
	StartSector int64
	// Seed gives GUIDs and the disk signature; DiskID, when not zero,
	// replaces the latter.
	Seed   seed.Seed
	DiskID uint32

	// Size is that of the whole disk, Unpartitioned included. Zero makes the
	// disk as large as the partitions need; with Additive it is added to that.
	Size     int64
	Additive bool
	// Unpartitioned is left free after the last partition.
	Unpartitioned int64

	// The partitions; nil ones are left out. Their order on the disk is kiwi's:
	// BIOSBoot, ESP, PReP, Boot, Swap, Custom as given, Spare, ReadOnly, Root,
	// or Spare last of all with SpareLast. Clones precede their original.
	BIOSBoot, ESP, PReP, Boot, Swap, Spare, ReadOnly, Root *Want
	Custom                                                 []Want
	SpareLast                                              bool

	// Active sets the boot flag of an MBR on PReP, else Boot, else Root, as
	// kiwi does for firmware bios and ofw.
	Active bool
	// ExtendedLayout makes the fourth partition of an MBR an extended one and
	// all further ones logical.
	ExtendedLayout bool
	// ForceMBR plans a GPT and writes it as an MBR with the same partitions.
	ForceMBR bool
	// HybridMBR puts the first three partitions of a GPT into its MBR as well.
	HybridMBR bool
}

// Want is one partition asked for.
type Want struct {
	// Size in bytes; zero is the default of the role (BIOSBoot 2 MiB, ESP 20,
	// PReP 8, Boot 300, Swap 128), for others Needed; for Root the rest of the
	// disk, shared evenly with its clones.
	Size int64
	// Needed is what the content takes, measured by the caller; a smaller
	// partition is refused. Zero is unknown.
	Needed int64
	// Number forces the number of the partition; its clones have the next ones,
	// and later partitions continue from it.
	Number int
	// Clones is the number of copies made before the partition itself.
	Clones int
	// Name is a custom partition's name in the description, PartName what the
	// table calls it (default p.lx<Name>; for others kiwi's fixed name).
	Name, PartName string
	// Type is a name, code or GUID for LookupType; for Root "lvm" and "raid"
	// also change the name. Empty is the role's own.
	Type string
}

// RequestError says that a request makes no sense.
type RequestError struct{ Reason string }

func (e *RequestError) Error() string { return "plan partitions: " + e.Reason }

// FaultClass is fault.Description: requests come from descriptions.
func (e *RequestError) FaultClass() fault.Class { return fault.Description }

func badRequest(format string, args ...any) error {
	return &RequestError{fmt.Sprintf(format, args...)}
}

// TableFor returns the table kiwi chooses: on s390 by the type of the zipl target
// (CDL, LDL, GPT, …), on ppc64 always GPT, for firmware efi and uefi GPT unless
// efiTable says "msdos", else MBR.
func TableFor(arch, firmware, efiTable, ziplTarget string) Table {
	target := strings.ToUpper(ziplTarget)
	switch {
	case strings.HasPrefix(arch, "s390") && strings.Contains(target, "CDL"):
		return DASD
	case strings.HasPrefix(arch, "s390") && strings.Contains(target, "GPT"):
		return GPT
	case strings.HasPrefix(arch, "s390"):
		return MBR
	case strings.HasPrefix(arch, "ppc64"):
		return GPT
	case (firmware == "efi" || firmware == "uefi") && efiTable != "msdos":
		return GPT
	}
	return MBR
}

// NeedsBIOSBoot tells whether kiwi adds a BIOS boot partition, csm being the
// eficsm attribute (true when absent).
func NeedsBIOSBoot(arch, firmware string, table Table, csm bool) bool {
	x86 := slices.Contains([]string{"x86_64", "i686"}, canonicalArch(arch))
	return x86 && table == GPT && csm && (firmware == "efi" || firmware == "uefi")
}

// slot is one partition on its way into the layout.
type slot struct {
	Want
	role  Role
	clone int // zero is the original
	id    string
	kind  Type
	bytes int64 // zero while it is to get the rest
	rest  bool
}

// slots returns every partition in order of creation, clones made explicit.
func (r *Request) slots() ([]slot, error) {
	var list []slot
	add := func(role Role, w *Want) error {
		if w == nil {
			return nil
		}
		more, err := r.expand(role, *w)
		list = append(list, more...)
		return err
	}
	early, late := r.Spare, (*Want)(nil)
	if r.SpareLast {
		early, late = nil, r.Spare
	}
	steps := []struct {
		role Role
		want *Want
	}{{BIOSBoot, r.BIOSBoot}, {ESP, r.ESP}, {PReP, r.PReP}, {Boot, r.Boot}, {Swap, r.Swap}}
	for i := range r.Custom {
		steps = append(steps, struct {
			role Role
			want *Want
		}{Custom, &r.Custom[i]})
	}
	steps = append(steps, []struct {
		role Role
		want *Want
	}{{Spare, early}, {ReadOnly, r.ReadOnly}, {Root, r.Root}, {Spare, late}}...)
	for _, s := range steps {
		if err := add(s.role, s.want); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// expand turns a wanted partition into its clones and itself.
func (r *Request) expand(role Role, w Want) ([]slot, error) {
	if w.Size < 0 || w.Needed < 0 || w.Clones < 0 || w.Clones > 100 || w.Size > maxDisk || w.Needed > maxDisk {
		return nil, badRequest("%s partition %s: size or number of clones out of range", role, w.Name)
	}
	kind, err := r.kind(role, w)
	if err != nil {
		return nil, err
	}
	s := slot{Want: w, role: role, kind: kind, rest: role == Root && w.Size == 0}
	if s.bytes, err = s.size(); err != nil {
		return nil, err
	}
	list, err := r.clones(s)
	if err != nil {
		return nil, err
	}
	s.name()
	return append(list, s), nil
}

// clones returns those of a partition. With a forced number theirs are the next
// ones, and their names say so.
func (r *Request) clones(s slot) ([]slot, error) {
	kind, err := r.cloneKind(s.role, s.Want)
	if err != nil {
		return nil, err
	}
	var list []slot
	for n := 1; n <= s.Clones; n++ {
		c := s
		c.clone, c.kind = n, kind
		if c.Number > 0 {
			c.Number += n
		}
		word := max(c.Number, n*btoi(c.Number == 0))
		c.PartName = fmt.Sprintf("p.lx%sclone%d", s.base(), word)
		c.id = fmt.Sprintf("kiwi_%sPartClone%d", s.base(), word)
		list = append(list, c)
	}
	return list, nil
}

// base is the word kiwi makes the names of clones from.
func (s *slot) base() string {
	switch s.role {
	case Custom:
		return s.Want.Name
	case ReadOnly, Root:
		return "root"
	}
	return string(s.role)
}
