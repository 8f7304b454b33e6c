package solve

import (
	"slices"

	"github.com/fimg/fimg/repo/pool"
)

// install makes the free decision l one level up, because of rule why, and
// follows it, learning from conflicts. It returns the new level, or a negative
// one when there is no solution, or zero when everything was taken back.
func (s *solver) install(level int32, l lit, why int32) int32 {
	level++
	s.decide(l, level, -why)
	for {
		broken := s.propagate(level)
		if broken == 0 {
			return level
		}
		if level == 1 {
			if s.unsolvable(broken) {
				return 0
			}
			return -1
		}
		var i int32
		level, i = s.analyze(level, broken)
		s.decide(s.rules[i].p, level, i)
	}
}

// choose installs the best of the candidates.
func (s *solver) choose(level int32, cands []lit, why int32) int32 {
	if len(cands) > 1 {
		cands = s.filter(cands, modeChoose)
	}
	if len(cands) > 1 && s.reorder {
		cands = s.forFutureInstalled(level, cands)
	}
	if len(cands) > 1 && s.yumobs.size() > 0 {
		cands = s.pruneYumobs(cands)
	}
	if len(cands) > 1 {
		s.addBranch(level, cands, why, weakBy{})
	}
	return s.install(level, cands[0], why)
}

func (s *solver) addBranch(level int32, cands []lit, why int32, by weakBy) {
	b := branch{level: level, cands: slices.Clone(cands), rule: why, weak: by}
	b.cands[0] = -b.cands[0]
	s.branches = append(s.branches, b)
}

// run searches for a solution: jobs first, then the installed packages, the
// dependencies, weak dependencies, and a look back for choices that turned out
// unnecessary.
func (s *solver) run() error {
	level, system := int32(0), int32(1)
	for {
		if err := s.ctx.Err(); err != nil {
			return err
		}
		if level == 0 {
			if !s.assertRules() {
				level = -1
			} else if broken := s.propagate(1); broken != 0 {
				if s.unsolvable(broken) {
					continue
				}
				level = -1
			} else {
				level, system = 1, 2
			}
		}
		if level < 0 {
			return s.explain()
		}
		done := false
		if level, system, done = s.step(level, system); done {
			return nil
		}
	}
}

// step goes through the stages once. It is done when nothing is left to decide.
func (s *solver) step(level, system int32) (int32, int32, bool) {
	if level < system {
		for _, stage := range []func(int32) int32{s.resolveJobs, s.resolveInstalled} {
			old := level
			if level = stage(level); level < old {
				return level, system, false
			}
			system = level + 1
		}
		system = level
	}
	old := level
	if level = s.resolveDependencies(level); level < old {
		return level, system, false
	}
	if l, again := s.dropNeedless(level); again {
		return l, system, false
	}
	if !s.opt.NoWeak {
		var again bool
		if level, again = s.resolveWeak(level); again {
			return level, system, false
		}
	}
	if l, again := s.dropUndecided(level); again {
		return l, system, false
	}
	if s.mistaken() || s.choice.size() > 0 && s.droppedChoices() {
		s.reset()
		return 0, 0, false
	}
	if l, again := s.minimise(); again {
		return l, system, false
	}
	return level, system, true
}

// dropUndecided removes installed packages that nothing keeps.
func (s *solver) dropUndecided(level int32) (int32, bool) {
	for p := s.instFirst; p < s.instEnd; p++ {
		if s.level[p] != 0 {
			continue
		}
		old := level
		if level = s.install(level, -p, 0); level < old {
			return level, true
		}
	}
	return level, false
}

// resolveJobs decides the jobs that leave a choice, in order.
func (s *solver) resolveJobs(level int32) int32 {
	s.reorder = s.hasInstalled()
	defer func() { s.reorder = false }()
	start := level
	for i := s.job.start; i < s.job.end; i++ {
		cands, open := s.open(i)
		if !open || len(cands) == 0 {
			continue
		}
		if kept := s.onlyInstalled(cands); len(kept) > 0 {
			cands = kept
		}
		old := level
		level = s.choose(level, cands, i)
		switch {
		case level > old:
		case level == old:
			i--
		case level < start:
			return level
		default:
			i = s.job.start - 1
		}
	}
	return level
}

func (s *solver) onlyInstalled(list []lit) (kept []lit) {
	for _, p := range list {
		if s.installed(p) {
			kept = append(kept, p)
		}
	}
	return kept
}

// open returns the undecided packages of a rule that nothing fulfils yet and
// whose conditions, its negative literals, are all met.
func (s *solver) open(i int32) (cands []lit, open bool) {
	r := &s.rules[i]
	if r.disabled {
		return nil, false
	}
	open = r.literals(func(l lit) bool {
		v := s.value(l)
		if v > 0 || l < 0 && v == 0 {
			return false
		}
		if v == 0 {
			cands = append(cands, l)
		}
		return true
	})
	return cands, open
}

// resolveInstalled keeps the installed packages or replaces them.
func (s *solver) resolveInstalled(level int32) int32 {
	if !s.hasInstalled() {
		return level
	}
	start := level
	for pass := 1; pass <= 2; pass++ {
		for p := s.instFirst; p < s.instEnd; p++ {
			old, acted := level, false
			if level, acted = s.keepOrReplace(level, p, pass); level < start {
				return level
			}
			if level < old {
				p, pass = s.instFirst-1, 1
			} else if acted && level == old {
				p-- // try again with what was learnt
			}
		}
	}
	return level
}

// keepOrReplace decides an installed package in the first pass if it can stay, in
// the second by choosing a replacement. It says whether it decided anything.
func (s *solver) keepOrReplace(level int32, p pool.ID, pass int) (int32, bool) {
	if s.level[p] > 0 {
		return level, false
	}
	r := s.updateRule(p)
	i := s.update.start + int32(p-s.instFirst)
	if r.p == 0 || r.disabled {
		if f := s.featureRule(p); f.p != 0 {
			r, i = f, s.feature.start+int32(p-s.instFirst)
		}
	}
	if r.p == 0 {
		return level, false
	}
	if pass == 2 && !s.noUpdate[p] && s.level[p] < 0 {
		var cands []lit
		fulfilled := !r.literals(func(l lit) bool {
			if s.level[l] == 0 {
				cands = append(cands, l)
			}
			return s.level[l] <= 0
		})
		if !fulfilled && len(cands) > 0 {
			return s.choose(level, cands, i), true
		}
	}
	if s.level[p] == 0 && !s.needless(p) {
		return s.install(level, p, s.update.start+int32(p-s.instFirst)), true
	}
	return level, false
}

// resolveDependencies decides every open rule: first those that the preferences
// leave one candidate, then real choices.
func (s *solver) resolveDependencies(level int32) int32 {
	start := level
	count := int32(len(s.rules))
	postponed := int32(0)
	for i, n := int32(1), int32(1); ; i, n = i+1, n+1 {
		if n >= count {
			if postponed <= 0 {
				return level
			}
			i, n, postponed = postponed, 1, -1
		}
		if i == count {
			i = 1
		}
		r := &s.rules[i]
		if r.disabled || r.p < 0 && (r.more == nil || s.level[-r.p] <= 0) || r.more == nil && r.w2 <= 0 {
			continue
		}
		cands, open := s.open(i)
		if !open || len(cands) < 2 {
			continue
		}
		if k := slices.IndexFunc(cands, s.needless); k >= 0 {
			cands = cands[k : k+1]
		}
		if postponed >= 0 {
			cands = s.filter(cands, modeChooseNoReorder)
			if len(cands) > 1 {
				if postponed == 0 {
					postponed = i
				}
				continue
			}
		}
		if level = s.choose(level, cands, i); level < start {
			return level
		}
		n, count = 0, int32(len(s.rules))
	}
}

// minimise goes back to the last choice whose other candidate came in later
// anyway, or was recommended but not possible, and takes that one.
func (s *solver) minimise() (int32, bool) {
	s.updateWishes()
	at, pick := -1, -1
	for b := len(s.branches) - 1; b >= 0; b-- {
		br := &s.branches[b]
		wanted := -1
		for i, p := range br.cands {
			if p <= 0 {
				continue
			}
			if s.level[p] > br.level {
				at, pick, wanted = b, i, -1
				break
			}
			if wanted < 0 && (s.wished.recommended[p] || s.supplementing(p)) {
				wanted = i
			}
		}
		if wanted >= 0 && s.insteadOf(br) {
			at, pick = b, wanted
		}
	}
	if at < 0 {
		return 0, false
	}
	return s.takeBranch(at, pick), true
}

// insteadOf reports whether the present choice of a branch is one that a
// recommended candidate should replace.
func (s *solver) insteadOf(br *branch) bool {
	for _, c := range br.cands {
		p := -c
		if p <= 0 || s.level[p] != br.level+1 || s.replacesInstalled(p) {
			continue
		}
		if !s.wished.recommended[p] && !s.supplementing(p) {
			return true
		}
	}
	return false
}

// takeBranch goes back to a branch and takes candidate pick.
func (s *solver) takeBranch(at, pick int) int32 {
	br := s.branches[at]
	p := br.cands[pick]
	br.cands[pick] = -p
	s.branches = s.branches[:at]
	s.revert(br.level)
	s.branches = append(s.branches, br)
	if br.weak.by != 0 {
		s.weakBy[p] = br.weak
	}
	return s.install(br.level, p, br.rule)
}
