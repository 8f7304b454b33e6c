package lzma2

import "slices"

const (
	segment  = 1 << 11 // positions looked at together
	infinity = 1 << 30
)

// node is the cheapest known way to a position of the segment.
type node struct {
	price uint32
	from  uint16 // the node it comes from
	first uint16 // length of the first copy of a combined step
	mix   bool   // combined: first copy (if any), a literal, a copy from rep 0
	state uint8
	dist  uint32 // of the (first) copy, none for a literal
	reps  [4]uint32
}

// parser finds a cheap sequence of symbols by dynamic programming over the
// prices of the model, one segment at a time.
type parser struct {
	finder
	prices  priceList
	nodes   [segment + maxLen + 1]node
	end     int     // the last node reached
	next    []match // matches already found at the start of the next segment
	nextAt  int     // its position, -1 for none
	symbols []symbol
}

func (p *parser) reset(in []byte) {
	p.finder.reset(in)
	p.nextAt = -1
}

// matches returns the matches at a position; each position is asked for once,
// except the one a segment stopped at.
func (p *parser) matches(at int) []match {
	if at == p.nextAt {
		return p.next
	}
	return p.find(at)
}

// parse fills symbols with the steps of one segment beginning at a position.
func (p *parser) parse(c *coder, at int) {
	p.symbols = p.symbols[:0]
	found := p.matches(at)
	p.nextAt = -1
	if p.long(c, at, found) {
		return
	}
	p.end = 0
	p.nodes[0] = node{state: c.state, reps: c.reps}
	p.spread(c, at, 0, found)
	i := 1
	for ; i < p.end && i < segment; i++ {
		found = p.find(at + i)
		if len(found) > 0 && int(found[len(found)-1].length) >= p.nice {
			p.next, p.nextAt = found, at+i
			break
		}
		p.arrive(i)
		p.spread(c, at+i, i, found)
	}
	p.trace(min(i, p.end))
}

// long takes a copy of at least nice bytes at once.
func (p *parser) long(c *coder, at int, found []match) bool {
	limit := min(maxLen, len(p.in)-at)
	best := symbol{}
	for _, d := range c.reps {
		if n := p.length(at, d, limit); n >= p.nice && n > int(best.length) {
			best = symbol{uint32(n), d}
		}
	}
	if best.length == 0 && len(found) > 0 {
		if m := found[len(found)-1]; int(m.length) >= p.nice {
			best = symbol{uint32(extend(p.in, at-int(m.dist)-1, at, int(m.length), limit)), m.dist}
		}
	}
	if best.length == 0 {
		return false
	}
	p.symbols = append(p.symbols, best)
	p.pass(at+1, int(best.length)-1)
	return true
}

// pass goes over positions inside a long copy. What lies in the middle of a very
// long one is a repetition that its first occurrence stands for.
func (p *parser) pass(at, n int) {
	if n > 2*passEdge {
		p.skip(at, passEdge)
		at, n = at+n-passEdge, passEdge
	}
	p.skip(at, n)
}

// length returns how many bytes at a position repeat those at a distance.
func (p *parser) length(at int, dist uint32, limit int) int {
	i := at - int(dist) - 1
	if i < 0 || limit < 2 || load16(p.in, i) != load16(p.in, at) {
		return 0
	}
	return extend(p.in, i, at, 2, limit)
}

// arrive computes state and latest distances at a node from those where its
// cheapest way comes from.
func (p *parser) arrive(i int) {
	n := &p.nodes[i]
	f := &p.nodes[n.from]
	state, reps := f.state, f.reps
	length := i - int(n.from)
	if n.mix {
		if n.first > 0 {
			state, reps = step(state, reps, n.dist, int(n.first))
		}
		state = afterRep(afterLiteral(state))
	} else {
		state, reps = step(state, reps, n.dist, length)
	}
	n.state, n.reps = state, reps
}

// step is the state and the latest distances after one symbol.
func step(state uint8, reps [4]uint32, dist uint32, length int) (uint8, [4]uint32) {
	switch {
	case dist == none:
		return afterLiteral(state), reps
	case length == 1:
		return afterShort(state), reps
	}
	for i, d := range reps {
		if d == dist {
			copy(reps[1:i+1], reps[:i])
			reps[0] = dist
			return afterRep(state), reps
		}
	}
	return afterMatch(state), [4]uint32{dist, reps[0], reps[1], reps[2]}
}

// trace turns the way to node i into symbols.
func (p *parser) trace(i int) {
	for i > 0 {
		n := &p.nodes[i]
		f := &p.nodes[n.from]
		length := i - int(n.from)
		if n.mix {
			rep0 := f.reps[0]
			if n.first > 0 {
				rep0 = n.dist
			}
			p.symbols = append(p.symbols, symbol{uint32(length - int(n.first) - 1), rep0}, symbol{1, none})
			length = int(n.first)
		}
		if length > 0 {
			p.symbols = append(p.symbols, symbol{uint32(length), n.dist})
		}
		i = int(n.from)
	}
	slices.Reverse(p.symbols)
}

// reach offers a way to node to.
func (p *parser) reach(to int, price uint32, way node) {
	p.grow(to)
	if n := &p.nodes[to]; price < n.price {
		n.price, n.from, n.first, n.mix, n.dist = price, way.from, way.first, way.mix, way.dist
	}
}
