package solve

import (
	"slices"
	"strings"

	"github.com/fimg/fimg/fault"
)

// problem is a set of rules that contradict each other.
type problem struct{ rules []int32 }

// Unsolvable says that no set of packages fulfils the jobs.
type Unsolvable struct {
	// Facts are sentences that contradict each other. None can be left out: without
	// it the others could all be true.
	Facts []string
}

func (e *Unsolvable) Error() string {
	return "resolve packages: these facts contradict each other:\n  - " + strings.Join(e.Facts, "\n  - ")
}

// FaultClass is fault.Unsolvable.
func (e *Unsolvable) FaultClass() fault.Class { return fault.Unsolvable }

// explain turns the first recorded problem into an error.
func (s *solver) explain() error {
	e := &Unsolvable{}
	if len(s.problems) == 0 {
		return e
	}
	rules := s.minimal(s.problems[0].rules)
	for _, i := range s.inOrder(rules) {
		if f := s.fact(i); f != "" && !slices.Contains(e.Facts, f) {
			e.Facts = append(e.Facts, f)
		}
	}
	return e
}

// inOrder puts the rules of requests first and then follows the dependencies
// from there.
func (s *solver) inOrder(rules []int32) (out []int32) {
	rest := slices.Clone(rules)
	take := func(want func(int32) bool) (found bool) {
		rest = slices.DeleteFunc(rest, func(i int32) bool {
			if !want(i) {
				return false
			}
			out, found = append(out, i), true
			return true
		})
		return found
	}
	take(func(i int32) bool { return s.job.has(i) })
	take(func(i int32) bool { return !s.pkg.has(i) })
	named := map[lit]bool{}
	for len(rest) > 0 {
		for _, i := range out {
			s.rules[i].literals(func(l lit) bool { named[l] = true; return true })
		}
		if !take(func(i int32) bool { return named[-s.rules[i].p] }) {
			out = append(out, rest...)
			break
		}
	}
	return out
}

// maxMinimised bounds the number of rules of a problem that is made minimal.
const maxMinimised = 600

// minimal leaves out rules as long as the others still contradict each other.
func (s *solver) minimal(rules []int32) []int32 {
	if len(rules) > maxMinimised {
		return rules
	}
	for k := len(rules) - 1; k >= 0; k-- {
		fewer := slices.Concat(rules[:k], rules[k+1:])
		if s.contradict(fewer) {
			rules = fewer
		}
	}
	return rules
}

// contradict reports whether the rules cannot all hold.
func (s *solver) contradict(rules []int32) bool {
	c := checker{s: s, rules: rules, value: map[lit]bool{1: true}, budget: 2000}
	return !c.satisfiable()
}

// checker looks for values under which some rules hold.
type checker struct {
	s      *solver
	rules  []int32
	value  map[lit]bool // by package
	budget int          // guesses left; without any the rules count as satisfiable
}

// satisfiable propagates and then guesses one literal of an open rule.
func (c *checker) satisfiable() bool {
	var set []lit
	undo := func() {
		for _, p := range set {
			delete(c.value, p)
		}
	}
	for {
		unit, guess, ok := c.next()
		if !ok {
			undo()
			return false
		}
		if unit != 0 {
			c.value[abs(unit)] = unit > 0
			set = append(set, abs(unit))
			continue
		}
		if guess == 0 {
			undo()
			return true
		}
		if c.budget--; c.budget < 0 {
			undo()
			return true
		}
		for _, l := range []lit{guess, -guess} {
			c.value[abs(l)] = l > 0
			if c.satisfiable() {
				delete(c.value, abs(l))
				undo()
				return true
			}
			delete(c.value, abs(l))
		}
		undo()
		return false
	}
}

// next finds a literal that must be true, else one that may be; ok is false when
// a rule is broken.
func (c *checker) next() (unit, guess lit, ok bool) {
	for _, i := range c.rules {
		var open lit
		count, done := 0, false
		c.s.rules[i].literals(func(l lit) bool {
			v, known := c.value[abs(l)]
			if !known {
				count, open = count+1, l
			}
			done = known && v == (l > 0)
			return !done
		})
		switch {
		case done:
		case count == 0:
			return 0, 0, false
		case count == 1:
			return open, 0, true
		default:
			guess = open
		}
	}
	return 0, guess, true
}
