package order

import "slices"

// sorter collects the nodes, those without requirements first.
type sorter struct {
	*graph
	out []int
}

// queue is a list of nodes ready to go, those that most others require first.
// Its head is any pointer to a node, so that a queue may go on from one.
type queue struct {
	head **node
	tail **node
}

// run sorts the installations or the erasures.
func (s *sorter) run(erase bool) {
	var head, tail *node
	q := queue{&head, &tail}
	for i := range s.nodes {
		n := &s.nodes[i]
		if n.erase == erase && n.requires == 0 {
			n.after = nil
			s.add(n, q)
		}
	}
	for i := 2; i < len(s.loops); i++ {
		if l := &s.loops[i]; l.requires == 0 && l.members[0].erase == erase {
			s.add(l.members[0], q)
		}
	}
	for n := head; n != nil; n = n.after {
		if n.loop > 1 {
			s.collectLoop(n, &tail)
		} else {
			s.collect(n, queue{&n.after, &tail}, nil)
		}
	}
}

// add puts n into a queue.
func (s *sorter) add(n *node, q queue) {
	if *q.tail == nil {
		*q.head, *q.tail = n, n
		return
	}
	toEnd := n.color != 0 && (n.color != s.opts.PreferredColor) != n.erase
	var before *node
	at := *q.head
	for ; at != nil; before, at = at, at.after {
		if toEnd && n.color != at.color {
			continue
		}
		if at.required <= n.required {
			break
		}
	}
	n.after = at
	switch {
	case before == nil:
		*q.head = n
	case at == nil:
		before.after = n
		*q.tail = n
	default:
		before.after = n
	}
}

// collect puts n into the result and whatever it frees into a queue: the inner
// one, or, where n is in a loop that is being taken apart, nodes outside of it
// into the outer one.
func (s *sorter) collect(n *node, inner queue, outer *queue) {
	s.out = append(s.out, n.element)
	for _, r := range slices.Backward(n.later) {
		p := r.to
		if p.loop == 0 || p == n {
			continue
		}
		p.requires--
		if p.requires == 0 {
			if n.loop > 1 && n.loop != p.loop {
				s.add(p, *outer)
			} else {
				s.add(p, inner)
			}
		}
		if p.loop > 1 && p.loop != n.loop {
			s.loops[p.loop].requires--
			if s.loops[p.loop].requires == 0 {
				if outer != nil {
					s.add(p, *outer)
				} else {
					s.add(p, inner)
				}
			}
		}
	}
	n.loop = 0
}

// collectLoop takes a loop apart. Its members are started farthest from the
// prerequisites of scriptlets.
func (s *sorter) collectLoop(n *node, tail **node) {
	number := n.loop
	l := &s.loops[number]
	rest := n.after
	n.after = nil
	outer := queue{&rest, tail}
	l.distances(number)
	for {
		best := (*node)(nil)
		for _, m := range l.members {
			if m.loop != 0 && (best == nil || m.low >= best.low) {
				best = m
			}
		}
		if best == nil {
			break
		}
		var head, end *node
		s.add(best, queue{&head, &end})
		for m := head; m != nil; m = m.after {
			s.collect(m, queue{&m.after, &end}, &outer)
		}
	}
	n.after = rest
}
