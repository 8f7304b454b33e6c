package lzma2

import "math"

// dull guesses whether the next chunk's worth of data is compressed already, so
// that looking for matches is a waste: its bytes are spread evenly and none of
// the sampled strings has been seen.
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

// seen looks whether strings of the data occurred before.
func (e *Encoder) seen(at int) bool {
	hits := 0
	for i := at; i < at+chunkStored; i += 16 {
		m := e.hash4[hash(load32(e.in, i), hash4Bits)]
		if cur := uint32(i) + e.base; cur-m < window && extend(e.in, int(m-e.base), i, 0, min(8, len(e.in)-i)) >= 8 {
			hits++
		}
	}
	return hits > 8
}
