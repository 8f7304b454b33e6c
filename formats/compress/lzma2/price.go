package lzma2

// priceList caches the prices of lengths and distances; it is refreshed now and
// then as the probabilities move.
type priceList struct {
	lens    [posStates][lenSymbols]uint32
	repLens [posStates][lenSymbols]uint32
	slot    [lenStates][slots]uint32
	short   [lenStates][fullDists]uint32
	align   [alignSize]uint32
}

func (p *priceList) refresh(m *model) {
	lenPrices(&p.lens, &m.lens)
	lenPrices(&p.repLens, &m.repLens)
	for ls := range lenStates {
		for s := range uint32(slots) {
			p.slot[ls][s] = treePrice(m.slot[ls][:], 6, s)
			if s >= endModel {
				p.slot[ls][s] += (s>>1 - 1 - alignBits) << priceUnit
			}
		}
		for d := range uint32(fullDists) {
			s := slotOf(d)
			p.short[ls][d] = p.slot[ls][s]
			if s >= 4 {
				n := s>>1 - 1
				base := (2 | s&1) << n
				p.short[ls][d] += reversePrice(m.special[base-s:], uint(n), d-base)
			}
		}
	}
	for i := range p.align {
		p.align[i] = reversePrice(m.align[:], alignBits, uint32(i))
	}
}

func lenPrices(out *[posStates][lenSymbols]uint32, l *lengths) {
	var high [256]uint32
	top := price1(l.choice) + price1(l.choice2)
	for i := range high {
		high[i] = top + treePrice(l.high[:], 8, uint32(i))
	}
	for ps := range posStates {
		for i := range uint32(8) {
			out[ps][i] = price0(l.choice) + treePrice(l.low[ps][:], 3, i)
			out[ps][8+i] = price1(l.choice) + price0(l.choice2) + treePrice(l.mid[ps][:], 3, i)
		}
		copy(out[ps][16:], high[:])
	}
}

// dist is the price of a distance (less one) for a length state.
func (p *priceList) dist(dist uint32, ls int) uint32 {
	if dist < fullDists {
		return p.short[ls][dist]
	}
	return p.slot[ls][slotOf(dist)] + p.align[dist&(alignSize-1)]
}
