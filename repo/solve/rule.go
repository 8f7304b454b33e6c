package solve

import (
	"cmp"
	"slices"

	"github.com/fimg/fimg/repo/pool"
)

// lit is a literal: a package, or with a minus sign its absence.
type lit = pool.ID

// rule is a clause: at least one of its literals must hold. A rule of one
// literal is an assertion, one of two has them in p and w2, a longer one has its
// first in p and the others in more.
type rule struct {
	p, w1, w2 lit // the first literal and the two watched ones
	n1, n2    int32
	disabled  bool
	more      []lit // never changed; often a list of providers shared with the pool
}

// class is the range of rules made for one purpose.
type class struct{ start, end int32 }

func (c class) has(i int32) bool { return i >= c.start && i < c.end }

func (c class) size() int32 { return c.end - c.start }

// literals calls f for each literal until f returns false, and reports whether
// it got through.
func (r *rule) literals(f func(lit) bool) bool {
	if r.p != 0 && !f(r.p) {
		return false
	}
	if r.more == nil {
		return r.w2 == 0 || f(r.w2)
	}
	for _, l := range r.more {
		if !f(l) {
			return false
		}
	}
	return true
}

// assertion reports whether the rule has exactly one literal.
func (r *rule) assertion() bool { return r.p != 0 && r.w2 == 0 && r.more == nil }

// addRule appends p or any of more.
func (s *solver) addRule(p lit, more []lit) int32 {
	r := rule{p: p, w1: p}
	switch len(more) {
	case 0:
	case 1:
		r.w2 = more[0]
	default:
		r.w2, r.more = more[0], more
	}
	s.rules = append(s.rules, r)
	return int32(len(s.rules) - 1)
}

// addPair appends p or q.
func (s *solver) addPair(p, q lit) int32 {
	s.rules = append(s.rules, rule{p: p, w1: p, w2: q})
	return int32(len(s.rules) - 1)
}

// addPackageRule appends a rule made from dependencies, in the normal form the
// sorting below expects, unless it is always true.
func (s *solver) addPackageRule(p lit, more []lit) {
	if len(more) > 1 {
		if slices.Contains(more, -p) {
			return
		}
		s.addRule(p, more)
		return
	}
	q := lit(0)
	if len(more) == 1 {
		q = more[0]
	}
	s.addPackagePair(p, q)
}

func (s *solver) addPackagePair(p, q lit) {
	if q != 0 && p > q {
		p, q = q, p
	}
	if p == -q {
		return
	}
	s.addPair(p, q)
}

// compareRules orders rules by their literals. The order decides which of two
// open dependencies is looked at first: that of the package with the highest ID.
func compareRules(a, b *rule) int {
	if a.p != b.p {
		return cmp.Compare(a.p, b.p)
	}
	if a.more == nil && b.more == nil {
		return cmp.Compare(a.w2, b.w2)
	}
	if a.more == nil {
		return cmp.Or(cmp.Compare(a.w2, b.more[0]), -1)
	}
	if b.more == nil {
		return cmp.Or(cmp.Compare(a.more[0], b.w2), 1)
	}
	if &a.more[0] == &b.more[0] && len(a.more) == len(b.more) {
		return 0
	}
	return slices.Compare(a.more, b.more)
}

// unify sorts the rules that are new in raw into those of earlier calls, drops
// repetitions and makes the rules a copy of the result.
func (s *solver) unify() {
	s.sorted = mergeRules(s.sorted, s.sortRules(s.raw[1:]))
	s.raw = s.raw[:1]
	s.rules = append(make([]rule, 1, len(s.sorted)+len(s.sorted)/8+64), s.sorted...)
}

func (s *solver) sortRules(raw []rule) []rule {
	rules := s.byFirst(raw)
	for start := 0; start < len(rules); {
		end := start + 1
		for end < len(rules) && rules[end].p == rules[start].p {
			end++
		}
		slices.SortFunc(rules[start:end], func(a, b rule) int { return compareRules(&a, &b) })
		start = end
	}
	return rules
}

// mergeRules merges two sorted lists, of which the first has no repetitions.
func mergeRules(a, b []rule) []rule {
	out := make([]rule, 0, len(a)+len(b))
	for len(a) > 0 || len(b) > 0 {
		from := &a
		if len(a) == 0 || len(b) > 0 && compareRules(&b[0], &a[0]) < 0 {
			from = &b
		}
		if n := len(out); n == 0 || compareRules(&out[n-1], &(*from)[0]) != 0 {
			out = append(out, (*from)[0])
		}
		*from = (*from)[1:]
	}
	return out
}

// byFirst sorts rules by their first literal, by counting.
func (s *solver) byFirst(rules []rule) []rule {
	at := make([]int32, 2*int(s.u.End())+1)
	for i := range rules {
		at[s.slot(rules[i].p)+1]++
	}
	for i := 1; i < len(at); i++ {
		at[i] += at[i-1]
	}
	out := make([]rule, len(rules))
	for i := range rules {
		k := s.slot(rules[i].p)
		out[at[k]] = rules[i]
		at[k]++
	}
	return out
}
