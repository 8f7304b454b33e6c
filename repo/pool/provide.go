package pool

import (
	"slices"
	"strings"

	"github.com/fimg/fimg/repo/pool/evr"
)

// Rel describes a dependency: for a comparison its name and version, for an
// operator its operands. A plain name has operator zero.
func (u *Universe) Rel(r Ref) (op Op, name, version string, a, b Ref) {
	if !r.dep.IsRel() {
		return 0, u.refText(r.src, r.dep), "", Ref{}, Ref{}
	}
	rel := u.rel(r)
	if rel.Op.Compares() {
		return rel.Op, u.refText(r.src, rel.A), u.refText(r.src, rel.B), Ref{}, Ref{}
	}
	return rel.Op, "", "", Ref{r.src, rel.A}, Ref{r.src, rel.B}
}

func (u *Universe) rel(r Ref) Rel {
	return u.sources[r.src].Index.rels[r.dep&^relBit]
}

func (u *Universe) refText(src uint32, d Dep) string {
	return string(u.sources[src].Index.text(uint32(d)))
}

// Rich reports whether the dependency is an operator other than a comparison.
func (u *Universe) Rich(r Ref) bool { return r.dep.IsRel() && !u.rel(r).Op.Compares() }

// Providers returns the packages that satisfy the dependency, sorted, of any
// installable architecture, excluded ones among them. For a rich dependency this
// is what libsolv calls its providers: those that might. The slice must not be
// changed.
func (u *Universe) Providers(r Ref) []ID {
	s := &u.sources[r.src]
	slot := int(r.dep &^ relBit)
	if r.dep.IsRel() {
		slot += len(s.toStr)
	}
	if got := s.cache[slot]; got != nil {
		return got
	}
	got := u.find(r)
	if got == nil {
		got = []ID{}
	}
	s.cache[slot] = got
	return got
}

func (u *Universe) find(r Ref) []ID {
	if !r.dep.IsRel() {
		return u.ProvidersOf(u.refText(r.src, r.dep), 0, "")
	}
	rel := u.rel(r)
	if rel.Op.Compares() {
		return u.ProvidersOf(u.refText(r.src, rel.A), rel.Op, u.refText(r.src, rel.B))
	}
	return u.findRich(r.src, rel)
}

// findRich combines the providers of the operands of a rich dependency.
func (u *Universe) findRich(src uint32, rel Rel) []ID {
	left := u.Providers(Ref{src, rel.A})
	right := Ref{src, rel.B}
	switch rel.Op {
	case With, Without:
		other := u.Providers(right)
		var out []ID
		for _, id := range left {
			if _, ok := slices.BinarySearch(other, id); ok == (rel.Op == With) {
				out = append(out, id)
			}
		}
		return out
	case If, Unless: // the condition may hold or not: take both branches
		if !right.dep.IsRel() || u.rel(right).Op != Else {
			return left
		}
		right.dep = u.rel(right).B
	case Else:
		return nil
	}
	return sortIDs(slices.Concat(left, u.Providers(right)))
}

// ProvidersOf returns the packages that provide name in a version that meets the
// comparison, sorted. A name that begins with a slash is also provided by the
// packages that own the file. An operator of zero accepts any version.
func (u *Universe) ProvidersOf(name string, op Op, version string) []ID {
	var out []ID
	for i := range u.sources {
		if k, ok := u.sources[i].Index.find(name); ok {
			out = u.matching(out, i, k, op, version)
		}
	}
	if strings.HasPrefix(name, "/") && op == 0 {
		out = u.owners(out, name)
	}
	return out
}

// matching appends the packages of one source that provide string k in range.
func (u *Universe) matching(out []ID, si int, k uint32, op Op, version string) []ID {
	s := &u.sources[si]
	x := s.Index
	for _, e := range x.prov[x.provOff[k]:x.provOff[k+1]] {
		id := s.first + ID(e.Pkg)
		if len(out) > 0 && out[len(out)-1] == id || u.ArchScore(id) == 0 {
			continue
		}
		if op == 0 || x.within(e.Dep, op, version) {
			out = append(out, id)
		}
	}
	return out
}

// within reports whether a provide meets a comparison. One without a version
// meets any.
func (x *Index) within(provide Dep, op Op, version string) bool {
	if !provide.IsRel() {
		return true
	}
	r := x.rels[provide&^relBit]
	return evr.Intersect(evr.Op(r.Op), string(x.text(uint32(r.B))), evr.Op(op), version)
}

// Named returns the packages called name, sorted, of any installable
// architecture.
func (u *Universe) Named(name Str) (out []ID) {
	for i := range u.sources {
		s := &u.sources[i]
		k, ok := u.local(i, name)
		if !ok {
			continue
		}
		for _, e := range s.Index.prov[s.Index.provOff[k]:s.Index.provOff[k+1]] {
			id := s.first + ID(e.Pkg)
			if s.Index.packages[e.Pkg].Name == k && (len(out) == 0 || out[len(out)-1] != id) && u.ArchScore(id) != 0 {
				out = append(out, id)
			}
		}
	}
	return out
}

// WithObsoletes and WithWeak return the packages that have obsoletes, and those
// that have supplements or enhances, in order.
func (u *Universe) WithObsoletes() []ID {
	return u.selected(func(x *Index) []uint32 { return x.obsolete })
}

// WithWeak returns the packages that have supplements or enhances.
func (u *Universe) WithWeak() []ID { return u.selected(func(x *Index) []uint32 { return x.weak }) }

func (u *Universe) selected(list func(*Index) []uint32) (out []ID) {
	for i := range u.sources {
		for _, n := range list(u.sources[i].Index) {
			if id := u.sources[i].first + ID(n); u.ArchScore(id) != 0 {
				out = append(out, id)
			}
		}
	}
	return out
}

// MatchesNEVR reports whether the package itself, by name and version and
// whatever it provides, is what the dependency describes. It is how obsoletes
// are read.
func (u *Universe) MatchesNEVR(id ID, r Ref) bool {
	op, name, version, a, b := u.Rel(r)
	switch op {
	case And, With:
		return u.MatchesNEVR(id, a) && u.MatchesNEVR(id, b)
	case Or:
		return u.MatchesNEVR(id, a) || u.MatchesNEVR(id, b)
	case Without:
		return u.MatchesNEVR(id, a) && !u.MatchesNEVR(id, b)
	case If, Unless, Else:
		return false
	}
	if u.String(u.Name0(id)) != name {
		return false
	}
	return op == 0 || evr.Intersect(evr.EQ, u.String(u.EVR0(id)), evr.Op(op), version)
}

// Text writes a dependency as rpm does.
func (u *Universe) Text(r Ref) string {
	op, name, version, a, b := u.Rel(r)
	if op == 0 {
		return name
	}
	if op.Compares() {
		return name + " " + evr.Op(op).String() + " " + version
	}
	return "(" + u.inner(op, a, b) + ")"
}

// inner writes the operands without parentheses, flat where operators chain.
func (u *Universe) inner(op Op, a, b Ref) string {
	right := u.Text(b)
	if bop, _, _, ba, bb := u.Rel(b); bop == op && op < Without || bop == Else {
		right = u.inner(bop, ba, bb)
	}
	return u.Text(a) + " " + opNames[op-And] + " " + right
}

var opNames = [...]string{"and", "or", "with", "without", "if", "unless", "else"}
