package pool

import (
	"cmp"
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
	if n := s.cache[slot]; n != 0 {
		return u.lists[n-1]
	}
	got := u.find(r)
	u.lists = append(u.lists, got)
	s.cache[slot] = int32(len(u.lists))
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

// Obsoleters returns the packages with a plain or versioned obsoletes on a name,
// and that dependency, in order. Whether the version is met is not looked at.
func (u *Universe) Obsoleters(name Str) func(yield func(ID, Ref) bool) {
	return func(yield func(ID, Ref) bool) {
		for i := range u.sources {
			s := &u.sources[i]
			k, ok := u.local(i, name)
			if !ok {
				continue
			}
			for _, e := range s.Index.obsoleters(k) {
				if id := s.first + ID(e.Pkg); u.scoreOf[id] != 0 && !yield(id, Ref{uint32(i), e.Dep}) {
					return
				}
			}
		}
	}
}

// obsoleters are the entries for a name in the index of obsoletes.
func (x *Index) obsoleters(name uint32) []obsolete {
	at, _ := slices.BinarySearchFunc(x.obsolete, name, func(e obsolete, n uint32) int { return cmp.Compare(e.Name, n) })
	end := at
	for end < len(x.obsolete) && x.obsolete[end].Name == name {
		end++
	}
	return x.obsolete[at:end]
}

// WithWeak returns the packages that have supplements or enhances.
func (u *Universe) WithWeak() []ID {
	if u.weak == nil {
		u.weak = []ID{}
		for i := range u.sources {
			for _, n := range u.sources[i].Index.weak {
				if id := u.sources[i].first + ID(n); u.ArchScore(id) != 0 {
					u.weak = append(u.weak, id)
				}
			}
		}
	}
	return u.weak
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
	var b strings.Builder
	u.write(&b, r)
	return b.String()
}

func (u *Universe) write(b *strings.Builder, r Ref) {
	op, name, version, x, y := u.Rel(r)
	switch {
	case op == 0:
		b.WriteString(name)
	case op.Compares():
		b.WriteString(name + " " + evr.Op(op).String() + " " + version)
	default:
		b.WriteByte('(')
		u.writeInner(b, op, x, y)
		b.WriteByte(')')
	}
}

// writeInner writes the operands without parentheses, flat where operators chain.
func (u *Universe) writeInner(b *strings.Builder, op Op, x, y Ref) {
	u.write(b, x)
	b.WriteString(" " + opNames[op-And] + " ")
	if yop, _, _, yx, yy := u.Rel(y); yop == op && op < Without || yop == Else {
		u.writeInner(b, yop, yx, yy)
		return
	}
	u.write(b, y)
}

var opNames = [...]string{"and", "or", "with", "without", "if", "unless", "else"}
