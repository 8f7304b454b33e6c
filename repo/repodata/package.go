package repodata

// Flags is the comparison of a dependency: the bits may be combined.
type Flags uint8

// The comparison bits.
const (
	Less Flags = 1 << iota
	Greater
	Equal
)

// Dep is one entry of a dependency list. A rich dependency has its whole text in
// Name, which then starts with "(", and no version.
type Dep struct {
	Name                    []byte
	Epoch, Version, Release []byte // empty where absent
	Flags                   Flags
	Pre                     bool // needed before the package's scriptlets run
}

// FileKind tells a directory and a ghost from a plain file.
type FileKind uint8

// The kinds of file list entries.
const (
	PlainFile FileKind = iota
	Directory
	Ghost // listed by the package but not in its payload
)

// File is one entry of a file list.
type File struct {
	Path []byte
	Kind FileKind
}

// Package is one package of primary.xml. All slices point into the scanner's
// buffer and are good only until the callback that received them returns.
type Package struct {
	Name, Arch              []byte
	Epoch, Version, Release []byte
	ChecksumType, Checksum  []byte // "sha256" and lower-case hexadecimal digits
	Location                []byte // path below the repository, never leaving it
	Base                    []byte // xml:base, a URL that replaces the repository's own; usually empty
	Summary, License        []byte
	Vendor, SourceRPM       []byte
	PackageSize             uint64 // bytes of the package file
	InstalledSize           uint64 // bytes of its files when unpacked
	BuildTime               uint64 // seconds since 1970
	HeaderStart, HeaderEnd  uint64 // byte range of the main header in the package file

	Requires, Provides, Conflicts, Obsoletes    []Dep
	Recommends, Suggests, Supplements, Enhances []Dep
	Files                                       []File
}

// list returns the dependency list that the element called name fills, nil for
// another element.
func (p *Package) list(name []byte) *[]Dep {
	switch string(name) {
	case "requires":
		return &p.Requires
	case "provides":
		return &p.Provides
	case "conflicts":
		return &p.Conflicts
	case "obsoletes":
		return &p.Obsoletes
	case "recommends":
		return &p.Recommends
	case "suggests":
		return &p.Suggests
	case "supplements":
		return &p.Supplements
	case "enhances":
		return &p.Enhances
	}
	return nil
}
