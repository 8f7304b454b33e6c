package pool

import (
	"cmp"
	"slices"
)

// Index returns the index of the packages added, made of the builder's own
// memory. The builder is spent.
func (b *Builder) Index() *Index {
	slices.SortFunc(b.files, func(x, y file) int {
		return cmp.Or(cmp.Compare(x.Dir, y.Dir), cmp.Compare(x.Base, y.Base), cmp.Compare(x.Pkg, y.Pkg))
	})
	b.sortWeak() // needs the files in order
	provOff, prov := b.provides()
	return &Index{
		key: b.key, strOff: b.strings.off, strBlob: b.strings.blob, strHash: b.strings.hash,
		rels: b.rels.list, packages: b.packages, depEnd: b.depEnd, deps: b.deps,
		provOff: provOff, prov: prov, obsolete: b.obsoletes(), weak: b.having(Supplements, Enhances),
		files: b.files, detEnd: b.detEnd, details: b.details,
	}
}

func (b *Builder) list(pkg int, kind Kind) []Dep {
	i := pkg*int(kinds) + int(kind)
	var start uint32
	if i > 0 {
		start = b.depEnd[i-1]
	}
	return b.deps[start:b.depEnd[i]]
}

// provides makes the index of provides by name, in order of packages.
func (b *Builder) provides() (off []uint32, entries []entry) {
	off = make([]uint32, b.strings.count()+1)
	for p := range b.packages {
		for _, d := range b.list(p, Provides) {
			off[b.nameOf(d)+1]++
		}
	}
	for i := 1; i < len(off); i++ {
		off[i] += off[i-1]
	}
	entries = make([]entry, off[len(off)-1])
	next := slices.Clone(off)
	for p := range b.packages {
		for _, d := range b.list(p, Provides) {
			n := b.nameOf(d)
			entries[next[n]] = entry{uint32(p), d}
			next[n]++
		}
	}
	return off, entries
}

// obsoletes makes the index of obsoletes by name.
func (b *Builder) obsoletes() (out []obsolete) {
	for p := range b.packages {
		for _, d := range b.list(p, Obsoletes) {
			if n := b.nameOf(d); n != 0 {
				out = append(out, obsolete{n, uint32(p), d})
			}
		}
	}
	slices.SortStableFunc(out, func(x, y obsolete) int { return cmp.Compare(x.Name, y.Name) })
	return out
}

// nameOf is the string a dependency is about; that of a rich one is empty.
func (b *Builder) nameOf(d Dep) uint32 {
	if !d.IsRel() {
		return uint32(d)
	}
	if r := b.rels.list[d&^relBit]; r.Op.Compares() {
		return uint32(r.A)
	}
	return 0
}

// having lists the packages in which one of the lists is not empty.
func (b *Builder) having(list ...Kind) (pkgs []uint32) {
	for p := range b.packages {
		for _, k := range list {
			if len(b.list(p, k)) > 0 {
				pkgs = append(pkgs, uint32(p))
				break
			}
		}
	}
	return pkgs
}
