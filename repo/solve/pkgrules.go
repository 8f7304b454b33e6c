package solve

import (
	"slices"

	"github.com/fimg/fimg/repo/pool"
)

// addFirst makes the rules of the packages that play a part from the start: the
// installed ones, their updates, the candidates of the jobs and whatever these
// require. Packages that are only recommended or supplement join when their time
// comes; see expand.
func (s *solver) addFirst() {
	s.rules = s.rules[:1]
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
			s.addAll(s.candidates(&s.jobs[i]))
			s.addRich(s.jobs[i].Dep)
		}
	}
	s.widen()
	s.raw = s.rules
}

// addRich adds every package that a rich dependency of a job may bring, among
// them those of a condition with an alternative.
func (s *solver) addRich(d pool.Ref) {
	if d == (pool.Ref{}) || !s.complex(d) {
		return
	}
	list, _ := s.normalize(d, false)
	for _, block := range list {
		s.addAll(s.enqueue(block, nil))
	}
}

// expand makes the rules of further packages, and reports whether there are new
// ones among them. If so every rule is made anew: the search then starts over,
// comes to the same decisions, and knows the new packages as if they had been
// there from the start.
func (s *solver) expand(list []lit) bool {
	before := len(s.raw)
	kept := s.rules
	s.rules = s.raw
	fresh := false
	for _, p := range list {
		if !s.added[p] {
			fresh = true
			s.addPackage(p)
		}
	}
	if fresh {
		s.widen()
	}
	s.raw, s.rules = s.rules, kept
	if !fresh {
		s.raw = s.raw[:before]
		return false
	}
	s.rebuild()
	return true
}

// rebuild makes all rules of the packages added so far and forgets decisions and
// what was learnt.
func (s *solver) rebuild() {
	for _, l := range s.trail {
		s.level[abs(l)] = 0
	}
	s.trail, s.why, s.head = s.trail[:0], s.why[:0], 0
	s.branches, s.asserts, s.learnWhy, s.problems = nil, nil, nil, nil
	s.jobOf, s.bestOf, s.choiceOf = nil, nil, nil
	clear(s.weakRule)
	clear(s.weakBy)
	clear(s.noUpdate)
	s.wished.stale = true
	s.pkg.start = 1
	s.unify()
	s.pkg.end = int32(len(s.rules))
	s.installedRules()
	s.jobRules()
	s.infarchRules()
	s.bestRules()
	s.yumobsRules()
	s.choiceRules()
	s.learnt = int32(len(s.rules))
	s.watch()
	s.disablePolicyRules()
	s.findNeedless()
}

// candidates are the packages a job names.
func (s *solver) candidates(j *Job) []pool.ID {
	if j.Dep != (pool.Ref{}) {
		return s.u.Providers(j.Dep)
	}
	return j.Any
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
		queue = s.conflictRules(p, d, installed, queue)
	}
	s.obsoleteRules(p, installed)
	if !installed {
		s.sameNameRules(p)
	}
	if s.whole {
		queue = s.leadsTo(p, queue)
	}
	return s.lockstep(p, queue)
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
// A rich conflict may ask for packages: their rules are needed too.
func (s *solver) conflictRules(p pool.ID, d pool.Ref, installed bool, queue []pool.ID) []pool.ID {
	if s.complex(d) {
		return s.complexRules(p, d, pool.Conflicts, installed, queue)
	}
	for _, q := range s.u.Providers(d) {
		if q != p && !(installed && s.installed(q)) {
			s.addPackagePair(-p, -q)
		}
	}
	return queue
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
