package lzma2

// spread offers every way that begins at node i, which is at a position with the
// given matches.
func (p *parser) spread(c *coder, at, i int, found []match) {
	n := &p.nodes[i]
	ps := at & posMask
	isMatch := c.match[n.state][ps]
	isRep := c.rep[n.state]
	matchCost := n.price + price1(isMatch)
	repCost := matchCost + price1(isRep)
	limit := min(maxLen, len(p.in)-at)

	p.spreadLiteral(c, at, i, n.price+price0(isMatch), repCost)
	if limit < minLen {
		return
	}
	longest := 0
	for r, d := range n.reps {
		length := p.length(at, d, limit)
		if length < minLen {
			continue
		}
		longest = max(longest, length)
		p.spreadRep(c, at, i, r, length, limit, repCost+repPrice(c, r, n.state, ps))
	}
	if len(found) > 0 {
		p.spreadMatches(c, at, i, found, max(longest, 1), limit, matchCost+price0(isRep))
	}
}

// repPrice is the price of saying which of the latest distances is meant, for
// lengths above one.
func repPrice(c *coder, r int, state uint8, ps int) uint32 {
	if r == 0 {
		return price0(c.rep0[state]) + price1(c.rep0Long[state][ps])
	}
	cost := price1(c.rep0[state])
	if r == 1 {
		return cost + price0(c.rep1[state])
	}
	return cost + price1(c.rep1[state]) + price(c.rep2[state], uint32(r)-2)
}

// spreadLiteral offers the literal, the single byte from rep 0, and the literal
// followed by a copy from rep 0.
func (p *parser) spreadLiteral(c *coder, at, i int, cost, repCost uint32) {
	n := &p.nodes[i]
	ps := at & posMask
	b := p.in[at]
	before := at - int(n.reps[0]) - 1
	same := before >= 0 && p.in[before] == b
	cost += p.literalPrice(c, at, n.state, before)
	p.reach(i+1, cost, node{from: uint16(i), dist: none})
	if same {
		short := repCost + price0(c.rep0[n.state]) + price0(c.rep0Long[n.state][ps])
		p.reach(i+1, short, node{from: uint16(i), dist: n.reps[0]})
		return
	}
	if before < 0 {
		return
	}
	if limit := min(p.nice, len(p.in)-at-1); limit >= minLen {
		if length := p.length(at+1, n.reps[0], limit); length >= minLen {
			state := afterLiteral(n.state)
			cost += p.rep0Price(c, state, at+1, length)
			p.reach(i+1+length, cost, node{from: uint16(i), mix: true, dist: n.reps[0]})
		}
	}
}

// rep0Price is the price of a copy from rep 0 in a state.
func (p *parser) rep0Price(c *coder, state uint8, at, length int) uint32 {
	ps := at & posMask
	return price1(c.match[state][ps]) + price1(c.rep[state]) + price0(c.rep0[state]) +
		price1(c.rep0Long[state][ps]) + p.prices.repLens[ps][length-minLen]
}

func (p *parser) literalPrice(c *coder, at int, state uint8, before int) uint32 {
	probs := &c.literal[literalContext(p.in, at)]
	b := uint32(p.in[at]) | 0x100
	var sum uint32
	if state < 7 || before < 0 {
		for b > 1 {
			sum += price(probs[b>>1&0xff], b&1)
			b >>= 1
		}
		return sum
	}
	offset, m := uint32(0x100), uint32(p.in[before])
	for b < 1<<16 {
		m <<= 1
		sum += price(probs[(offset+m&offset+b>>8)%literalSet], b>>7&1)
		b <<= 1
		offset &= ^(m ^ b)
	}
	return sum
}

// spreadRep offers the copies from one of the latest distances.
func (p *parser) spreadRep(c *coder, at, i, r, length, limit int, cost uint32) {
	n := &p.nodes[i]
	dist := n.reps[r]
	lens := &p.prices.repLens[at&posMask]
	p.grow(i + length)
	for l := length; l >= minLen; l-- {
		if t, total := &p.nodes[i+l], cost+lens[l-minLen]; total < t.price {
			t.price, t.from, t.mix, t.dist = total, uint16(i), false, dist
		}
	}
	p.spreadMix(c, at, i, length, dist, afterRep(n.state), limit, cost+lens[length-minLen])
}

// grow makes nodes up to one available.
func (p *parser) grow(to int) {
	for p.end < to {
		p.end++
		p.nodes[p.end].price = infinity
	}
}

// spreadMix offers a copy followed by a literal and a copy from the same
// distance. State is that after the first copy, cost its price.
func (p *parser) spreadMix(c *coder, at, i, length int, dist uint32, state uint8, limit int, cost uint32) {
	rest := min(limit-length-1, p.nice)
	if rest < minLen {
		return
	}
	next := at + length + 1
	more := p.length(next, dist, rest)
	if more < minLen {
		return
	}
	ps := (next - 1) & posMask
	cost += price0(c.match[state][ps]) + p.literalPrice(c, next-1, state, next-1-int(dist)-1)
	cost += p.rep0Price(c, afterLiteral(state), next, more)
	p.reach(i+length+1+more, cost, node{from: uint16(i), first: uint16(length), mix: true, dist: dist})
}

// spreadMatches offers the copies that matches allow beyond what the latest
// distances give.
func (p *parser) spreadMatches(c *coder, at, i int, found []match, shortest, limit int, cost uint32) {
	n := &p.nodes[i]
	lens := &p.prices.lens[at&posMask]
	p.grow(i + int(found[len(found)-1].length))
	l := shortest + 1
	for _, m := range found {
		for ; l <= int(m.length); l++ {
			total := cost + lens[l-minLen] + p.prices.dist(m.dist, lenState(l))
			if t := &p.nodes[i+l]; total < t.price {
				t.price, t.from, t.mix, t.dist = total, uint16(i), false, m.dist
			}
			if l == int(m.length) {
				p.spreadMix(c, at, i, l, m.dist, afterMatch(n.state), limit, total)
			}
		}
	}
}
