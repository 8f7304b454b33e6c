package solve

import "github.com/fimg/fimg/repo/pool"

// watch enters every rule of more than one literal into the lists of its two
// watched literals, lowest rule first, and collects the assertions.
func (s *solver) watch() {
	s.watches = make([]int32, 2*int(s.u.End()))
	for i := int32(len(s.rules)) - 1; i > 0; i-- {
		if s.rules[i].w2 != 0 {
			s.watchRule(i)
		}
	}
	for i := int32(1); i < int32(len(s.rules)); i++ {
		if s.rules[i].assertion() {
			s.asserts = append(s.asserts, i)
		}
	}
}

// slot is the place of a literal in watches.
func (s *solver) slot(l lit) int { return int(l) + int(s.u.End()) }

func (s *solver) watchRule(i int32) {
	r := &s.rules[i]
	a, b := s.slot(r.w1), s.slot(r.w2)
	r.n1, s.watches[a] = s.watches[a], i
	r.n2, s.watches[b] = s.watches[b], i
}

// value is positive when the literal holds, negative when its opposite does.
func (s *solver) value(l lit) int32 {
	if l < 0 {
		return -s.level[-l]
	}
	return s.level[l]
}

// decide makes the literal true at a level.
func (s *solver) decide(l lit, level, why int32) {
	if l > 0 {
		s.level[l] = level
	} else {
		s.level[-l] = -level
	}
	s.trail = append(s.trail, l)
	s.why = append(s.why, why)
}

// propagate follows the decisions made so far and returns the rule that broke,
// zero if none did.
func (s *solver) propagate(level int32) int32 {
	for s.head < len(s.trail) {
		l := -s.trail[s.head]
		s.head++
		at := &s.watches[s.slot(l)]
		for *at != 0 {
			i := *at
			r := &s.rules[i]
			next, other := &r.n2, r.w1
			if l == r.w1 {
				next, other = &r.n1, r.w2
			}
			if r.disabled || s.value(other) > 0 {
				at = next
				continue
			}
			if q := s.otherWatch(r, other); q != 0 {
				*at = *next
				s.moveWatch(r, i, l, q)
				continue
			}
			if s.value(other) < 0 {
				return i
			}
			s.decide(other, level, i)
			at = next
		}
	}
	return 0
}

// otherWatch finds a literal that is not false to watch besides other.
func (s *solver) otherWatch(r *rule, other lit) lit {
	if r.more == nil {
		return 0
	}
	if r.p != other && s.value(r.p) >= 0 {
		return r.p
	}
	for _, q := range r.more {
		if q != other && s.value(q) >= 0 {
			return q
		}
	}
	return 0
}

// moveWatch makes rule i watch q instead of l, from whose list it was taken.
func (s *solver) moveWatch(r *rule, i int32, l, q lit) {
	k := s.slot(q)
	if l == r.w1 {
		r.w1, r.n1 = q, s.watches[k]
	} else {
		r.w2, r.n2 = q, s.watches[k]
	}
	s.watches[k] = i
}

// revert takes back every decision above a level.
func (s *solver) revert(level int32) {
	n := len(s.trail)
	for n > 0 {
		p := abs(s.trail[n-1])
		if v := s.level[p]; v <= level && v >= -level {
			break
		}
		s.level[p] = 0
		n--
	}
	if n < len(s.trail) {
		s.trail, s.why = s.trail[:n], s.why[:n]
		s.head = n
	}
	for len(s.branches) > 0 && s.branches[len(s.branches)-1].level >= level {
		s.branches = s.branches[:len(s.branches)-1]
	}
	if s.wished.index > n {
		s.wished.stale = true
	}
}

// reset takes back all decisions and brings the learnt rules in line with the
// rules that are disabled now.
func (s *solver) reset() {
	for _, l := range s.trail {
		s.level[abs(l)] = 0
	}
	s.trail, s.why, s.head = s.trail[:0], s.why[:0], 0
	s.branches = s.branches[:0]
	s.wished.stale = true
	for i := int(s.learnt); i < len(s.rules); i++ {
		s.rules[i].disabled = s.derivedFromDisabled(s.learnWhy[i-int(s.learnt)])
	}
}

func (s *solver) derivedFromDisabled(why []int32) bool {
	for _, i := range why {
		if s.rules[i].disabled {
			return true
		}
	}
	return false
}

func abs(l lit) pool.ID {
	if l < 0 {
		return -l
	}
	return l
}
