package solve

import (
	"slices"

	"github.com/fimg/fimg/repo/pool"
)

// Removal is a request to take installed packages away.
type Removal struct {
	// Arguments are in the forms of Request.Install, applied to the installed
	// packages only. What matches nothing is no error.
	Arguments []string
	// Alone removes just these, whatever needs them, as "rpm --erase --nodeps"
	// does. Otherwise the packages that cannot do without them go as well.
	Alone bool
	// Clean also removes what was only needed by removed packages and was not
	// installed for its own sake, as "dnf autoremove" does.
	Clean bool
	// Wanted are the installed packages that were asked for, which Clean keeps.
	Wanted map[pool.ID]bool
}

// Remove returns the installed packages that go, dependents before what they
// depend on.
func Remove(u *pool.Universe, r Removal) []pool.ID {
	m := &matcher{u: u}
	e := &eraser{u: u, gone: map[pool.ID]bool{}}
	e.first, e.end = u.Installed()
	for _, arg := range r.Arguments {
		ids, _ := m.byNEVRA(arg)
		if len(ids) == 0 {
			ids = m.byProvide(arg)
		}
		if len(ids) == 0 && isFilePattern(arg) {
			ids = m.byFile(arg)
		}
		for _, id := range ids {
			if u.IsInstalled(id) {
				e.gone[id] = true
			}
		}
	}
	if !r.Alone {
		e.dependents()
		if r.Clean {
			e.clean(r.Wanted)
		}
	}
	return e.ordered()
}

// eraser is the state of one Remove.
type eraser struct {
	u          *pool.Universe
	first, end pool.ID
	gone       map[pool.ID]bool
}

func (e *eraser) stays(p pool.ID) bool { return p >= e.first && p < e.end && !e.gone[p] }

// dependents removes what requires something that is gone and was there before,
// until nothing is left that does.
func (e *eraser) dependents() {
	was := func(p pool.ID) bool { return e.u.IsInstalled(p) }
	for again := true; again; {
		again = false
		for p := e.first; p < e.end; p++ {
			if !e.gone[p] && e.u.List(p, pool.Requires).Any(func(d pool.Ref) bool {
				return !holds(e.u, d, e.stays) && holds(e.u, d, was)
			}) {
				e.gone[p] = true
				again = true
			}
		}
	}
}

// clean removes what the removed packages led to and nothing that stays does.
func (e *eraser) clean(wanted map[pool.ID]bool) {
	suspect := map[pool.ID]bool{}
	for p := e.first; p < e.end; p++ {
		if e.gone[p] {
			e.follow(p, func(q pool.ID) bool { return !e.gone[q] && !wanted[q] }, suspect)
		}
	}
	kept := map[pool.ID]bool{}
	inSuspect := func(q pool.ID) bool { return suspect[q] }
	for p := e.first; p < e.end; p++ {
		if !e.gone[p] && !suspect[p] {
			e.follow(p, inSuspect, kept)
		}
	}
	for again := true; again; {
		again = false
		sure := func(q pool.ID) bool { return e.stays(q) && (!suspect[q] || kept[q]) }
		for p := e.first; p < e.end; p++ {
			if suspect[p] && !kept[p] && e.u.List(p, pool.Supplements).Any(func(d pool.Ref) bool { return holds(e.u, d, sure) }) {
				kept[p], again = true, true
				e.follow(p, inSuspect, kept)
			}
		}
	}
	for p := range suspect {
		if !kept[p] {
			e.gone[p] = true
		}
	}
}

// follow collects the installed packages reached from p over what is required
// and recommended, as far as enter lets it.
func (e *eraser) follow(p pool.ID, enter func(pool.ID) bool, into map[pool.ID]bool) {
	stack := []pool.ID{p}
	for len(stack) > 0 {
		p := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		for _, kind := range []pool.Kind{pool.Requires, pool.Recommends} {
			for d := range e.u.List(p, kind).All() {
				for _, q := range e.u.Providers(d) {
					if e.u.IsInstalled(q) && !into[q] && enter(q) {
						into[q] = true
						stack = append(stack, q)
					}
				}
			}
		}
	}
}

// ordered lists what is gone, each package before those it requires.
func (e *eraser) ordered() []pool.ID {
	s := &solver{u: e.u, names: make([]nameInfo, e.u.End())}
	var items []Item
	for p := e.first; p < e.end; p++ {
		if e.gone[p] {
			items = append(items, Item{ID: p})
		}
	}
	var out []pool.ID
	for _, it := range s.ordered(items) {
		out = append(out, it.ID)
	}
	slices.Reverse(out)
	return out
}

// holds evaluates a dependency for the packages that in accepts.
func holds(u *pool.Universe, d pool.Ref, in func(pool.ID) bool) bool {
	if u.Rich(d) {
		op, _, _, a, b := u.Rel(d)
		bop, _, _, cond, other := u.Rel(b)
		hasElse := bop == pool.Else
		if !hasElse {
			cond = b
		}
		switch op {
		case pool.And:
			return holds(u, a, in) && holds(u, b, in)
		case pool.Or:
			return holds(u, a, in) || holds(u, b, in)
		case pool.If, pool.Unless:
			if holds(u, cond, in) == (op == pool.If) {
				return holds(u, a, in)
			}
			return hasElse && holds(u, other, in) || !hasElse && op == pool.If
		}
	}
	return slices.ContainsFunc(u.Providers(d), in)
}
