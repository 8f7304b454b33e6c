package solve

import (
	"cmp"
	"slices"

	"github.com/fimg/fimg/repo/pool"
	"github.com/fimg/fimg/repo/pool/evr"
)

// versioned is a provide with a version that some candidates have in common.
type versioned struct {
	cand   int
	name   string
	evr    string
	before bool // "< evr": just below it
}

// sharedProvides moves back candidates that provide something in an older
// version than another candidate does, even if nobody asked for it. Versions
// that look like hashes say nothing.
func (s *solver) sharedProvides(list []lit) {
	var all []versioned
	for i, p := range list {
		for d := range s.u.List(p, pool.Provides).All() {
			op, name, version, _, _ := s.u.Rel(d)
			switch evr.Op(op) {
			case evr.EQ:
				if !isHash(version) {
					all = append(all, versioned{i, name, version, false})
				}
			case evr.LT, evr.LT | evr.EQ:
				all = append(all, versioned{i, name, version, evr.Op(op) == evr.LT})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b versioned) int { return cmp.Or(cmp.Compare(a.name, b.name), a.newer(b)) })
	bad := make([]int, len(list))
	worse, any := 0, false
	for i, v := range all {
		if i == 0 || all[i-1].name != v.name {
			worse = 0
		} else if all[i-1].cand != v.cand && all[i-1].newer(v) == -1 {
			worse++
			any = true
		}
		bad[v.cand] += worse
	}
	if any {
		s.sortByBadness(list, bad)
	}
}

// newer is negative when a is the newer version of the two.
func (a versioned) newer(b versioned) int {
	if a.evr == b.evr && a.before == b.before {
		return 0
	}
	if c := compareMatch(b.evr, a.evr); c != 0 || a.before == b.before {
		return c
	}
	if a.before {
		return 1
	}
	return -1
}

// compareMatch compares two versions as ranges do: a version without release
// is older than one with, by two, so that it counts as different but not newer.
func compareMatch(a, b string) int {
	ea, va, ra := evr.Split(a)
	eb, vb, rb := evr.Split(b)
	if ra == "" || rb == "" {
		if c := evr.Compare(evr.Join(ea, va, ""), evr.Join(eb, vb, "")); c != 0 {
			return c
		}
		return 2 * (min(1, len(ra)) - min(1, len(rb)))
	}
	return evr.Compare(a, b)
}

// isHash reports whether a version of four or more characters is made of
// hexadecimal digits only.
func isHash(v string) bool {
	for i := range len(v) {
		if c := v[i]; !(c >= '0' && c <= '9' || c >= 'a' && c <= 'f') {
			return false
		}
	}
	return len(v) >= 4
}

// sortByBadness sorts stably; installed packages count as flawless.
func (s *solver) sortByBadness(list []lit, bad []int) {
	order := make([]int, len(list))
	for i, p := range list {
		order[i] = i
		if s.installed(p) {
			bad[i] = 0
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(bad[a], bad[b]) })
	old := slices.Clone(list)
	for i, k := range order {
		list[i] = old[k]
	}
}
