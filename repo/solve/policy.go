package solve

import (
	"cmp"
	"slices"

	"github.com/fimg/fimg/repo/pool"
)

// mode says which steps of the preference order apply.
type mode uint8

const (
	modeChoose          mode = iota // everything
	modeChooseNoReorder             // what narrows the list down, without reordering what is left
	modeRecommend                   // repository, architecture and version only
)

// filter narrows a list of candidates down to those worth considering and puts
// the preferred one first. It may reuse the list.
func (s *solver) filter(list []lit, m mode) []lit {
	if len(list) > 1 {
		list = s.bestPriority(list)
	}
	if len(list) > 1 {
		list = s.bestArchs(list)
	}
	if len(list) > 1 {
		list = s.bestVersions(list)
	}
	if m == modeRecommend || len(list) < 2 {
		return list
	}
	if list = s.recommendedOnly(list); len(list) > 1 && m == modeChoose {
		list = s.oldLast(list)
		s.sharedProvides(list)
		list = s.installedNamesFirst(list)
		list = s.suggestedFirst(list)
	}
	return list
}

// bestPriority keeps the packages of the repositories with the best priority,
// and installed ones.
func (s *solver) bestPriority(list []lit) []lit {
	best, found := 0, false
	for _, p := range list {
		if prio := s.u.Source(p).Priority; !s.installed(p) && (!found || prio < best) {
			best, found = prio, true
		}
	}
	if !found {
		return list
	}
	return slices.DeleteFunc(list, func(p lit) bool {
		return !s.installed(p) && s.u.Source(p).Priority != best
	})
}

// bestArchs keeps the best class of architectures and noarch.
func (s *solver) bestArchs(list []lit) []lit {
	if s.u.Arch() == "" {
		return list
	}
	best := int32(0)
	for _, p := range list {
		if a := s.info(p).score; a > 1 && (best == 0 || a < best) {
			best = a
		}
	}
	if best == 0 {
		return list
	}
	return slices.DeleteFunc(list, func(p lit) bool { return s.inferior(p, best) })
}

// bestVersions sorts by name and keeps the newest of each name, then drops those
// that another candidate obsoletes.
func (s *solver) bestVersions(list []lit) []lit {
	slices.SortFunc(list, s.compareByName)
	out := list[:0]
	for _, p := range list {
		n := len(out)
		if n == 0 || s.name(out[n-1]) != s.name(p) {
			out = append(out, p)
		} else if s.u.CompareEVR(out[n-1], p) < 0 {
			out[n-1] = p
		}
	}
	if len(out) > 1 {
		out = s.notObsoleted(out)
	}
	return out
}

// compareByName orders by name bytewise; within a name by architecture, then
// installed packages, then cheap repositories, then the order of loading.
func (s *solver) compareByName(a, b lit) int {
	x, y := s.info(a), s.info(b)
	if x.name != y.name {
		return cmp.Compare(s.u.String(x.name), s.u.String(y.name))
	}
	if x.score != y.score && x.score > 1 && y.score > 1 {
		return cmp.Compare(x.score, y.score)
	}
	if s.installed(a) != s.installed(b) {
		if s.installed(a) {
			return -1
		}
		return 1
	}
	return cmp.Or(cmp.Compare(s.u.Source(a).Cost, s.u.Source(b).Cost), cmp.Compare(a, b))
}

// recommendedOnly keeps the candidates that are recommended by or supplement a
// package already decided on, if there are any; installed ones stay.
func (s *solver) recommendedOnly(list []lit) []lit {
	others := 0
	for _, p := range list {
		if !s.installed(p) {
			others++
		}
	}
	if others < 2 {
		return list
	}
	s.updateWishes()
	wanted := func(p lit) bool { return s.wished.recommended[p] || s.supplementing(p) }
	if !slices.ContainsFunc(list, func(p lit) bool { return !s.installed(p) && wanted(p) }) {
		return list
	}
	return slices.DeleteFunc(list, func(p lit) bool { return !s.installed(p) && !wanted(p) })
}

// oldLast moves back the candidates of which a newer version of the same name
// and architecture exists, whether that could be used or not.
func (s *solver) oldLast(list []lit) []lit {
	return partition(list, func(p lit) bool { return !s.outdated(p) })
}

// partition brings the elements for which front holds to the front and keeps the
// order otherwise.
func partition(list []lit, front func(lit) bool) []lit {
	var back []lit
	out := list[:0]
	for _, p := range list {
		if front(p) {
			out = append(out, p)
		} else {
			back = append(back, p)
		}
	}
	return append(out, back...)
}

func (s *solver) outdated(p pool.ID) bool {
	if s.installed(p) {
		return false
	}
	x, prio := s.info(p), s.u.Source(p).Priority
	for _, q := range s.u.Named(x.name) {
		if q == p || s.info(q).arch != x.arch {
			continue
		}
		if other := s.u.Source(q).Priority; other != prio {
			if other < prio {
				return true
			}
			continue
		}
		if s.u.CompareEVR(q, p) > 0 {
			return true
		}
	}
	return false
}

// installedNamesFirst brings candidates to the front of whose name a package is
// installed.
func (s *solver) installedNamesFirst(list []lit) []lit {
	if !s.hasInstalled() {
		return list
	}
	return partition(list, func(p lit) bool {
		return s.installed(p) || slices.ContainsFunc(s.u.Named(s.name(p)), s.installed)
	})
}

// suggestedFirst brings candidates to the front that are installed, suggested or
// enhance something decided on.
func (s *solver) suggestedFirst(list []lit) []lit {
	s.updateWishes()
	return partition(list, func(p lit) bool {
		return s.installed(p) || s.wished.suggested[p] || s.anyFulfilled(p, pool.Enhances)
	})
}
