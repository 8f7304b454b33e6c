package solve

import (
	"slices"

	"github.com/fimg/fimg/repo/pool"
)

// packageRules makes the rules of every package that could play a part: the
// installed ones, their updates, the candidates of the jobs and, from these on,
// whatever is required, recommended or suggested, or supplements.
func (s *solver) packageRules() error {
	s.pkg.start = 1
	s.indexObsoletes()
	for p := s.instFirst; p < s.instEnd; p++ {
		s.addPackage(p)
	}
	for p := s.instFirst; p < s.instEnd; p++ {
		for _, q := range s.updates(p, true) {
			s.addPackage(q)
		}
	}
	for i := range s.jobs {
		if s.jobs[i].Action == Install {
			for _, p := range s.candidates(&s.jobs[i]) {
				s.addPackage(p)
			}
		}
	}
	s.addSupplements()
	if err := s.ctx.Err(); err != nil {
		return err
	}
	s.unify()
	s.pkg.end = int32(len(s.rules))
	return nil
}

// candidates are the packages a job names.
func (s *solver) candidates(j *Job) []pool.ID {
	if j.Dep != (pool.Ref{}) {
		return s.u.Providers(j.Dep)
	}
	return j.Any
}

// addSupplements adds packages that supplement or enhance one that was added,
// until there are no more.
func (s *solver) addSupplements() {
	weak := s.u.WithWeak()
	for again := true; again; {
		again = false
		for _, p := range weak {
			if s.added[p] || !s.installed(p) && !s.u.Installable(p) {
				continue
			}
			if s.anyPossible(p, pool.Supplements) || s.anyPossible(p, pool.Enhances) {
				s.addPackage(p)
				again = true
			}
		}
	}
}

func (s *solver) anyPossible(p pool.ID, kind pool.Kind) bool {
	for d := range s.u.List(p, kind).All() {
		if s.possible(d) {
			return true
		}
	}
	return false
}

// possible reports whether the packages added so far might satisfy d.
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

// addPackage makes the rules of a package and of all it leads to.
func (s *solver) addPackage(first pool.ID) {
	if s.added[first] {
		return
	}
	queue := []pool.ID{first}
	for len(queue) > 0 {
		p := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		if s.added[p] {
			continue
		}
		s.added[p] = true
		queue = s.rulesFor(p, queue)
	}
}

// rulesFor makes the rules of one package and appends the packages it leads to.
func (s *solver) rulesFor(p pool.ID, queue []pool.ID) []pool.ID {
	installed := s.installed(p)
	if !installed && !s.u.Installable(p) {
		s.addPackagePair(-p, 0)
	}
	for d := range s.u.List(p, pool.Requires).All() {
		queue = s.requireRules(p, d, installed, queue)
	}
	for d := range s.u.List(p, pool.Conflicts).All() {
		s.conflictRules(p, d, installed)
	}
	s.obsoleteRules(p, installed)
	if !installed {
		s.sameNameRules(p)
	}
	queue = s.lockstep(p, queue)
	for _, kind := range []pool.Kind{pool.Recommends, pool.Suggests} {
		for d := range s.u.List(p, kind).All() {
			queue = s.enqueuePositive(d, false, queue)
		}
	}
	return queue
}

// requireRules makes the rules of one requirement. What is broken for an
// installed package already stays broken.
func (s *solver) requireRules(p pool.ID, d pool.Ref, installed bool, queue []pool.ID) []pool.ID {
	if s.complex(d) {
		return s.complexRules(p, d, pool.Requires, installed, queue)
	}
	list := s.u.Providers(d)
	switch {
	case installed && !slices.ContainsFunc(list, s.installed):
		return queue
	case len(list) == 0:
		s.addPackagePair(-p, 0)
		return queue
	case contains(list, p):
		return queue
	}
	s.addPackageRule(-p, list)
	return s.enqueue(list, queue)
}

func contains(sorted []pool.ID, p pool.ID) bool {
	_, ok := slices.BinarySearch(sorted, p)
	return ok
}

func (s *solver) enqueue(list, queue []pool.ID) []pool.ID {
	for _, q := range list {
		if q > 0 && !s.added[q] {
			queue = append(queue, q)
		}
	}
	return queue
}

// conflictRules forbids the package together with each provider of d but itself.
func (s *solver) conflictRules(p pool.ID, d pool.Ref, installed bool) {
	if s.complex(d) {
		s.complexRules(p, d, pool.Conflicts, installed, nil)
		return
	}
	for _, q := range s.u.Providers(d) {
		if q != p && !(installed && s.installed(q)) {
			s.addPackagePair(-p, -q)
		}
	}
}

// obsoleteRules forbids the package together with those it obsoletes, by name.
func (s *solver) obsoleteRules(p pool.ID, installed bool) {
	for d := range s.u.List(p, pool.Obsoletes).All() {
		for _, q := range s.u.Providers(d) {
			if q != p && !(installed && s.installed(q)) && s.u.MatchesNEVR(q, d) {
				s.addPackagePair(-p, -q)
			}
		}
	}
}

// sameNameRules forbids two packages of one name and color, unless they are
// versions of a package that may be installed more than once.
func (s *solver) sameNameRules(p pool.ID) {
	x := s.info(p)
	for _, q := range s.u.Named(x.name) {
		y := s.info(q)
		if q == p || !s.sameColor(p, q) || s.added[q] && !s.installed(q) && !s.multi[q] {
			continue
		}
		if s.multi[p] && (x.evr != y.evr || x.arch != y.arch) && (!s.installed(q) || s.multi[q]) {
			continue
		}
		s.addPackagePair(-p, -q)
	}
}

// lockstep enqueues the same version of the package in better architectures.
func (s *solver) lockstep(p pool.ID, queue []pool.ID) []pool.ID {
	x := s.info(p)
	if x.score <= 1 {
		return queue
	}
	for _, q := range s.u.Named(x.name) {
		y := s.info(q)
		if y.evr == x.evr && !s.added[q] && y.score > 1 && y.score < x.score {
			queue = append(queue, q)
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
