package solve

import (
	"slices"

	"github.com/fimg/fimg/repo/pool"
)

// wishes are the packages that the decisions so far recommend and suggest.
type wishes struct {
	recommended, suggested []bool
	index                  int // decisions looked at
	stale                  bool
	// waiting are rich dependencies whose condition is not decided yet.
	waiting map[pool.ID][]pending
}

type pending struct {
	dep  pool.Ref
	kind pool.Kind
}

func (w *wishes) init(n pool.ID) {
	w.recommended, w.suggested = make([]bool, n), make([]bool, n)
	w.waiting = map[pool.ID][]pending{}
}

func (w *wishes) of(kind pool.Kind) []bool {
	if kind == pool.Recommends {
		return w.recommended
	}
	return w.suggested
}

// updateWishes brings the wishes up to date with the decisions.
func (s *solver) updateWishes() {
	w := &s.wished
	if w.stale {
		clear(w.recommended)
		clear(w.suggested)
		clear(w.waiting)
		w.index, w.stale = 0, false
	}
	for ; w.index < len(s.trail); w.index++ {
		p := s.trail[w.index]
		if p <= pool.System {
			continue
		}
		if again := w.waiting[p]; again != nil {
			delete(w.waiting, p)
			for _, e := range again {
				s.wishRich(e.dep, e.kind)
			}
		}
		for _, kind := range []pool.Kind{pool.Recommends, pool.Suggests} {
			for d := range s.u.List(p, kind).All() {
				s.wish(d, kind)
			}
		}
	}
}

func (s *solver) wish(d pool.Ref, kind pool.Kind) {
	if s.complex(d) {
		s.wishRich(d, kind)
		return
	}
	set := s.wished.of(kind)
	for _, q := range s.u.Providers(d) {
		set[q] = true
	}
}

// wishRich enters the positive literals of each block whose conditions hold, and
// remembers the dependency for when an open condition is decided.
func (s *solver) wishRich(d pool.Ref, kind pool.Kind) {
	list, t := s.normalize(d, false)
	if t != depends {
		return
	}
	set := s.wished.of(kind)
	for _, block := range list {
		first := slices.IndexFunc(block, func(l lit) bool { return l > 0 })
		if first < 0 {
			continue
		}
		open := false
		dead := slices.ContainsFunc(block[:first], func(l lit) bool { return s.level[-l] < 0 })
		for _, l := range block[:first] {
			if !dead && s.level[-l] == 0 {
				open = true
				e := pending{d, kind}
				if !slices.Contains(s.wished.waiting[-l], e) {
					s.wished.waiting[-l] = append(s.wished.waiting[-l], e)
				}
			}
		}
		if !dead && !open {
			for _, l := range block[first:] {
				set[l] = true
			}
		}
	}
}

func (s *solver) supplementing(p pool.ID) bool { return s.anyFulfilled(p, pool.Supplements) }

// anyFulfilled reports whether one of the dependencies of a list holds for the
// packages decided on.
func (s *solver) anyFulfilled(p pool.ID, kind pool.Kind) bool {
	if !s.u.HasDeps(p, kind) {
		return false
	}
	return s.u.List(p, kind).Any(func(d pool.Ref) bool { return s.fulfilled(d) > 0 })
}

// fulfilled evaluates a dependency: 0 it does not hold, 1 it holds by installed
// packages alone, 2 it holds with new ones.
func (s *solver) fulfilled(d pool.Ref) int {
	if s.u.Rich(d) {
		switch op, _, _, a, b := s.u.Rel(d); op {
		case pool.If, pool.Unless:
			return s.conditional(op, a, b)
		case pool.And:
			x := s.fulfilled(a)
			if x == 0 {
				return 0
			}
			y := s.fulfilled(b)
			if y == 0 {
				return 0
			}
			return max(x, y)
		case pool.Or:
			return max(s.fulfilled(a), s.fulfilled(b))
		}
	}
	best := 0
	for _, q := range s.u.Providers(d) {
		if s.level[q] > 0 {
			if !s.installed(q) {
				return 2
			}
			best = 1
		}
	}
	return best
}

// conditional evaluates "a if b else c" and "a unless b else c".
func (s *solver) conditional(op pool.Op, a, b pool.Ref) int {
	bop, _, _, cond, other := s.u.Rel(b)
	hasElse := bop == pool.Else
	if !hasElse {
		cond = b
	}
	holds := s.fulfilled(cond)
	if hasElse {
		if (holds > 0) != (op == pool.If) {
			return s.fulfilled(other)
		}
		if r := s.fulfilled(a); r == 0 || holds < 2 {
			return r
		}
		return 2
	}
	r := s.fulfilled(a)
	if op == pool.If && r == 0 && holds > 0 || op == pool.Unless && (r == 0 || holds > 0) {
		return 0
	}
	return max(r, 1)
}
