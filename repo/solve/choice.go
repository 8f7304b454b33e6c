package solve

import (
	"slices"

	"github.com/fimg/fimg/repo/pool"
)

// choiceRules makes a weak copy of each requirement that can be met by an
// installed package, by its update or by a stranger: the copy leaves the
// strangers out.
func (s *solver) choiceRules() {
	s.choice.start = int32(len(s.rules))
	if s.hasInstalled() {
		banned := map[lit]bool{}
		for i := s.infarch.start; i < s.infarch.end; i++ {
			if r := &s.rules[i]; r.p < 0 && r.assertion() {
				banned[-r.p] = true
			}
		}
		for i := s.pkg.start; i < s.pkg.end; i++ {
			s.choiceRule(i, banned)
		}
	}
	s.choice.end = int32(len(s.rules))
}

func (s *solver) choiceRule(i int32, banned map[lit]bool) {
	r := &s.rules[i]
	if r.p >= 0 || r.more == nil && r.w2 <= 0 {
		return
	}
	var keep, old, negative []lit
	strangers := false
	r.literals(func(l lit) bool {
		switch {
		case l < 0:
			if l != r.p {
				negative = append(negative, l)
			}
		case s.installed(l):
			keep, old = append(keep, l), append(old, l)
		default:
			if q := s.successorOf(l); q == 0 {
				strangers = true
			} else if !banned[l] && !s.illegal(q, l) {
				keep, old = append(keep, l), append(old, q)
			}
		}
		return true
	})
	if !strangers || len(keep) == 0 || !s.updateLeadsAway(r, old) {
		return
	}
	all := append(negative, keep...)
	if n := len(s.choiceOf); n > 0 {
		if last := &s.rules[len(s.rules)-1]; last.p == r.p && slices.Equal(rest(last), all) {
			return
		}
	}
	n := s.addRule(r.p, all)
	s.weakRule[n] = true
	s.choiceOf = append(s.choiceOf, i)
}

// rest are the literals of a rule after the first.
func rest(r *rule) []lit {
	if r.more != nil {
		return r.more
	}
	if r.w2 != 0 {
		return []lit{r.w2}
	}
	return nil
}

// illegal reports whether q may not replace the installed p: it is older or of
// another class of architectures.
func (s *solver) illegal(p, q pool.ID) bool {
	return s.name(p) == s.name(q) && s.u.CompareEVR(p, q) > 0 || s.archChange(p, q)
}

// updateLeadsAway reports whether some way of keeping or updating one of the
// installed packages does not satisfy the rule.
func (s *solver) updateLeadsAway(r *rule, old []lit) bool {
	for _, p := range old {
		ur := s.updateRule(p)
		if ur.p == 0 {
			ur = s.featureRule(p)
		}
		inside := ur.literals(func(l lit) bool { return !r.literals(func(m lit) bool { return m != l }) })
		if ur.p != 0 && !inside {
			return true
		}
	}
	return false
}

// droppedChoices disables the choice rules whose requirement was met by a
// stranger anyway and reports whether there were any.
func (s *solver) droppedChoices() (dropped bool) {
	for i := s.choice.start; i < s.choice.end; i++ {
		r, from := &s.rules[i], &s.rules[s.choiceOf[i-s.choice.start]]
		if r.disabled || from.disabled {
			continue
		}
		stranger := !from.literals(func(l lit) bool {
			return l < 0 || s.level[l] <= 0 || !r.literals(func(m lit) bool { return m != l })
		})
		if stranger {
			s.disableChoice(i)
			dropped = true
		}
	}
	return dropped
}

// disableChoice disables a choice rule and all others that keep the same
// strangers out.
func (s *solver) disableChoice(i int32) {
	r, from := &s.rules[i], &s.rules[s.choiceOf[i-s.choice.start]]
	r.disabled = true
	strangers := map[lit]bool{}
	from.literals(func(l lit) bool {
		if l > 0 {
			strangers[l] = true
		}
		return true
	})
	r.literals(func(l lit) bool { delete(strangers, l); return true })
	for k := s.choice.start; k < s.choice.end; k++ {
		other := &s.rules[s.choiceOf[k-s.choice.start]]
		if !s.rules[k].disabled && !other.literals(func(l lit) bool { return !strangers[l] }) {
			s.rules[k].disabled = true
		}
	}
}
