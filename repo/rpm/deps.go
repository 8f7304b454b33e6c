package rpm

// Sense is the flags of a dependency: the comparison and who needs it when
// (rpmds.h).
type Sense uint32

// Sense bits.
const (
	SenseLess          Sense = 1 << 1
	SenseGreater       Sense = 1 << 2
	SenseEqual         Sense = 1 << 3
	SensePostTrans     Sense = 1 << 5
	SensePreReq        Sense = 1 << 6
	SensePreTrans      Sense = 1 << 7
	SenseInterp        Sense = 1 << 8
	SensePre           Sense = 1 << 9
	SensePost          Sense = 1 << 10
	SensePreUn         Sense = 1 << 11
	SensePostUn        Sense = 1 << 12
	SenseVerify        Sense = 1 << 13
	SenseFindRequires  Sense = 1 << 14
	SenseFindProvides  Sense = 1 << 15
	SenseTriggerIn     Sense = 1 << 16
	SenseTriggerUn     Sense = 1 << 17
	SenseTriggerPostUn Sense = 1 << 18
	SenseMissingOK     Sense = 1 << 19
	SensePreUntrans    Sense = 1 << 20
	SensePostUntrans   Sense = 1 << 21
	SenseRPMLib        Sense = 1 << 24
	SenseTriggerPreIn  Sense = 1 << 25
	SenseKeyring       Sense = 1 << 26
	SenseConfig        Sense = 1 << 28
	SenseMeta          Sense = 1 << 29

	// SenseCompare masks the comparison.
	SenseCompare = SenseLess | SenseGreater | SenseEqual
)

// Masks of rpm (rpmds.h) for what a requirement orders.
const (
	senseInstallOnly = SensePre | SensePost | SenseRPMLib | SenseKeyring | SensePreTrans | SensePostTrans
	senseEraseOnly   = SensePreUn | SensePostUn | SensePreUntrans | SensePostUntrans
	senseAllRequires = SenseInterp | senseScripts | SenseVerify | SenseFindRequires | SenseRPMLib |
		SenseKeyring | SensePreTrans | SensePostTrans | SensePreUntrans | SensePostUntrans |
		SensePreReq | SenseMeta | SenseMissingOK
	senseScripts   = SensePre | SensePost | SensePreUn | SensePostUn
	senseUnordered = SenseRPMLib | SenseConfig | SensePreTrans | SensePostTrans |
		SensePreUntrans | SensePostUntrans | SenseVerify | SenseMeta
)

// InstallPreReq reports whether the requirement is one of installing.
func (s Sense) InstallPreReq() bool { return s&senseInstallOnly != 0 }

// ErasePreReq reports whether the requirement is one of erasing.
func (s Sense) ErasePreReq() bool { return s&senseEraseOnly != 0 }

// LegacyPreReq reports whether the requirement is a bare "PreReq" of old
// packages, which orders both ways.
func (s Sense) LegacyPreReq() bool {
	return s&senseAllRequires == SensePreReq
}

// Unordered reports whether the requirement has no say in the order of a
// transaction.
func (s Sense) Unordered() bool { return s&senseUnordered != 0 && s&senseScripts == 0 }

// Transient reports whether the requirement need only hold while the package is
// installed, so that the database does not index it.
func (s Sense) Transient() bool {
	return s.InstallPreReq() && !s.ErasePreReq() && s&SenseMeta == 0
}

// Operator returns the comparison as text: "", "<", "<=", "=", ">=" or ">".
func (s Sense) Operator() string {
	op := ""
	if s&SenseLess != 0 {
		op += "<"
	}
	if s&SenseGreater != 0 {
		op += ">"
	}
	if s&SenseEqual != 0 {
		op += "="
	}
	return op
}

// Dependency is one dependency of a package. A rich dependency has its whole
// expression, starting with "(", as name.
type Dependency struct {
	Name    string
	Flags   Sense
	Version string // "[epoch:]version[-release]", empty for any
}

// String returns the dependency as "rpm -q --requires" prints it.
func (d Dependency) String() string {
	if d.Flags&SenseCompare == 0 || d.Version == "" {
		return d.Name
	}
	return d.Name + " " + d.Flags.Operator() + " " + d.Version
}

// DependencyKind is one of the lists of dependencies in a header.
type DependencyKind int

// The lists. Orders is the one that only orders a transaction.
const (
	Provides DependencyKind = iota
	Requires
	Conflicts
	Obsoletes
	Recommends
	Suggests
	Supplements
	Enhances
	Orders
)

// tags returns the tags of names, flags and versions.
func (k DependencyKind) tags() (name, flags, version Tag) {
	switch k {
	case Provides:
		return TagProvideName, TagProvideFlags, TagProvideVersion
	case Requires:
		return TagRequireName, TagRequireFlags, TagRequireVersion
	case Conflicts:
		return TagConflictName, TagConflictFlags, TagConflictVersion
	case Obsoletes:
		return TagObsoleteName, TagObsoleteFlags, TagObsoleteVersion
	case Recommends:
		return TagRecommendName, TagRecommendFlags, TagRecommendVersion
	case Suggests:
		return TagSuggestName, TagSuggestFlags, TagSuggestVersion
	case Supplements:
		return TagSupplementName, TagSupplementFlags, TagSupplementVersion
	case Enhances:
		return TagEnhanceName, TagEnhanceFlags, TagEnhanceVersion
	}
	return TagOrderName, TagOrderFlags, TagOrderVersion
}

// Dependencies returns one list of dependencies, in the header's order. Missing
// flags and versions are zero.
func (h *Header) Dependencies(kind DependencyKind) []Dependency {
	name, flags, version := kind.tags()
	return h.dependencies(name, flags, version)
}

func (h *Header) dependencies(name, flags, version Tag) []Dependency {
	n := h.Count(name)
	if n == 0 {
		return nil
	}
	deps := make([]Dependency, n)
	f := h.Numbers(flags)
	for i, s := range h.All(name) {
		deps[i].Name = s
		deps[i].Flags = Sense(f.At(i))
	}
	for i, s := range h.All(version) {
		if i < n {
			deps[i].Version = s
		}
	}
	return deps
}
