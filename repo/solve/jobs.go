package solve

import (
	"slices"

	"github.com/fimg/fimg/repo/pool"
)

// jobRules makes the rules of the jobs.
func (s *solver) jobRules() {
	s.job.start = int32(len(s.rules))
	for i := range s.jobs {
		before := len(s.rules)
		s.rulesOfJob(&s.jobs[i])
		for r := before; r < len(s.rules); r++ {
			s.jobOf = append(s.jobOf, i)
			if s.jobs[i].Weak {
				s.weakRule[int32(r)] = true
			}
		}
	}
	s.job.end = int32(len(s.rules))
}

func (s *solver) rulesOfJob(j *Job) {
	if j.Action == Erase {
		for _, p := range s.candidates(j) {
			s.addRule(-p, nil)
		}
		return
	}
	if j.Dep != (pool.Ref{}) && s.complex(j.Dep) {
		list, t := s.normalize(j.Dep, false)
		if t == never {
			s.addRule(-pool.System, nil)
		}
		for _, block := range list {
			s.addRule(block[0], block[1:])
		}
		return
	}
	list := slices.Clone(s.candidates(j))
	slices.Sort(list)
	list = slices.Compact(list)
	if len(list) == 0 {
		s.addRule(-pool.System, nil) // impossible
		return
	}
	s.addRule(list[0], list[1:])
}

// bestRules demands of each job that asks for it one of its best candidates.
func (s *solver) bestRules() {
	s.best.start = int32(len(s.rules))
	for r := s.job.start; r < s.job.end; r++ {
		j := &s.jobs[s.jobOf[r-s.job.start]]
		if !j.Best || j.Action != Install {
			continue
		}
		var positive, negative []lit
		s.rules[r].literals(func(l lit) bool {
			if l > 0 && (s.installed(l) || !s.u.Excluded(l)) {
				positive = append(positive, l)
			} else if l < 0 {
				negative = append(negative, l)
			}
			return true
		})
		count := len(positive)
		positive = s.filter(positive, modeRecommend)
		if len(positive) == count {
			continue
		}
		all := append(negative, positive...)
		i := s.addRule(all[0], all[1:])
		s.bestOf = append(s.bestOf, r)
		if j.Weak {
			s.weakRule[i] = true
		}
	}
	s.best.end = int32(len(s.rules))
}

// infarchRules forbid a package in an inferior architecture, or allow it only
// together with the same version in the best one (lock step).
func (s *solver) infarchRules() {
	s.infarch.start = int32(len(s.rules))
	if s.u.Arch() != "" && !s.opt.AllArches {
		for p := range s.u.All() {
			if s.added[p] {
				s.infarchGroup(p)
			}
		}
	}
	s.infarch.end = int32(len(s.rules))
}

// infarchGroup handles the packages of one name when p is the first of them.
func (s *solver) infarchGroup(p pool.ID) {
	var group []pool.ID
	for _, q := range s.u.Named(s.name(p)) {
		if s.added[q] {
			group = append(group, q)
		}
	}
	if len(group) < 2 || group[0] != p {
		return
	}
	best, kept := s.bestArch(group)
	if best == 0 {
		return
	}
	for _, q := range group {
		if s.inferior(q, best) && (s.installed(q) || !s.keptArch(q, kept)) {
			s.infarchRule(q, best)
		}
	}
}

// bestArch is the best score among the packages that are not installed, and the
// scores of the installed ones that may be kept.
func (s *solver) bestArch(group []pool.ID) (best int32, kept []int32) {
	for _, q := range group {
		a := s.info(q).score
		switch {
		case a == 1:
		case s.installed(q):
			kept = append(kept, a)
		case a != 0 && (best == 0 || a < best):
			best = a
		}
	}
	if best == 0 && len(kept) > 1 {
		best = slices.Min(kept)
	}
	if len(kept) > 0 && best != 0 {
		kept = s.notLockstepped(group, best)
	}
	return best, kept
}

// notLockstepped are the inferior architectures of installed packages that have
// no sibling of the same version in the best one.
func (s *solver) notLockstepped(group []pool.ID, best int32) (kept []int32) {
	for _, q := range group {
		if s.installed(q) && s.inferior(q, best) && len(s.siblings(q, best)) == 0 {
			kept = append(kept, s.info(q).score)
		}
	}
	return kept
}

// inferior reports whether p has another class of architectures than best.
func (s *solver) inferior(p pool.ID, best int32) bool {
	a := s.info(p).score
	return a != 1 && (a^best)&^0xffff != 0
}

func (s *solver) keptArch(p pool.ID, kept []int32) bool {
	a := s.info(p).score
	return slices.ContainsFunc(kept, func(k int32) bool { return (a^k)&^0xffff == 0 })
}

// siblings are the packages with name and version of p in the best architecture
// or noarch.
func (s *solver) siblings(p pool.ID, best int32) (out []lit) {
	x := s.info(p)
	for _, q := range s.u.Named(x.name) {
		if y := s.info(q); q != p && y.evr == x.evr && y.arch != x.arch && y.score != 0 && !s.inferior(q, best) {
			out = append(out, q)
		}
	}
	return out
}

func (s *solver) infarchRule(p pool.ID, best int32) {
	list := s.siblings(p, best)
	if s.installed(p) && !slices.ContainsFunc(list, s.installed) {
		return
	}
	s.addRule(-p, list)
}
