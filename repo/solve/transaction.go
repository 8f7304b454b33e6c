package solve

import "github.com/fimg/fimg/repo/pool"

// transaction reads the answer off the decisions.
func (s *solver) transaction() *Transaction {
	t := &Transaction{}
	var items []Item
	for i, p := range s.trail {
		if p > pool.System && !s.installed(p) {
			items = append(items, s.item(p, s.why[i]))
		}
	}
	t.Install = s.ordered(items)
	for p := s.instFirst; p < s.instEnd; p++ {
		if s.level[p] < 0 {
			if s.replacedByNew(p, items) {
				t.Replace = append(t.Replace, p)
			} else {
				t.Remove = append(t.Remove, p)
			}
		}
	}
	return t
}

// replacedByNew reports whether an installed package goes because a new one
// takes its name or obsoletes it.
func (s *solver) replacedByNew(p pool.ID, items []Item) bool {
	for _, it := range items {
		if s.name(it.ID) == s.name(p) && s.sameColor(it.ID, p) || s.obsoletes(it.ID, p) {
			return true
		}
	}
	return false
}

// item says why a package was decided on: why is the rule, negative or zero when
// the decision was free.
func (s *solver) item(p pool.ID, why int32) Item {
	if why == 0 {
		return s.weakItem(p)
	}
	i := why
	if i < 0 {
		i = -i
	}
	if i >= s.learnt {
		return s.learntItem(p)
	}
	switch {
	case s.job.has(i), s.best.has(i):
		return s.jobItem(p, i)
	case s.update.has(i), s.feature.has(i):
		return Item{ID: p, Reason: Updated}
	case s.choice.has(i):
		i = s.choiceOf[i-s.choice.start]
	}
	return s.requiredItem(p, i)
}

func (s *solver) jobItem(p pool.ID, i int32) Item {
	if s.best.has(i) {
		i = s.bestOf[i-s.best.start]
	}
	j := &s.jobs[s.jobOf[i-s.job.start]]
	if j.Group {
		return Item{ID: p, Reason: GroupMember, Because: j.Request}
	}
	return Item{ID: p, Reason: User, Because: j.Request}
}

func (s *solver) weakItem(p pool.ID) Item {
	w := s.weakBy[p]
	if w.by == 0 || w.by == p {
		for d := range s.u.List(p, pool.Supplements).All() {
			if s.fulfilled(d) > 0 {
				return Item{ID: p, Reason: Recommended, By: p, Because: s.u.Text(d)}
			}
		}
		return Item{ID: p, Reason: Recommended}
	}
	return Item{ID: p, Reason: Recommended, By: w.by, Because: s.u.Text(w.dep)}
}

// requiredItem names the package whose requirement the rule is.
func (s *solver) requiredItem(p pool.ID, i int32) Item {
	it := Item{ID: p, Reason: Dependency}
	s.rules[i].literals(func(l lit) bool {
		if l < 0 && s.level[-l] > 0 && it.Because == "" {
			it.By, it.Because = -l, s.requirementOf(-l, p)
		}
		return true
	})
	return it
}

// requirementOf finds the requirement of a package that p satisfies.
func (s *solver) requirementOf(by, p pool.ID) string {
	for d := range s.u.List(by, pool.Requires).All() {
		if contains(s.u.Providers(d), p) {
			return s.u.Text(d)
		}
	}
	return ""
}

// learntItem finds a reason for a decision that a learnt rule forced: a job, a
// requirement or a recommendation that the package fulfils.
func (s *solver) learntItem(p pool.ID) Item {
	for i := s.job.start; i < s.job.end; i++ {
		if !s.rules[i].disabled && !s.rules[i].literals(func(l lit) bool { return l != p }) {
			return s.jobItem(p, i)
		}
	}
	for _, q := range s.trail {
		if q <= pool.System || q == p {
			continue
		}
		for d := range s.u.List(q, pool.Requires).All() {
			if contains(s.u.Providers(d), p) {
				return Item{ID: p, Reason: Dependency, By: q, Because: s.u.Text(d)}
			}
		}
	}
	return s.weakItem(p)
}
