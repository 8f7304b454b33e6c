package pool

import (
	"fmt"
	"slices"
)

// ID is a package of a universe. IDs rise in the order of the sources and of the
// packages in them; 0 is none and 1 stands for the system itself.
type ID int32

// System is the ID of the package that is always there and provides nothing.
const System ID = 1

const firstID ID = 2

// Str is a string of a universe: equal strings have equal numbers.
type Str uint32

// Ref is a dependency of a universe, in the numbering of the source it is from.
// Zero is none. Equal dependencies of two sources have different Refs.
type Ref struct {
	src uint32
	dep Dep
}

// Source is one repository of a universe.
type Source struct {
	Index *Index
	// Name identifies the repository in messages and results.
	Name string
	// Priority and Cost are dnf's: lower is preferred. Both are used as given, so
	// a caller sets dnf's defaults, 99 and 1000.
	Priority, Cost int
	// Installed marks the packages that are on the system already. At most one
	// source may have it and it must be the first.
	Installed bool
	// Files, where not nil, returns the full file lists. It is called at most
	// once, when a dependency or argument names a file outside of the directories
	// that Index covers and nothing else provides it.
	Files func() (*FileIndex, error)
}

// Universe is the packages of several sources as seen by one architecture. It
// keeps what it has looked up, so it is for one goroutine at a time.
type Universe struct {
	sources  []source
	ids      ID      // one more than the highest
	scoreOf  []int32 // by ID
	arch     string
	excluded []bool // by ID; nil when nothing is excluded
	lists    [][]ID // answers of Providers
	weak     []ID
	err      error
}

// source is a Source with its place in the numbering of the universe.
type source struct {
	Source
	first   ID     // of its packages
	strBase uint32 // of its strings
	toStr   []Str  // number of each string in the universe plus one, zero unknown
	files   *FileIndex
	loaded  bool
	cache   []int32 // by dependency, strings then relations: answer in lists plus one
}

// NewUniverse joins sources for a machine of the named architecture, in rpm's
// terms. An empty architecture accepts every package.
func NewUniverse(arch string, sources ...Source) (*Universe, error) {
	u := &Universe{ids: firstID, arch: arch}
	var strs uint64
	for i, s := range sources {
		if s.Index == nil {
			return nil, fmt.Errorf("join repository %s: no index", s.Name)
		}
		if s.Installed && i > 0 {
			return nil, fmt.Errorf("join repository %s: installed packages must come first", s.Name)
		}
		n := len(s.Index.strOff) - 1
		u.sources = append(u.sources, source{Source: s, first: u.ids, strBase: uint32(strs)})
		strs += uint64(n)
		if total := int64(u.ids) + int64(s.Index.Len()); total > 1<<30 || strs > 1<<31 {
			return nil, fmt.Errorf("join repository %s: too many packages", s.Name)
		}
		u.ids += ID(s.Index.Len())
	}
	scores := archScores(arch)
	u.scoreOf = make([]int32, u.ids)
	for i := range u.sources {
		s := &u.sources[i]
		u.scorePackages(s, scores)
		s.toStr = make([]Str, len(s.Index.strOff)-1)
		s.cache = make([]int32, len(s.Index.strOff)-1+len(s.Index.rels))
	}
	return u, nil
}

// Arch is the architecture the universe was made for.
func (u *Universe) Arch() string { return u.arch }

// End is one more than the highest ID; the packages are firstID to End.
func (u *Universe) End() ID { return u.ids }

// All returns every ID in order.
func (u *Universe) All() func(yield func(ID) bool) {
	return func(yield func(ID) bool) {
		for id := firstID; id < u.ids; id++ {
			if !yield(id) {
				return
			}
		}
	}
}

// Err is the first failure to load a file list, after which answers may lack
// packages.
func (u *Universe) Err() error { return u.err }

// at finds the source of a package and its number there.
func (u *Universe) at(id ID) (*source, uint32) {
	i := u.SourceOf(id)
	s := &u.sources[i]
	return s, uint32(id - s.first)
}

// SourceOf is the position of the package's source among those of NewUniverse.
func (u *Universe) SourceOf(id ID) int {
	for i := len(u.sources) - 1; i > 0; i-- {
		if id >= u.sources[i].first {
			return i
		}
	}
	return 0
}

// Source returns what the package's repository was joined with.
func (u *Universe) Source(id ID) *Source { return &u.sources[u.SourceOf(id)].Source }

// Installed is the range of the packages already on the system.
func (u *Universe) Installed() (first, end ID) {
	if len(u.sources) > 0 && u.sources[0].Installed {
		return firstID, firstID + ID(u.sources[0].Index.Len())
	}
	return firstID, firstID
}

// IsInstalled reports whether the package is on the system.
func (u *Universe) IsInstalled(id ID) bool {
	first, end := u.Installed()
	return id >= first && id < end
}

// Exclude takes packages out: they provide what they provide but cannot be
// installed. It may be called before the universe is first asked for anything.
func (u *Universe) Exclude(ids ...ID) {
	if u.excluded == nil && len(ids) > 0 {
		u.excluded = make([]bool, u.ids)
	}
	for _, id := range ids {
		u.excluded[id] = true
	}
}

// Excluded reports whether Exclude was called for the package.
func (u *Universe) Excluded(id ID) bool { return u.excluded != nil && u.excluded[id] }

// Installable reports whether the package suits the architecture and is not
// excluded.
func (u *Universe) Installable(id ID) bool {
	return !u.Excluded(id) && u.ArchScore(id) != 0
}

// ArchScore ranks the architecture of the package: 0 cannot be installed, 1 is
// noarch, otherwise lower is better and the upper 16 bits are the class.
func (u *Universe) ArchScore(id ID) int32 { return u.scoreOf[id] }

// scorePackages ranks the architecture of each package of a source.
func (u *Universe) scorePackages(s *source, scores map[string]int32) {
	known := map[uint32]int32{}
	for i := range s.Index.packages {
		a := s.Index.packages[i].Arch
		score, ok := known[a]
		if !ok {
			text := string(s.Index.text(a))
			if score = scores[text]; scores == nil && text != "src" {
				score = scoreNoarch
			}
			known[a] = score
		}
		u.scoreOf[s.first+ID(i)] = score
	}
}

// List is one dependency list of a package.
type List struct {
	src  uint32
	deps []Dep
}

// Len is the number of dependencies.
func (l List) Len() int { return len(l.deps) }

// All yields the dependencies in their order.
func (l List) All() func(yield func(Ref) bool) {
	return func(yield func(Ref) bool) {
		for _, d := range l.deps {
			if !yield(Ref{l.src, d}) {
				return
			}
		}
	}
}

// Any reports whether f holds for one of the dependencies.
func (l List) Any(f func(Ref) bool) bool {
	for _, d := range l.deps {
		if f(Ref{l.src, d}) {
			return true
		}
	}
	return false
}

// Deps returns one dependency list of a package as a new slice.
func (u *Universe) Deps(id ID, kind Kind) (refs []Ref) {
	for d := range u.List(id, kind).All() {
		refs = append(refs, d)
	}
	return refs
}

// List returns one dependency list of a package.
func (u *Universe) List(id ID, kind Kind) List {
	i := u.SourceOf(id)
	s := &u.sources[i]
	return List{uint32(i), s.Index.list(uint32(id-s.first), kind)}
}

// HasDeps reports whether the list is not empty.
func (u *Universe) HasDeps(id ID, kind Kind) bool {
	s, n := u.at(id)
	return len(s.Index.list(n, kind)) > 0
}

// sortIDs sorts and removes repetitions.
func sortIDs(ids []ID) []ID {
	slices.Sort(ids)
	return slices.Compact(ids)
}
