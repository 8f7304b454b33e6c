//go:build !amd64 || purego

package zstdblock

// encodeFives encodes the literals of two streams of which nothing is written yet.
func encodeFives(a, b *huffmanStream, literalsA, literalsB []byte, codes *[256]uint64) {
	fivesSlow(a, b, literalsA, literalsB, codes)
}

// encodeStates encodes all sequences but the last.
func (c *sequenceCoder) encodeStates(w *bitWriter, list []coded, states *[3]uint32) {
	c.statesSlow(w, list, states)
}

// encodeCodes is what codes does with counts of zero.
func (c *sequenceCoder) encodeCodes(list []uint64) int { return c.codesSlow(list) }
