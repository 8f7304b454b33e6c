package lzma2

// none is the distance of a literal in a symbol.
const none = 1<<32 - 1

// symbol is a step of the parse: a literal, or a copy of length bytes from a
// distance (less one).
type symbol struct{ length, dist uint32 }

// coder turns symbols into bits.
type coder struct {
	model
	rc    rangeCoder
	state uint8
	reps  [4]uint32
}

func (c *coder) reset() {
	c.model.reset()
	c.state = 0
	c.reps = [4]uint32{}
}

// emit encodes the symbol at a position.
func (c *coder) emit(in []byte, at int, s symbol) {
	ps := at & posMask
	if s.dist == none || s.length == 1 && s.dist != c.reps[0] {
		c.rc.bit(&c.match[c.state][ps], 0)
		c.emitLiteral(in, at)
		return
	}
	c.rc.bit(&c.match[c.state][ps], 1)
	for i, d := range c.reps {
		if d == s.dist {
			c.emitRep(i, ps, s.length)
			return
		}
	}
	c.rc.bit(&c.rep[c.state], 0)
	c.emitLength(&c.lens, s.length, ps)
	c.emitDist(s.dist, lenState(int(s.length)))
	c.reps = [4]uint32{s.dist, c.reps[0], c.reps[1], c.reps[2]}
	c.state = afterMatch(c.state)
}

func literalContext(in []byte, at int) int {
	if at == 0 {
		return 0
	}
	return int(in[at-1] >> (8 - lc))
}

func (c *coder) emitLiteral(in []byte, at int) {
	probs := &c.literal[literalContext(in, at)]
	b := uint32(in[at])
	if c.state < 7 {
		c.rc.tree(probs[:0x100], 8, b)
	} else {
		offset, b, m := uint32(0x100), b|0x100, uint32(in[at-int(c.reps[0])-1])
		for b < 1<<16 {
			m <<= 1
			c.rc.bit(&probs[(offset+m&offset+b>>8)%literalSet], b>>7&1)
			b <<= 1
			offset &= ^(m ^ b)
		}
	}
	c.state = afterLiteral(c.state)
}

// emitRep encodes a copy from one of the four latest distances.
func (c *coder) emitRep(i, ps int, length uint32) {
	c.rc.bit(&c.rep[c.state], 1)
	if i == 0 {
		c.rc.bit(&c.rep0[c.state], 0)
		if length == 1 {
			c.rc.bit(&c.rep0Long[c.state][ps], 0)
			c.state = afterShort(c.state)
			return
		}
		c.rc.bit(&c.rep0Long[c.state][ps], 1)
	} else {
		c.rc.bit(&c.rep0[c.state], 1)
		c.rc.bit(&c.rep1[c.state], min(uint32(i)-1, 1))
		if i > 1 {
			c.rc.bit(&c.rep2[c.state], uint32(i)-2)
		}
		d := c.reps[i]
		copy(c.reps[1:i+1], c.reps[:i])
		c.reps[0] = d
	}
	c.emitLength(&c.repLens, length, ps)
	c.state = afterRep(c.state)
}

func (c *coder) emitLength(l *lengths, length uint32, ps int) {
	n := length - minLen
	switch {
	case n < 8:
		c.rc.bit(&l.choice, 0)
		c.rc.tree(l.low[ps][:], 3, n)
	case n < 16:
		c.rc.bit(&l.choice, 1)
		c.rc.bit(&l.choice2, 0)
		c.rc.tree(l.mid[ps][:], 3, n-8)
	default:
		c.rc.bit(&l.choice, 1)
		c.rc.bit(&l.choice2, 1)
		c.rc.tree(l.high[:], 8, n-16)
	}
}

func (c *coder) emitDist(dist uint32, ls int) {
	s := slotOf(dist)
	c.rc.tree(c.slot[ls][:], 6, s)
	if s < 4 {
		return
	}
	n := s>>1 - 1
	base := (2 | s&1) << n
	if s < endModel {
		c.rc.reverse(c.special[base-s:], uint(n), dist-base)
		return
	}
	c.rc.direct((dist-base)>>alignBits, uint(n-alignBits))
	c.rc.reverse(c.align[:], alignBits, dist&(alignSize-1))
}
