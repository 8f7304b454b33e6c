package solve

import (
	"slices"

	"github.com/fimg/fimg/repo/pool"
)

// yumobsRules make several packages that obsolete the same installed package
// through the same dependency come together, as yum did.
func (s *solver) yumobsRules() {
	s.yumobs.start = int32(len(s.rules))
	done := map[string]bool{}
	for p := s.instFirst; p < s.instEnd; p++ {
		for _, q := range s.obsOf[p] {
			for d := range s.u.List(q, pool.Obsoletes).All() {
				text := s.u.Text(d)
				if !done[text] && s.hitsInstalled(d) {
					done[text] = true
					s.yumobsGroup(s.obsoleteGroups(d, text))
				}
			}
		}
	}
	s.yumobs.end = int32(len(s.rules))
}

func (s *solver) hitsInstalled(d pool.Ref) bool {
	return slices.ContainsFunc(s.u.Providers(d), func(q pool.ID) bool {
		return s.installed(q) && s.u.MatchesNEVR(q, d)
	})
}

// obsoleteGroups are the packages with the same obsoletes, by name. There are
// none unless two names remain when those that other ones obsolete are removed.
func (s *solver) obsoleteGroups(d pool.Ref, text string) (groups [][]lit) {
	var all []lit
	for _, q := range s.u.Providers(d) {
		if !s.installed(q) || !s.u.MatchesNEVR(q, d) {
			continue
		}
		for _, o := range slices.Concat(s.obsOf[q], s.u.Named(s.name(q))) {
			if s.sameColor(q, o) && s.declares(o, text) && !slices.Contains(all, o) {
				all = append(all, o)
			}
		}
	}
	names := s.bestVersions(slices.Clone(all))
	if len(names) < 2 {
		return nil
	}
	for _, n := range names {
		var group []lit
		for _, o := range all {
			if s.name(o) == s.name(n) {
				group = append(group, o)
			}
		}
		groups = append(groups, group)
	}
	return groups
}

func (s *solver) declares(p pool.ID, obsoletes string) bool {
	return s.u.List(p, pool.Obsoletes).Any(func(d pool.Ref) bool { return s.u.Text(d) == obsoletes })
}

func (s *solver) yumobsGroup(groups [][]lit) {
	for i, group := range groups {
		for _, p := range group {
			for k, other := range groups {
				if k != i && !s.installed(p) {
					s.addRule(-p, other)
				}
			}
		}
	}
}

// pruneYumobs drops candidates that an earlier one brings along anyway.
func (s *solver) pruneYumobs(list []lit) []lit {
	for i := 0; i < len(list); i++ {
		brings := map[lit]bool{}
		for r := s.yumobs.start; r < s.yumobs.end; r++ {
			if s.rules[r].p == -list[i] {
				for _, l := range rest(&s.rules[r]) {
					brings[l] = l > 0
				}
			}
		}
		list = append(list[:i+1], slices.DeleteFunc(list[i+1:], func(l lit) bool { return brings[l] })...)
	}
	return list
}
