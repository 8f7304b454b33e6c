package order

import (
	"math"
	"slices"
)

// tarjan is the state of Tarjan's search for strongly connected components.
// Depth indexes are negative until a node's component is known.
type tarjan struct {
	g     *graph
	index int
	stack []*node
}

// detectLoops finds the loops and gives each node its number.
func (g *graph) detectLoops() {
	t := tarjan{g: g}
	for i := range g.nodes {
		if g.nodes[i].loop == 0 {
			t.visit(&g.nodes[i])
		}
	}
}

func (t *tarjan) visit(n *node) {
	t.index--
	n.loop, n.low = t.index, t.index
	t.stack = append(t.stack, n)
	for _, r := range slices.Backward(n.later) {
		switch q := r.to; {
		case q.loop > 0: // in a component already
		case q.loop == 0:
			t.visit(q)
			n.low = max(n.low, q.low)
		default:
			n.low = max(n.low, q.loop)
		}
	}
	if n.low == n.loop {
		t.component(n)
	}
}

// component takes the component with root n from the stack.
func (t *tarjan) component(n *node) {
	at := len(t.stack) - 1
	if t.stack[at] == n {
		n.loop = 1
		t.stack = t.stack[:at]
		return
	}
	for t.stack[at] != n {
		at--
	}
	number := len(t.g.loops)
	l := loop{members: slices.Clone(t.stack[at:])}
	t.stack = t.stack[:at]
	if t.g.opts.RPM6 {
		slices.Reverse(l.members)
	}
	for _, m := range l.members {
		m.loop = number
	}
	for _, m := range l.members {
		l.requires += m.requires
		for _, r := range m.later {
			if r.to != m && r.to.loop == number {
				l.requires--
			}
		}
	}
	t.g.loops = append(t.g.loops, l)
}

// distances sets low of each member to how far it is from a scriptlet's
// prerequisite within the loop; the farthest is the safest place to start.
func (l *loop) distances(number int) {
	var queue, self []*node
	for _, m := range l.members {
		m.low = math.MaxInt32
		for _, r := range slices.Backward(m.earlier) {
			if !r.pre || r.to.loop != number {
				continue
			}
			if r.to != m {
				m.low = 0
				queue = append(queue, m)
			} else {
				m.low = math.MaxInt32 / 2
				self = append(self, m)
			}
			break
		}
	}
	if len(queue) == 0 {
		queue = self
	}
	for ; len(queue) > 0; queue = queue[1:] {
		for _, r := range slices.Backward(queue[0].earlier) {
			if q := r.to; q.loop == number && q.low > queue[0].low+1 {
				q.low = queue[0].low + 1
				queue = append(queue, q)
			}
		}
	}
}
