package solve

import "github.com/fimg/fimg/repo/pool"

// notObsoleted drops candidates that another candidate of a different name
// obsoletes. Of packages that obsolete each other in a circle, all that are in
// the circle of the first one stay.
func (s *solver) notObsoleted(list []lit) []lit {
	t := tarjan{s: s, list: list, low: make([]int, len(list)), index: 1}
	for i := range list {
		if t.low[i] != 0 {
			continue
		}
		t.first = t.index
		if s.u.HasDeps(list[i], pool.Obsoletes) {
			t.stack = t.stack[:0]
			t.visit(i)
		} else {
			t.low[i] = t.index
			t.index++
		}
	}
	out := make([]lit, 0, len(list))
	for i, p := range list {
		if t.low[i] >= 0 {
			out = append(out, p)
		}
	}
	return out
}

// tarjan finds the circles among obsoletes. low is zero for what has not been
// visited, minus one for what is obsoleted, else the number of its circle.
type tarjan struct {
	s     *solver
	list  []lit
	low   []int
	stack []int
	index int
	first int // number of the circle that the present search started with
}

func (t *tarjan) visit(node int) {
	mine, start := t.index, len(t.stack)
	t.low[node] = mine
	t.index++
	t.stack = append(t.stack, node)
	for i, q := range t.list {
		if i == node || !t.s.obsoletesOther(t.list[node], q) {
			continue
		}
		if t.low[i] == 0 {
			if !t.s.u.HasDeps(q, pool.Obsoletes) {
				t.index++
				t.low[i] = -1
				continue
			}
			t.visit(i)
		}
		switch l := t.low[i]; {
		case l < 0:
		case l < t.first:
			t.drop(l)
		case l < t.low[node]:
			t.low[node] = l
		}
	}
	if t.low[node] != mine {
		return
	}
	if mine != t.first {
		mine = -1
	}
	for _, k := range t.stack[start:] {
		t.low[k] = mine
	}
	t.stack = t.stack[:start]
}

// drop marks an earlier circle as obsoleted.
func (t *tarjan) drop(circle int) {
	for i := range t.low {
		if t.low[i] == circle {
			t.low[i] = -1
		}
	}
}

// obsoletesOther reports whether p obsoletes q, of another name.
func (s *solver) obsoletesOther(p, q pool.ID) bool {
	return s.name(p) != s.name(q) && s.obsoletes(p, q)
}
