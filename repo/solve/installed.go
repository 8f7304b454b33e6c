package solve

import (
	"slices"

	"github.com/fimg/fimg/repo/pool"
)

// indexObsoletes finds for each installed package those of another name that
// obsolete it.
func (s *solver) indexObsoletes() {
	s.obsOf = map[pool.ID][]lit{}
	if !s.hasInstalled() {
		return
	}
	for p := s.instFirst; p < s.instEnd; p++ {
		for o, d := range s.u.Obsoleters(s.name(p)) {
			if s.name(o) != s.name(p) && s.u.Installable(o) && s.u.MatchesNEVR(p, d) && !slices.Contains(s.obsOf[p], o) {
				s.obsOf[p] = append(s.obsOf[p], o)
			}
		}
	}
}

// obsoletes reports whether p obsoletes q.
func (s *solver) obsoletes(p, q pool.ID) bool {
	for d := range s.u.List(p, pool.Obsoletes).All() {
		if s.u.MatchesNEVR(q, d) {
			return true
		}
	}
	return false
}

// updates returns the packages that could replace the installed package p: those
// of its name and those that obsolete it. Unless any is set, older ones and
// those of another architecture are left out.
func (s *solver) updates(p pool.ID, any bool) (out []pool.ID) {
	viaProvide := false
	for _, q := range s.u.ProvidersOf(s.u.String(s.name(p)), 0, "") {
		if q == p || !s.installed(q) && s.u.Excluded(q) || !s.sameColor(p, q) {
			continue
		}
		if s.name(q) == s.name(p) {
			if !any && s.u.CompareEVR(p, q) > 0 {
				continue
			}
		} else if !s.obsoletes(q, p) {
			continue
		} else {
			viaProvide = true
		}
		if any || !s.archChange(p, q) {
			out = append(out, q)
		}
	}
	if viaProvide {
		return out
	}
	for _, q := range s.obsOf[p] {
		if s.sameColor(p, q) && (any || !s.archChange(p, q)) {
			out = append(out, q)
		}
	}
	return out
}

// archChange reports whether q is of another class of architectures than p.
func (s *solver) archChange(p, q pool.ID) bool {
	a, b := s.info(p).score, s.info(q).score
	return a != b && a != 1 && b != 1 && (a^b)&^0xffff != 0
}

// installedRules makes for each installed package the rules that it stays or is
// replaced. The feature rules, which allow any replacement, rest until an update
// rule is given up.
func (s *solver) installedRules() {
	s.feature.start = int32(len(s.rules))
	for p := s.instFirst; p < s.instEnd; p++ {
		s.addRule(p, s.updates(p, true))
	}
	s.feature.end = int32(len(s.rules))
	s.update.start = s.feature.end
	for p := s.instFirst; p < s.instEnd; p++ {
		i := s.addRule(p, s.updates(p, false))
		f := &s.rules[s.feature.start+int32(p-s.instFirst)]
		if compareRules(&s.rules[i], f) == 0 {
			*f = rule{}
		} else {
			f.disabled = true
		}
	}
	s.update.end = int32(len(s.rules))
}

func (s *solver) updateRule(p pool.ID) *rule {
	return &s.rules[s.update.start+int32(p-s.instFirst)]
}

func (s *solver) featureRule(p pool.ID) *rule {
	return &s.rules[s.feature.start+int32(p-s.instFirst)]
}

// replacesInstalled reports whether p is installed, or updates or obsoletes an
// installed package that no job wants changed.
func (s *solver) replacesInstalled(p pool.ID) bool {
	if s.installed(p) {
		return !s.noUpdate[p]
	}
	for _, q := range s.u.Named(s.name(p)) {
		if s.installed(q) && !s.noUpdate[q] && s.sameColor(p, q) {
			return true
		}
	}
	for d := range s.u.List(p, pool.Obsoletes).All() {
		for _, q := range s.u.Providers(d) {
			if s.installed(q) && !s.noUpdate[q] && s.u.MatchesNEVR(q, d) {
				return true
			}
		}
	}
	return false
}

// successorOf finds an installed package that p would replace, zero if none.
func (s *solver) successorOf(p pool.ID) pool.ID {
	if s.installed(p) {
		return p
	}
	for _, q := range s.u.Named(s.name(p)) {
		if s.installed(q) && s.sameColor(p, q) {
			return q
		}
	}
	for d := range s.u.List(p, pool.Obsoletes).All() {
		for _, q := range s.u.Providers(d) {
			if s.installed(q) && s.u.MatchesNEVR(q, d) {
				return q
			}
		}
	}
	return 0
}
