package solve

import (
	"slices"

	"github.com/fimg/fimg/repo/pool"
)

// resolveWeak installs what supplements the packages decided on, then what they
// recommend. It reports whether there was anything to do, in which case the
// stages before have to be gone through again.
func (s *solver) resolveWeak(level int32) (int32, bool) {
	recommended := s.recommendedCandidates()
	supplements := s.supplementCandidates()
	if s.hasInstalled() {
		gone := s.obsoletedByInstalled()
		recommended = slices.DeleteFunc(recommended, func(p lit) bool { return gone[p] })
		supplements = slices.DeleteFunc(supplements, func(p lit) bool { return gone[p] })
	}
	vain := func(p lit) bool { return s.notWeak[p] }
	recommended = slices.DeleteFunc(recommended, vain)
	supplements = slices.DeleteFunc(supplements, func(p lit) bool {
		return vain(p) || s.otherArchDecided(p) || s.otherVersionDecided(p)
	})
	all := unite(recommended, supplements)
	if s.expand(all) {
		return 0, true
	}
	switch len(all) {
	case 0:
		return level, false
	case 1:
		s.weakBy[all[0]] = s.wisher(all[0])
		return s.install(level, all[0], 0), true
	}
	chosen := map[lit]bool{}
	for _, p := range s.filter(all, modeRecommend) {
		chosen[p] = true
	}
	supplements = slices.DeleteFunc(supplements, func(p lit) bool { return !chosen[p] })
	count := len(s.trail)
	level, ok := s.installSupplements(level, supplements)
	if !ok || len(s.trail) < count {
		return level, true
	}
	return s.installRecommends(level, count, chosen), true
}

// unite appends to a what of b is not in it.
func unite(a, b []lit) []lit {
	seen := make(map[lit]bool, len(a))
	for _, p := range a {
		seen[p] = true
	}
	for _, p := range b {
		if !seen[p] {
			a = append(a, p)
		}
	}
	return a
}

// recommendedCandidates are the undecided packages that would fulfil an open
// recommendation of a new package.
func (s *solver) recommendedCandidates() (out []lit) {
	seen := map[lit]bool{}
	for _, p := range s.sortedNew() {
		for d := range s.u.List(p, pool.Recommends).All() {
			for _, q := range s.recommendedBy(d, nil) {
				if !seen[q] {
					seen[q] = true
					out = append(out, q)
				}
			}
		}
	}
	return out
}

// sortedNew are the packages decided to be installed that are not yet, by ID.
func (s *solver) sortedNew() (out []lit) {
	for _, p := range s.trail {
		if p > pool.System && !s.installed(p) {
			out = append(out, p)
		}
	}
	slices.Sort(out)
	return out
}

// recommendedBy are the undecided packages that fulfil d, none when it is
// fulfilled already. Where chosen is not nil they must be in it.
func (s *solver) recommendedBy(d pool.Ref, chosen map[lit]bool) []lit {
	if s.complex(d) {
		return s.recommendedByRich(d, chosen)
	}
	return s.undecided(s.u.Providers(d), chosen)
}

func (s *solver) undecided(list []lit, chosen map[lit]bool) (out []lit) {
	for _, q := range list {
		switch v := s.value(q); {
		case v > 0 || q < 0 && v == 0:
			return nil
		case v == 0 && (chosen == nil || chosen[q]):
			out = append(out, q)
		}
	}
	return out
}

func (s *solver) recommendedByRich(d pool.Ref, chosen map[lit]bool) (out []lit) {
	list, t := s.normalize(d, false)
	if t != depends {
		return nil
	}
	for _, block := range list {
		out = unite(out, s.undecided(block, chosen))
	}
	return out
}

// supplementCandidates are the undecided packages that supplement a new one.
func (s *solver) supplementCandidates() (out []lit) {
	for _, p := range s.u.WithWeak() {
		if s.level[p] != 0 || !s.u.Installable(p) {
			continue
		}
		for d := range s.u.List(p, pool.Supplements).All() {
			if s.fulfilled(d) == 2 {
				out = append(out, p)
				break
			}
		}
	}
	return out
}

// obsoletedByInstalled are the packages that installed ones which stay obsolete.
func (s *solver) obsoletedByInstalled() map[lit]bool {
	gone := map[lit]bool{}
	for p := s.instFirst; p < s.instEnd; p++ {
		if s.level[p] <= 0 {
			continue
		}
		for d := range s.u.List(p, pool.Obsoletes).All() {
			for _, q := range s.u.Providers(d) {
				if s.u.MatchesNEVR(q, d) {
					gone[q] = true
				}
			}
		}
	}
	return gone
}

// otherArchDecided reports whether the package's name was decided on in another
// architecture.
func (s *solver) otherArchDecided(p lit) bool {
	x := s.info(p)
	return slices.ContainsFunc(s.u.Named(x.name), func(q pool.ID) bool {
		return s.level[q] > 0 && s.info(q).arch != x.arch
	})
}

// otherVersionDecided reports whether another version of a package that may be
// installed more than once was decided on.
func (s *solver) otherVersionDecided(p lit) bool {
	return s.multi[p] && slices.ContainsFunc(s.u.Named(s.name(p)), func(q pool.ID) bool { return s.level[q] > 0 })
}

// installSupplements installs one after another, and reports whether it got
// through without having to take anything back.
func (s *solver) installSupplements(level int32, list []lit) (int32, bool) {
	if len(list) > 1 {
		list = s.oldLast(list)
		s.sharedProvides(list)
		list = s.suggestedFirst(list)
	}
	for _, p := range list {
		if s.level[p] != 0 {
			continue
		}
		old := level
		s.weakBy[p] = weakBy{by: p}
		if level = s.install(level, p, 0); level <= old {
			return level, false
		}
	}
	return level, true
}

// installRecommends goes through the recommendations of the first count
// decisions in order.
func (s *solver) installRecommends(level int32, count int, chosen map[lit]bool) int32 {
	for i := 0; i < count; i++ {
		p := s.trail[i]
		if p <= pool.System || s.installed(p) {
			continue
		}
		for d := range s.u.List(p, pool.Recommends).All() {
			cands := s.recommendedBy(d, chosen)
			if len(cands) > 1 {
				cands = s.filter(cands, modeChoose)
			}
			if len(cands) == 0 {
				continue
			}
			if len(cands) > 1 {
				s.addBranch(level, cands, 0, weakBy{p, d})
			}
			s.weakBy[cands[0]] = weakBy{p, d}
			old := level
			if level = s.install(level, cands[0], 0); level <= old || len(s.trail) < count {
				return level
			}
		}
	}
	return level
}

// wisher finds a package that recommends p.
func (s *solver) wisher(p lit) weakBy {
	for _, q := range s.sortedNew() {
		for d := range s.u.List(q, pool.Recommends).All() {
			if slices.Contains(s.recommendedBy(d, nil), p) {
				return weakBy{q, d}
			}
		}
	}
	return weakBy{by: p}
}
