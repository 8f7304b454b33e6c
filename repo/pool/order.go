package pool

import (
	"bytes"
	"cmp"
	"slices"
)

// sortWeak puts the dependency lists into the order in which dnf looks at them.
//
// dnf reads its metadata from a cache in which the identifiers of a list are
// sorted. Strings come first, by how often the repository uses them and then
// bytewise; relations follow, by use and then by first appearance. The order
// matters only where recommended packages exclude one another.
func (b *Builder) sortWeak() {
	strings, rels := b.uses()
	less := func(x, y Dep) int {
		if x.IsRel() != y.IsRel() {
			return cmp.Compare(x, y)
		}
		if x.IsRel() {
			x, y = x&^relBit, y&^relBit
			return cmp.Or(cmp.Compare(rels[y], rels[x]), cmp.Compare(x, y))
		}
		if c := cmp.Compare(strings[y], strings[x]); c != 0 {
			return c
		}
		t := &b.strings
		return bytes.Compare(t.blob[t.off[x]:t.off[x+1]], t.blob[t.off[y]:t.off[y+1]])
	}
	for p := range b.packages {
		for _, k := range []Kind{Recommends, Suggests, Supplements, Enhances} {
			if list := b.list(p, k); len(list) > 1 {
				slices.SortStableFunc(list, less)
			}
		}
	}
}

// uses counts the uses of strings and relations as libsolv's repo_write does:
// once for each list that holds them and once for each relation in use; an
// operand counts at least one more than its operator.
func (b *Builder) uses() (strings, rels []uint32) {
	strings = make([]uint32, b.strings.count())
	rels = make([]uint32, len(b.rels.list))
	for _, r := range b.packages {
		strings[r.Name]++
		strings[r.Arch]++
		strings[r.EVR]++
		strings[r.Vendor]++
	}
	for p := range b.packages {
		for k := range PreRequires {
			for _, d := range b.list(p, k) {
				if d.IsRel() {
					rels[d&^relBit]++
				} else {
					strings[d]++
				}
			}
		}
	}
	for i := len(b.rels.list) - 1; i > 0; i-- {
		if rels[i] == 0 {
			continue
		}
		for _, d := range []Dep{b.rels.list[i].A, b.rels.list[i].B} {
			if d.IsRel() {
				rels[d&^relBit] = max(rels[d&^relBit], rels[i]+1)
			} else {
				strings[d]++
			}
		}
	}
	b.countDirs(strings)
	return strings, rels
}

// countDirs counts the last component of every directory of the file lists and
// of every directory above.
func (b *Builder) countDirs(uses []uint32) {
	seen := map[string]struct{}{}
	var last uint32
	for _, f := range b.files {
		if f.Dir == last {
			continue
		}
		last = f.Dir
		path := b.strings.text(last)
		for path != "" {
			if _, ok := seen[path]; ok {
				break
			}
			seen[path] = struct{}{}
			dir, base := splitPath([]byte(path))
			if i := b.strings.find(base); i != 0 {
				uses[i]++
			}
			path = string(dir)
		}
	}
}

// find returns the number of s, zero if it is not there.
func (t *interner) find(s []byte) uint32 {
	mask := uint32(len(t.hash) - 1)
	for h := uint32(hash(s)) & mask; t.hash[h] != 0; h = (h + 1) & mask {
		if i := t.hash[h]; string(t.blob[t.off[i]:t.off[i+1]]) == string(s) {
			return i
		}
	}
	return 0
}
