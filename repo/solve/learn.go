package solve

import (
	"slices"

	"github.com/fimg/fimg/repo/pool"
)

// analyze derives from a broken rule one that would have prevented it, takes
// back the decisions down to the level at which the new rule decides something,
// and returns that level and the rule.
func (s *solver) analyze(level, broken int32) (int32, int32) {
	a := analysis{s: s, level: level, back: 1, seen: map[lit]bool{}}
	a.run(broken)
	s.revert(a.back)
	i := s.addRule(a.first, a.others)
	s.learnWhy = append(s.learnWhy, a.why)
	if s.rules[i].w2 == 0 {
		s.asserts = append(s.asserts, i)
	} else {
		s.watchHighest(i)
		s.watchRule(i)
	}
	return a.back, i
}

// analysis is the state of one analyze: a first literal from the present level
// and the others, all false, from lower ones.
type analysis struct {
	s           *solver
	level, back int32
	seen        map[lit]bool
	here, one   int // literals still to be looked at, of this level and of level one
	first       lit
	others      []lit
	why         []int32
}

// run resolves backwards along the trail. When only one literal of the present
// level is left it becomes the first of the new rule; decisions of level one,
// which hold anyway, are then followed only to record where they come from.
func (a *analysis) run(broken int32) {
	s, at := a.s, len(a.s.trail)
	for c := broken; ; {
		a.why = append(a.why, c)
		s.rules[c].literals(func(l lit) bool { a.note(l); return true })
		c = 0
		for c == 0 {
			if a.here == 0 {
				if a.one == 0 {
					return
				}
				a.one--
			}
			at--
			for !a.seen[abs(s.trail[at])] {
				at--
			}
			l := s.trail[at]
			delete(a.seen, abs(l))
			if a.here > 0 {
				if a.here--; a.here == 0 {
					a.first = -l
					for _, o := range a.others {
						delete(a.seen, abs(o))
					}
					continue
				}
			}
			if w := s.why[at]; w > 0 {
				c = w
			}
		}
	}
}

// note counts a false literal that has not been seen.
func (a *analysis) note(l lit) {
	if a.s.value(l) > 0 || a.seen[abs(l)] {
		return
	}
	a.seen[abs(l)] = true
	switch v := max(a.s.level[abs(l)], -a.s.level[abs(l)]); v {
	case 1:
		a.one++
	case a.level:
		a.here++
	default:
		a.others = append(a.others, l)
		a.back = max(a.back, v)
	}
}

// watchHighest makes a learnt rule watch, besides the literal it decides, the
// one decided last of the others.
func (s *solver) watchHighest(i int32) {
	r := &s.rules[i]
	if r.more == nil {
		return
	}
	var top int32
	for _, l := range r.more {
		if v := max(s.level[abs(l)], -s.level[abs(l)]); v > top {
			top, r.w2 = v, l
		}
	}
}

// assertRules makes the decisions that the assertions ask for, the weak ones
// last. It returns false when the problem is unsolvable.
func (s *solver) assertRules() bool {
	for {
		s.reset()
		s.decide(1, 1, 0)
		again := false
		for _, weak := range []bool{false, true} {
			for _, i := range s.asserts {
				r := &s.rules[i]
				if r.disabled || (i < s.learnt && s.weakRule[i]) != weak {
					continue
				}
				switch v := s.value(r.p); {
				case v > 0:
				case v == 0:
					s.decide(r.p, 1, i)
				case i >= s.learnt || weak:
					s.giveUp(i)
					again = again || weak
				default:
					if !s.assertConflict(i) {
						return false
					}
					again = true
				}
				if again {
					break
				}
			}
			if again {
				break
			}
		}
		if !again {
			return true
		}
	}
}

// assertConflict handles an assertion that contradicts an earlier one. It
// returns true when a rule was given up instead.
func (s *solver) assertConflict(i int32) bool {
	at := slices.Index(s.trail, -s.rules[i].p)
	proof := []int32{i}
	if w := s.why[at]; w > 0 {
		proof = append(proof, w)
	}
	if s.eraseInstead(proof) {
		return true
	}
	s.problems = append(s.problems, problem{proof})
	return false
}

// unsolvable handles a rule broken by decisions that had to be made. It gives up
// the last weak rule among those that led there and returns true; without one
// the proof is recorded as a problem.
func (s *solver) unsolvable(broken int32) bool {
	seen := map[lit]bool{}
	known := map[int32]bool{}
	var proof []int32
	note := func(i int32) {
		proof = s.expandProof(i, known, proof)
		s.rules[i].literals(func(l lit) bool { seen[abs(l)] = true; return true })
	}
	note(broken)
	for at := len(s.trail) - 1; at >= 0; at-- {
		if seen[abs(s.trail[at])] && s.why[at] > 0 {
			note(s.why[at])
		}
	}
	last := int32(0)
	for _, i := range proof {
		if s.weakRule[i] {
			last = max(last, i)
		}
	}
	if last > 0 {
		s.giveUp(last)
		s.reset()
		return true
	}
	if s.eraseInstead(proof) {
		s.reset()
		return true
	}
	slices.Sort(proof)
	s.problems = append(s.problems, problem{proof})
	return false
}

// expandProof appends rule i to a proof, a learnt one by what it was derived from,
// unless it is known already.
func (s *solver) expandProof(i int32, known map[int32]bool, proof []int32) []int32 {
	stack := []int32{i}
	for len(stack) > 0 {
		i := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if known[i] {
			continue
		}
		known[i] = true
		if i < s.learnt {
			proof = append(proof, i)
			continue
		}
		from := len(stack)
		stack = append(stack, s.learnWhy[i-s.learnt]...)
		slices.Reverse(stack[from:])
	}
	return proof
}

// giveUp disables a rule that could not be kept.
func (s *solver) giveUp(i int32) {
	switch {
	case s.choice.has(i):
		s.disableChoice(i)
	case s.job.has(i): // the whole job
		for k, j := range s.jobOf {
			if j == s.jobOf[i-s.job.start] {
				s.rules[s.job.start+int32(k)].disabled = true
			}
		}
	case s.update.has(i):
		s.rules[i].disabled = true
		if f := &s.rules[i-s.update.start+s.feature.start]; f.p != 0 {
			f.disabled = false
		}
	default:
		s.rules[i].disabled = true
	}
}

// eraseInstead gives up a rule of a proof that keeps an installed package, where
// erasing is allowed: the first of one that nothing could take the place of, else
// the last.
func (s *solver) eraseInstead(proof []int32) bool {
	if !s.opt.AllowErasing {
		return false
	}
	var update, feature int32
	for _, i := range proof {
		if !s.update.has(i) {
			if s.feature.has(i) {
				feature = max(feature, i)
			}
			continue
		}
		p := s.instFirst + pool.ID(i-s.update.start)
		if s.featureRule(p).p == 0 && s.rules[i].assertion() && s.rules[i].p == p {
			s.giveUp(i)
			if slices.ContainsFunc(proof, s.job.has) {
				s.cannotStay(p)
			}
			return true
		}
		update = max(update, i)
	}
	if update == 0 {
		update = feature
	}
	if update == 0 {
		return false
	}
	s.giveUp(update)
	return true
}
