package pool

import (
	"slices"

	"github.com/fimg/fimg/repo/repodata"
)

// Parse makes a dependency of text as it stands in a package: a name, a rich
// dependency, or a name with a comparison in parentheses.
func (u *Universe) Parse(text string) (Ref, error) {
	b := NewBuilder("")
	d, err := b.dep(&repodata.Dep{Name: []byte(text)})
	if err != nil {
		return Ref{}, err
	}
	x := b.Index()
	last := &u.sources[len(u.sources)-1]
	s := source{Source: Source{Index: x}, first: u.ids, strBase: last.strBase + uint32(len(last.Index.strOff)-1)}
	s.toStr = make([]Str, len(x.strOff)-1)
	s.cache = make([]int32, len(x.strOff)-1+len(x.rels))
	u.sources = append(u.sources, s)
	return Ref{uint32(len(u.sources) - 1), d}, nil
}

// ProvideNames returns every name that some package provides and f accepts,
// sorted.
func (u *Universe) ProvideNames(f func(string) bool) (names []string) {
	for i := range u.sources {
		x := u.sources[i].Index
		for k := range x.provOff[:len(x.provOff)-1] {
			if x.provOff[k] == x.provOff[k+1] {
				continue
			}
			if n := string(x.text(uint32(k))); f(n) {
				names = append(names, n)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Provides reports whether the package itself lists the provide, in any version.
func (u *Universe) Provides(id ID, name string) bool {
	s, n := u.at(id)
	k, ok := s.Index.find(name)
	return ok && slices.ContainsFunc(s.Index.list(n, Provides), func(d Dep) bool {
		return s.Index.nameOf(d) == k
	})
}

// nameOf is the string a plain or versioned dependency is about.
func (x *Index) nameOf(d Dep) uint32 {
	if !d.IsRel() {
		return uint32(d)
	}
	if r := x.rels[d&^relBit]; r.Op.Compares() {
		return uint32(r.A)
	}
	return 0
}

// Owners returns the packages that own a file of that path, or of one that
// matches it as a glob in which a star matches slashes too. A glob that can only
// match what primary.xml has needs no full file lists, and dnf looks at none.
func (u *Universe) Owners(name string, glob bool) (out []ID) {
	if !glob {
		return u.owners(nil, name)
	}
	for i := range u.sources {
		s := &u.sources[i]
		out = u.ownersIn(out, s, s.Index.matchFiles(name))
		if InPrimary(name) {
			continue
		}
		if f := u.fileLists(s); f != nil {
			out = u.ownersIn(out, s, f.x.matchFiles(name))
		}
	}
	return sortIDs(out)
}

func (x *Index) matchFiles(pattern string) (pkgs []uint32) {
	var name []byte
	for _, f := range x.files {
		name = append(append(append(name[:0], x.text(f.Dir)...), '/'), x.text(f.Base)...)
		if Glob(pattern, string(name)) {
			pkgs = append(pkgs, f.Pkg)
		}
	}
	return pkgs
}
