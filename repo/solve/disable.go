package solve

import "github.com/fimg/fimg/repo/pool"

// disablePolicyRules puts rules to rest that a job overrides.
func (s *solver) disablePolicyRules() {
	last := -1
	for i := s.job.start; i < s.job.end; i++ {
		if n := s.jobOf[i-s.job.start]; n != last {
			last = n
			s.overriddenBy(&s.jobs[n])
		}
	}
}

func (s *solver) overriddenBy(j *Job) {
	list := s.candidates(j)
	if j.Action == Erase {
		for _, p := range list {
			if s.installed(p) {
				s.disableUpdate(p)
			}
		}
		return
	}
	if j.SetArch {
		s.allowArches(list)
	}
	for _, p := range list {
		if s.installed(p) {
			return
		}
	}
	for _, p := range s.replacedByAll(list) {
		if j.SetArch || !s.someIllegal(p, list) {
			s.disableUpdate(p)
		}
	}
}

// allowArches disables the architecture rules of the names in list.
func (s *solver) allowArches(list []pool.ID) {
	named := map[pool.Str]bool{}
	for i := s.infarch.start; i < s.infarch.end; i++ {
		for _, p := range list {
			if s.rules[i].p == -p {
				named[s.name(p)] = true
			}
		}
	}
	for i := s.infarch.start; i < s.infarch.end && len(named) > 0; i++ {
		if r := &s.rules[i]; r.p < 0 && named[s.name(-r.p)] {
			r.disabled = true
		}
	}
}

// replacedByAll are the installed packages that every candidate replaces.
func (s *solver) replacedByAll(list []pool.ID) (out []pool.ID) {
	for i, p := range list {
		hit := map[pool.ID]bool{}
		for _, q := range s.u.Named(s.name(p)) {
			if s.installed(q) && s.sameColor(p, q) {
				hit[q] = true
			}
		}
		for d := range s.u.List(p, pool.Obsoletes).All() {
			for _, q := range s.u.Providers(d) {
				if s.installed(q) && s.u.MatchesNEVR(q, d) {
					hit[q] = true
				}
			}
		}
		out = intersect(out, hit, i == 0, s.instFirst, s.instEnd)
	}
	return out
}

func intersect(old []pool.ID, hit map[pool.ID]bool, first bool, from, to pool.ID) (out []pool.ID) {
	if first {
		for q := from; q < to && len(hit) > 0; q++ {
			if hit[q] {
				out = append(out, q)
			}
		}
		return out
	}
	for _, q := range old {
		if hit[q] {
			out = append(out, q)
		}
	}
	return out
}

func (s *solver) someIllegal(old pool.ID, list []pool.ID) bool {
	for _, p := range list {
		if s.illegal(old, p) {
			return true
		}
	}
	return false
}

// disableUpdate lets an installed package go.
func (s *solver) disableUpdate(p pool.ID) {
	s.noUpdate[p] = true
	s.updateRule(p).disabled = true
	s.featureRule(p).disabled = true
}
