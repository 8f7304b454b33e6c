package solve

import (
	"slices"

	"github.com/fimg/fimg/repo/pool"
)

// cleaning is what erase jobs that clean up after themselves know.
type cleaning struct {
	wanted   map[pool.ID]bool // installed for their own sake
	given    []pool.ID        // cannot stay, in the order of finding out
	mistakes map[pool.ID]bool // needless at first sight only
	needless map[pool.ID]bool // led to by erased packages, and nothing else needs them
}

// findNeedless fills the set of needless packages and lets these go.
func (s *solver) findNeedless() {
	if s.clean == nil {
		return
	}
	n := s.newNeedless()
	seed := make([]bool, len(n.in))
	for _, p := range n.seeds() {
		seed[p] = true
	}
	n.takeAway()
	n.addBack()
	s.clean.needless = map[pool.ID]bool{}
	for p := s.instFirst; p < s.instEnd; p++ {
		if !n.in[p] && !n.erased[p] && !s.clean.mistakes[p] && !seed[p] {
			s.clean.needless[p] = true
			s.disableUpdate(p)
		}
	}
}

func (s *solver) newNeedless() *needless {
	set := func() []bool { return make([]bool, max(s.instEnd, pool.System+1)) }
	n := &needless{s: s, in: set(), fixed: set(), erased: set(), given: set()}
	for p, is := range s.clean.wanted {
		n.fixed[p] = is
	}
	n.in[pool.System] = true
	for p := s.instFirst; p < s.instEnd; p++ {
		n.in[p] = true
	}
	for i := s.job.start; i < s.job.end; i++ {
		if p := -s.rules[i].p; p > 0 && s.installed(p) {
			n.erased[p], n.fixed[p] = true, false
			n.queue = append(n.queue, p)
		}
	}
	return n
}

// cannotStay notes that a package has to go with erased ones, so that what it led
// to is needless, too.
func (s *solver) cannotStay(p pool.ID) {
	if s.clean == nil || slices.Contains(s.clean.given, p) {
		return
	}
	s.clean.given = append(s.clean.given, p)
	clear(s.noUpdate)
	s.disablePolicyRules()
	s.findNeedless()
}

// needless is the search for them: first all that the erased packages lead to is
// taken away, then what the others lead to is added back.
type needless struct {
	s      *solver
	in     []bool // still there
	fixed  []bool // stay in any case
	erased []bool // by a job
	given  []bool // go with those
	queue  []pool.ID
}

func (n *needless) takeAway() {
	for {
		if len(n.queue) == 0 {
			n.unsupplemented()
		}
		if len(n.queue) == 0 {
			return
		}
		p := n.queue[0]
		n.queue = n.queue[1:]
		if !n.in[p] || n.fixed[p] {
			continue
		}
		n.in[p] = false
		n.follow(p, func(q pool.ID) {
			if n.in[q] {
				n.queue = append(n.queue, q)
			}
		}, false)
	}
}

// unsupplemented queues the packages that supplement no longer what they did.
// What else such a dependency names stays: adding back what is gone would not
// make it hold again.
func (n *needless) unsupplemented() {
	s := n.s
	for p := s.instFirst; p < s.instEnd; p++ {
		if !n.in[p] || n.fixed[p] {
			continue
		}
		list := s.u.List(p, pool.Supplements)
		if list.Any(func(d pool.Ref) bool { return n.possible(d, n.isIn) }) {
			continue
		}
		for d := range list.All() {
			if !n.possible(d, n.s.ours) {
				continue
			}
			for _, q := range n.named(d) {
				if s.installed(q) && n.in[q] {
					n.fixed[q] = true
				}
			}
			n.queue = append(n.queue, p)
		}
	}
}

func (n *needless) addBack() {
	s := n.s
	for p := s.instFirst; p < s.instEnd; p++ {
		n.in[p] = n.in[p] && !n.erased[p]
		if n.in[p] {
			n.queue = append(n.queue, p)
		}
	}
	add := func(q pool.ID) {
		if !n.in[q] && !n.erased[q] && !n.given[q] {
			n.in[q] = true
			n.queue = append(n.queue, q)
		}
	}
	for {
		for len(n.queue) > 0 {
			p := n.queue[0]
			n.queue = n.queue[1:]
			n.follow(p, add, true)
		}
		for p := s.instFirst; p < s.instEnd; p++ {
			if s.u.List(p, pool.Supplements).Any(func(d pool.Ref) bool { return n.possible(d, n.isIn) }) {
				add(p)
			}
		}
		if len(n.queue) == 0 {
			return
		}
	}
}

// follow visits the installed packages that p requires or recommends; where other
// is set not those of a dependency that p itself satisfies.
func (n *needless) follow(p pool.ID, visit func(pool.ID), other bool) {
	s := n.s
	for _, kind := range []pool.Kind{pool.Requires, pool.Recommends} {
		for d := range s.u.List(p, kind).All() {
			list := blocks{s.u.Providers(d)}
			if s.complex(d) {
				list, _ = s.normalize(d, false)
			}
			for _, block := range list {
				n.visitBlock(p, block, visit, other)
			}
		}
	}
}

func (n *needless) visitBlock(p pool.ID, block []lit, visit func(pool.ID), other bool) {
	open := !slices.ContainsFunc(block, func(l lit) bool { return l < 0 && !n.s.ours(-l) })
	if !open || other && slices.Contains(block, p) {
		return
	}
	for _, q := range block {
		if q > 0 && n.s.installed(q) {
			visit(q)
		}
	}
}

func (n *needless) isIn(p pool.ID) bool { return n.s.ours(p) && n.in[p] }

// ours reports whether a package is on the system, as what stands for itself is.
func (s *solver) ours(p pool.ID) bool { return p == pool.System || s.installed(p) }

// possible evaluates a dependency as far as that can be done before anything is
// decided: a condition may always come to hold.
func (n *needless) possible(d pool.Ref, in func(pool.ID) bool) bool {
	u := n.s.u
	if u.Rich(d) {
		op, _, _, a, b := u.Rel(d)
		switch op {
		case pool.If, pool.Unless:
			return true
		case pool.And:
			return n.possible(a, in) && n.possible(b, in)
		case pool.Or:
			return n.possible(a, in) || n.possible(b, in)
		}
	}
	return slices.ContainsFunc(u.Providers(d), in)
}

// named are the packages a dependency speaks of, but not those of a condition.
func (n *needless) named(d pool.Ref) []pool.ID {
	u := n.s.u
	if u.Rich(d) {
		switch op, _, _, a, b := u.Rel(d); op {
		case pool.And:
			return slices.Concat(n.named(a), n.named(b))
		case pool.If, pool.Unless:
			out := n.named(a)
			if bop, _, _, _, other := u.Rel(b); bop == pool.Else {
				out = slices.Concat(out, n.named(other))
			}
			return out
		}
	}
	return u.Providers(d)
}

// dropNeedless lets the needless packages go that nothing has kept so far.
func (s *solver) dropNeedless(level int32) (int32, bool) {
	for p := s.instFirst; s.clean != nil && p < s.instEnd; p++ {
		if s.level[p] != 0 || !s.clean.needless[p] {
			continue
		}
		old := level
		if level = s.install(level, -p, 0); level < old {
			return level, true
		}
	}
	return level, false
}

// mistaken looks for packages that went as needless although one that stays may
// need, recommends or is supplemented by them: they are needless no more.
func (s *solver) mistaken() (found bool) {
	if s.clean == nil {
		return false
	}
	s.updateWishes()
	for p := s.instFirst; p < s.instEnd; p++ {
		if s.level[p] > 0 {
			for d := range s.u.List(p, pool.Requires).All() {
				for _, q := range s.u.Providers(d) {
					if q != p && s.installed(q) && s.level[q] <= 0 && s.clean.needless[q] {
						s.mistake(q)
						found = true
					}
				}
			}
		}
		if s.clean.needless[p] && s.level[p] <= 0 && (s.wished.recommended[p] || s.supplementing(p)) {
			s.mistake(p)
			found = true
		}
	}
	return found
}

func (s *solver) mistake(p pool.ID) {
	delete(s.clean.needless, p)
	s.clean.mistakes[p] = true
	s.noUpdate[p] = false
	r := s.updateRule(p)
	if r.p == 0 {
		r = s.featureRule(p)
	}
	r.disabled = r.p == 0
}

// needless reports whether an installed package may go because nothing needs it.
func (s *solver) needless(p pool.ID) bool { return s.clean != nil && s.clean.needless[p] }
