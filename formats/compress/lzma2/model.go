package lzma2

// The model of LZMA with lc=3, lp=0, pb=2, which are xz's defaults (LZMA
// specification, "The main loop of decoder").
const (
	lc        = 3
	pb        = 2
	posStates = 1 << pb
	posMask   = posStates - 1
	propsByte = (pb*5+0)*9 + lc

	states     = 12
	minLen     = 2
	maxLen     = 273
	lenSymbols = maxLen - minLen + 1

	lenStates  = 4
	slots      = 64
	endModel   = 14 // first slot whose middle bits are direct
	fullDists  = 1 << (endModel / 2)
	alignBits  = 4
	alignSize  = 1 << alignBits
	literalSet = 0x300
)

// lengths is the model of match lengths.
type lengths struct {
	choice, choice2 prob
	low, mid        [posStates][8]prob
	high            [256]prob
}

// model holds all probabilities.
type model struct {
	literal  [1 << lc][literalSet]prob
	match    [states][posStates]prob
	rep      [states]prob
	rep0     [states]prob
	rep0Long [states][posStates]prob
	rep1     [states]prob
	rep2     [states]prob
	slot     [lenStates][slots]prob
	special  [fullDists]prob
	align    [alignSize]prob
	lens     lengths
	repLens  lengths
}

func fill(p []prob) {
	for i := range p {
		p[i] = probInit
	}
}

func (l *lengths) reset() {
	l.choice, l.choice2 = probInit, probInit
	for i := range posStates {
		fill(l.low[i][:])
		fill(l.mid[i][:])
	}
	fill(l.high[:])
}

func (m *model) reset() {
	for i := range m.literal {
		fill(m.literal[i][:])
	}
	for i := range states {
		fill(m.match[i][:])
		fill(m.rep0Long[i][:])
	}
	for _, p := range [][]prob{m.rep[:], m.rep0[:], m.rep1[:], m.rep2[:], m.special[:], m.align[:]} {
		fill(p)
	}
	for i := range m.slot {
		fill(m.slot[i][:])
	}
	m.lens.reset()
	m.repLens.reset()
}

// The state after each kind of symbol.
func afterLiteral(s uint8) uint8 {
	switch {
	case s < 4:
		return 0
	case s < 10:
		return s - 3
	}
	return s - 6
}

func afterMatch(s uint8) uint8 { return after(s, 7, 10) }
func afterRep(s uint8) uint8   { return after(s, 8, 11) }
func afterShort(s uint8) uint8 { return after(s, 9, 11) }

func after(s, literal, other uint8) uint8 {
	if s < 7 {
		return literal
	}
	return other
}

func lenState(length int) int { return min(length-minLen, lenStates-1) }

// slotOf returns the slot of a distance (less one).
func slotOf(dist uint32) uint32 {
	if dist < 4 {
		return dist
	}
	n := log2(dist)
	return n<<1 | dist>>(n-1)&1
}
