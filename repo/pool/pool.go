// Package pool is the universe of packages a resolver chooses from.
//
// A Builder takes the packages of one repository one after another and lays them
// out as an index: flat arrays over interned strings, with the indexes by name,
// by provide and by file that a resolver asks. The index is one block of bytes
// that can be written to a file, mapped into memory and used as it lies there. A
// Universe joins the indexes of several repositories, with their priorities and
// costs, for one architecture.
//
// Dependencies are identifiers: of a string, for a plain name, or of a relation,
// which is a name with a version range or an operator with two operands (rich
// dependencies). The reading of ranges follows libsolv. The package reads no XML
// and opens nothing but index files; it holds no opinion on which package is
// preferable.
package pool

// Kind names one of the dependency lists of a package.
type Kind uint8

// The lists. PreRequires is the part of Requires that must be there before the
// scriptlets of the package run.
const (
	Requires Kind = iota
	Provides
	Conflicts
	Obsoletes
	Recommends
	Suggests
	Supplements
	Enhances
	PreRequires
	kinds
)

// Dep is a dependency of one index: a string or, with the top bit set, a
// relation. Zero is none.
type Dep uint32

const relBit Dep = 1 << 31

// IsRel tells a relation from a plain name.
func (d Dep) IsRel() bool { return d&relBit != 0 }

// Op is the operator of a relation.
type Op uint32

// Comparisons are sets of the bits of package evr; the others are the operators
// of rich dependencies. "A if B else C" is If(A, Else(B, C)), likewise unless.
const (
	And Op = 8 + iota
	Or
	With
	Without
	If
	Unless
	Else
)

// Compares reports whether the operator is a version comparison.
func (o Op) Compares() bool { return o < And }

// Rel is a relation: for a comparison A is a name and B the version, for an
// operator both are dependencies.
type Rel struct {
	A, B Dep
	Op   Op
}

// entry is one package in an index by name: the package and the dependency that
// put it there.
type entry struct {
	Pkg uint32
	Dep Dep
}

// record is the fixed part of a package: string identifiers.
type record struct {
	Name, Arch, EVR, Vendor uint32
}

// file is one entry of the file index, sorted by directory, base name, package.
type file struct {
	Dir, Base, Pkg uint32
}

// obsolete is one entry of the index of obsoletes, sorted by name and package.
type obsolete struct {
	Name, Pkg uint32
	Dep       Dep
}
