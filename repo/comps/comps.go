// Package comps reads comps.xml, the groups and environments of an RPM
// repository, and says which packages a request for a group means.
//
// The format is that of libcomps (comps.dtd): groups with package requirements of
// four kinds, environments with a list of groups and one of optional groups.
// Categories, translations and language packs are left out.
package comps

// Kind says how strongly a group wants a package.
type Kind string

// The kinds. A package requirement without a type is mandatory.
const (
	Mandatory   Kind = "mandatory"
	Default     Kind = "default"
	Optional    Kind = "optional"
	Conditional Kind = "conditional"
)

// Comps is the groups and environments of one repository or of several merged.
type Comps struct {
	Groups       []Group
	Environments []Environment
}

// Group is a named set of packages.
type Group struct {
	ID, Name    string
	Description string
	Packages    []Package
	Default     bool   // preselected
	Visible     bool   // offered to users
	Order       string // display_order as written
	LangOnly    string // the language it is for, if only one
}

// Package is one package requirement of a group.
type Package struct {
	Name string
	Kind Kind
	// Requires, where not empty, limits the requirement: the package is wanted
	// only if a package of that name is going to be installed.
	Requires string
	// BaseArchOnly restricts it to packages of the base architecture.
	BaseArchOnly bool
}

// Environment is a named set of groups.
type Environment struct {
	ID, Name    string
	Description string
	Order       string        // display_order as written
	Groups      []string      // always part of it
	Options     []OptionGroup // offered with it
}

// OptionGroup is a group that an environment offers.
type OptionGroup struct {
	ID      string
	Default bool // preselected
}
