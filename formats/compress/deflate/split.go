package deflate

// split decides where a block ends: it classifies what was emitted into a few
// kinds and ends the block when the recent mix differs from that of the block.
type split struct {
	recent, block           [kinds]uint32
	recentCount, blockCount uint32
}

const (
	kinds       = 10      // eight of literals, short and long matches
	checkEvery  = 512     // tokens
	shortBlock  = 10_000  // bytes; no shorter blocks are made
	longBlock   = 300_000 // bytes; about the longest that is made
	blockTokens = 1 << 16
)

func (s *split) reset() { *s = split{} }

func (s *split) literal(b byte) {
	s.recent[b>>5&6|b&1]++
	s.recentCount++
}

func (s *split) match(length int) {
	kind := 8
	if length >= 9 {
		kind = 9
	}
	s.recent[kind]++
	s.recentCount++
}

// endBlock tells whether the block, size bytes long with rest to come, should
// end here.
func (s *split) endBlock(size, rest int) bool {
	if size >= longBlock {
		return rest >= shortBlock
	}
	if s.recentCount < checkEvery || size < shortBlock || rest < shortBlock {
		return false
	}
	if s.blockCount > 0 && s.changed(size) {
		return true
	}
	for i := range s.recent {
		s.block[i] += s.recent[i]
		s.recent[i] = 0
	}
	s.blockCount += s.recentCount
	s.recentCount = 0
	return false
}

// changed compares the recent mix with the block's. Long blocks end more easily.
func (s *split) changed(size int) bool {
	var total uint32
	for i := range s.recent {
		expected := s.block[i] * s.recentCount
		actual := s.recent[i] * s.blockCount
		total += max(expected, actual) - min(expected, actual)
	}
	items := s.blockCount + s.recentCount
	limit := s.recentCount * 200 / 512 * s.blockCount
	bonus := uint32(size/4096) * s.blockCount
	if items < 1000 {
		limit += limit / 4
	}
	return total+bonus >= limit
}
