package solve

import (
	"slices"

	"github.com/fimg/fimg/repo/pool"
)

// seeds enters the packages that cannot stay into the search, and returns those
// among them that did not come for another one that cannot stay either: these are
// in need of what is erased, and not needless. So are all that were wanted.
func (n *needless) seeds() (out []pool.ID) {
	given := n.s.clean.given
	heads := n.heads(given)
	for i, p := range given {
		if heads[i] || n.fixed[p] {
			out = append(out, p)
		}
	}
	for _, p := range given {
		n.given[p], n.fixed[p] = true, false
		n.queue = append(n.queue, p)
	}
	return out
}

// heads marks the packages that none of the others leads to, but for those that
// it leads to itself: first by all dependencies, then by weak ones alone.
func (n *needless) heads(list []pool.ID) []bool {
	hard, weak := n.edges(list)
	all := make([][]int, len(list))
	for i := range list {
		all[i] = slices.Concat(hard[i], weak[i])
	}
	is := make([]bool, len(list))
	for i := range is {
		is[i] = true
	}
	pruneLed(all, is)
	pruneLed(weak, is)
	return is
}

// edges lists for each package the others that it alone leads to. As in libsolv a
// recommendation does not count after a requirement of the same package.
func (n *needless) edges(list []pool.ID) (hard, weak [][]int) {
	s, at := n.s, make(map[pool.ID]int, len(list))
	for i, p := range list {
		at[p] = i
	}
	hard, weak = make([][]int, len(list)), make([][]int, len(list))
	for i, p := range list {
		last := -1
		to := func(d pool.Ref, edges []int) []int {
			n.onlyOne(p, d, func(q pool.ID) {
				if j, ok := at[q]; ok && j != last {
					edges, last = append(edges, j), j
				}
			})
			return edges
		}
		for d := range s.u.List(p, pool.Requires).All() {
			hard[i] = to(d, hard[i])
		}
		for d := range s.u.List(p, pool.Recommends).All() {
			weak[i] = to(d, weak[i])
		}
	}
	for i, p := range list {
		for d := range s.u.List(p, pool.Supplements).All() {
			named := n.named(d)
			if !n.possible(d, s.ours) || len(named) != 1 {
				continue
			}
			if j, ok := at[named[0]]; ok && j != i {
				weak[j] = append(weak[j], i)
			}
		}
	}
	return hard, weak
}

// onlyOne visits the one other installed package that satisfies a dependency of p,
// or those of a rich one.
func (n *needless) onlyOne(p pool.ID, d pool.Ref, visit func(pool.ID)) {
	s := n.s
	if s.complex(d) {
		list, _ := s.normalize(d, false)
		for _, block := range list {
			n.visitBlock(p, block, func(q pool.ID) {
				if q != p {
					visit(q)
				}
			}, false)
		}
		return
	}
	var found []pool.ID
	for _, q := range s.u.Providers(d) {
		if q != p && s.installed(q) {
			found = append(found, q)
		}
	}
	if len(found) == 1 {
		visit(found[0])
	}
}

// pruneLed takes out what others lead to that it does not lead back to.
func pruneLed(edges [][]int, is []bool) {
	circle := circles(edges, is)
	led := make([]bool, len(edges))
	for i, list := range edges {
		for _, j := range list {
			if is[i] && is[j] && circle[i] != circle[j] {
				led[circle[j]] = true
			}
		}
	}
	for i := range is {
		is[i] = is[i] && !led[circle[i]]
	}
}

// circles gives nodes that lead to each other the same number: that of the one which
// was met first (Tarjan's algorithm).
func circles(edges [][]int, is []bool) []int {
	type frame struct{ node, next int }
	count := 0
	met, low, circle := make([]int, len(edges)), make([]int, len(edges)), make([]int, len(edges))
	var open []int // met, and not yet in a circle
	for start := range edges {
		if !is[start] || met[start] > 0 {
			continue
		}
		for path := []frame{{start, 0}}; len(path) > 0; {
			f := &path[len(path)-1]
			i := f.node
			if f.next == 0 && met[i] == 0 {
				count++
				met[i], low[i], circle[i] = count, count, -1
				open = append(open, i)
			}
			if f.next < len(edges[i]) {
				j := edges[i][f.next]
				f.next++
				if is[j] && met[j] == 0 {
					path = append(path, frame{j, 0})
				} else if is[j] && circle[j] < 0 {
					low[i] = min(low[i], met[j])
				}
				continue
			}
			if low[i] == met[i] {
				for j := -1; j != i; open = open[:len(open)-1] {
					j = open[len(open)-1]
					circle[j] = i
				}
			}
			if path = path[:len(path)-1]; len(path) > 0 {
				up := path[len(path)-1].node
				low[up] = min(low[up], low[i])
			}
		}
	}
	return circle
}
