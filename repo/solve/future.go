package solve

import (
	"slices"

	"github.com/fimg/fimg/repo/pool"
)

// forFutureInstalled narrows and orders the candidates of a job while it is not
// decided yet which installed packages stay: those that replace an installed
// package only, and first what the installed packages, supposing they stay,
// recommend or suggest.
func (s *solver) forFutureInstalled(level int32, list []lit) []lit {
	if slices.ContainsFunc(list, s.replacesInstalled) {
		list = slices.DeleteFunc(list, func(p lit) bool { return !s.replacesInstalled(p) })
	}
	if len(list) < 2 {
		return list
	}
	var supposed []pool.ID
	trail := len(s.trail)
	for p := s.instFirst; p < s.instEnd; p++ {
		if s.level[p] == 0 && !s.noUpdate[p] {
			s.trail = append(s.trail, p)
			s.level[p] = level + 1
			supposed = append(supposed, p)
		}
	}
	if len(supposed) == 0 {
		return list
	}
	s.updateWishes()
	list = partition(list, func(p lit) bool {
		return s.installed(p) || s.wished.suggested[p] || s.anyFulfilled(p, pool.Enhances)
	})
	list = partition(list, func(p lit) bool {
		return s.installed(p) || s.wished.recommended[p] || s.supplementing(p)
	})
	s.trail = s.trail[:trail]
	for _, p := range supposed {
		s.level[p] = 0
	}
	s.wished.stale = true
	return list
}
