package solve

import "github.com/fimg/fimg/repo/pool"

// widen makes the rules of every package that could play a part at all, as
// libsolv always does: also of what is recommended or suggested, supplements or
// enhances, from wherever. It is needed where the rule "best architecture of a
// name" depends on packages that nothing requires: that rule looks at the
// packages in play only.
func (s *solver) widen() {
	if s.whole || !s.architectureOpen() {
		return
	}
	s.whole = true
	for p := range s.u.All() {
		if s.added[p] {
			s.addAll(s.leadsTo(p, nil))
		}
	}
	weak := s.u.WithWeak()
	for again := true; again; {
		again = false
		for _, p := range weak {
			if !s.added[p] && (s.installed(p) || s.u.Installable(p)) &&
				(s.anyPossible(p, pool.Supplements) || s.anyPossible(p, pool.Enhances)) {
				s.addPackage(p)
				again = true
			}
		}
	}
}

func (s *solver) addAll(list []pool.ID) {
	for _, p := range list {
		s.addPackage(p)
	}
}

// architectureOpen reports whether some package in play is of an inferior
// architecture and, while it has no sibling of its version in a better one, there
// are other versions in a better one that are not in play.
func (s *solver) architectureOpen() bool {
	if s.u.Arch() == "" || s.opt.AllArches {
		return false
	}
	for p := range s.u.All() {
		if s.added[p] && s.u.ArchScore(p) > scoreNative && s.betterElsewhere(p) {
			return true
		}
	}
	return false
}

// scoreNative is the score of the machine's own architecture.
const scoreNative = 0x10001

func (s *solver) betterElsewhere(p pool.ID) (elsewhere bool) {
	x := s.info(p)
	for _, q := range s.u.Named(x.name) {
		y := s.info(q)
		if y.score <= 1 || y.score >= x.score {
			continue
		}
		if y.evr == x.evr || s.added[q] {
			return false
		}
		elsewhere = true
	}
	return elsewhere
}

func (s *solver) anyPossible(p pool.ID, kind pool.Kind) bool {
	return s.u.List(p, kind).Any(s.possible)
}

// possible reports whether the packages in play might satisfy d.
func (s *solver) possible(d pool.Ref) bool {
	if s.u.Rich(d) {
		switch op, _, _, a, b := s.u.Rel(d); op {
		case pool.If, pool.Unless:
			return true
		case pool.And:
			return s.possible(a) && s.possible(b)
		case pool.Or:
			return s.possible(a) || s.possible(b)
		}
	}
	for _, p := range s.u.Providers(d) {
		if s.added[p] {
			return true
		}
	}
	return false
}

// leadsTo appends the packages that p recommends or suggests.
func (s *solver) leadsTo(p pool.ID, queue []pool.ID) []pool.ID {
	for _, kind := range []pool.Kind{pool.Recommends, pool.Suggests} {
		for d := range s.u.List(p, kind).All() {
			queue = s.enqueuePositive(d, false, queue)
		}
	}
	return queue
}

// enqueuePositive appends the packages that might be installed for a weak
// dependency.
func (s *solver) enqueuePositive(d pool.Ref, negated bool, queue []pool.ID) []pool.ID {
	for s.u.Rich(d) {
		op, _, _, a, b := s.u.Rel(d)
		if op != pool.And && op != pool.Or && op != pool.If && op != pool.Unless {
			break
		}
		queue = s.enqueuePositive(a, negated, queue)
		if op == pool.If || op == pool.Unless {
			negated = !negated
			if bop, _, _, ba, bb := s.u.Rel(b); bop == pool.Else {
				queue = s.enqueuePositive(ba, !negated, queue)
				queue = s.enqueuePositive(bb, !negated, queue)
				b = ba
			}
		}
		d = b
	}
	if negated {
		return queue
	}
	return s.enqueue(s.u.Providers(d), queue)
}
