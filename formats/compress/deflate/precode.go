package deflate

// precode is the run-length form of a dynamic block's code lengths and the code
// it is written with (RFC 1951, 3.2.7).
type precode struct {
	lit, dist int // symbols transmitted
	items     []uint16
	width     [19]uint8
	code      [19]uint32
	freq      [19]uint32
	sort      []uint64
}

var precodeOrder = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// extraBits of the repeat symbols 16, 17 and 18.
func extraBits(sym uint16) uint {
	switch sym {
	case 16:
		return 2
	case 17:
		return 3
	case 18:
		return 7
	}
	return 0
}

func trim(widths []uint8, least int) int {
	n := len(widths)
	for n > least && widths[n-1] == 0 {
		n--
	}
	return n
}

// plan makes the items of the two lists of lengths: symbol | extra<<5.
func (p *precode) plan(lit, dist []uint8) {
	p.lit, p.dist = trim(lit, 257), trim(dist, 1)
	p.items = p.items[:0]
	p.freq = [19]uint32{}
	all := append(append(make([]uint8, 0, literals+distances), lit[:p.lit]...), dist[:p.dist]...)
	for at := 0; at < len(all); {
		run := 1
		for at+run < len(all) && all[at+run] == all[at] {
			run++
		}
		p.run(uint16(all[at]), run)
		at += run
	}
	p.sort = lengths(p.freq[:], p.width[:], 7, p.sort)
	codes(p.width[:], p.code[:])
}

func (p *precode) run(width uint16, n int) {
	if width == 0 {
		for n >= 11 {
			part := min(n, 138)
			p.add(18, part-11)
			n -= part
		}
		if n >= 3 {
			p.add(17, n-3)
			n = 0
		}
	} else {
		p.add(width, 0)
		n--
		for n >= 3 {
			part := min(n, 6)
			p.add(16, part-3)
			n -= part
		}
	}
	for ; n > 0; n-- {
		p.add(width, 0)
	}
}

func (p *precode) add(sym uint16, extra int) {
	p.items = append(p.items, sym|uint16(extra)<<5)
	p.freq[sym]++
}

func (p *precode) sent() int {
	n := len(precodeOrder)
	for n > 4 && p.width[precodeOrder[n-1]] == 0 {
		n--
	}
	return n
}

// cost is the size in bits of the block's header.
func (p *precode) cost() int {
	n := 3 + 14 + 3*p.sent()
	for _, item := range p.items {
		n += int(p.width[item&31]) + int(extraBits(item&31))
	}
	return n
}

func (p *precode) write(w *bitWriter) {
	w.put(uint32(p.lit-257), 5)
	w.put(uint32(p.dist-1), 5)
	sent := p.sent()
	w.put(uint32(sent-4), 4)
	for _, sym := range precodeOrder[:sent] {
		w.put(uint32(p.width[sym]), 3)
	}
	for _, item := range p.items {
		code := p.code[item&31]
		w.put(code>>8, uint(code&255))
		w.put(uint32(item>>5), extraBits(item&31))
	}
}
