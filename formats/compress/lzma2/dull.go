package lzma2

import "math"

// dull guesses whether the next chunk's worth of data is compressed already, so
// that looking for matches is a waste: its bytes are spread evenly and hardly
// any of the sampled strings has been seen.
func (e *Encoder) dull(at int) bool {
	if len(e.in)-at < chunkStored {
		return false
	}
	data := e.in[at : at+chunkStored]
	var count [256]int
	for _, b := range data {
		count[b]++
	}
	var bits float64
	for _, n := range count {
		if n > 0 {
			bits += float64(n) * math.Log2(float64(len(data))/float64(n))
		}
	}
	return bits > 7.985*chunkStored && !e.seen(at)
}

// seen looks whether the data repeats what occurred before. The strings it tries
// are an odd distance apart, so that a repetition at any offset meets positions
// that sample entered.
func (e *Encoder) seen(at int) bool {
	const apart, long, most = 61, 8, 8
	hits := 0
	for i := at; i < min(at+chunkStored, len(e.in)-long); i += apart {
		if e.reaches(i, long) {
			hits++
		}
	}

	return hits > most
}

// reaches tells whether some earlier position has so many bytes in common with
// this one, without entering it.
func (e *Encoder) reaches(at, long int) bool {
	cur := uint32(at) + e.base
	smallLen, largeLen := 0, 0
	m := e.hash4[hash(load32(e.in, at), hash4Bits)]
	for depth := 4 * e.depth; depth > 0 && cur-m-1 < window-lanes*sampleStep; depth-- {
		i := int(m - e.base)
		n := extend(e.in, i, at, min(smallLen, largeLen), long)
		if n >= long {
			return true
		}
		pair := m << 3 & sonsMask
		if e.in[i+n] < e.in[at+n] {
			smallLen, m = n, load32(e.sons[:], int(pair+4))
		} else {
			largeLen, m = n, load32(e.sons[:], int(pair))
		}
	}
	return false
}
