// Package deflate compresses whole buffers into raw deflate streams (RFC 1951).
//
// It stands between klauspost/compress, which is faster and packs some five per
// cent less well, and zlib's level 6, which it undercuts in size at less than
// half the time: hash chains of four-byte sequences with a look-aside table for
// three bytes, lazy matching that weighs distances, and blocks that end where the
// statistics of the data change. The result depends on the arguments alone.
package deflate

// The limits of the format.
const (
	window   = 1 << 15
	minMatch = 3
	maxMatch = 258

	// lazyMax is the length from which a match is taken without trying the
	// next position.
	lazyMax = 12

	// dullRun is the number of literals in a row after which bytes are passed
	// over without a search: one, after twice as many two, up to dullMost.
	dullRun  = 128
	dullMost = 8
)

// Level is the effort of the search; the zero value packs nothing.
type Level struct {
	Depth int // candidates looked at for each position
	Nice  int // length at which a match is taken without looking further
}

// The levels in use.
var (
	Stored = Level{}
	Fast   = Level{Depth: 4, Nice: 16}
	Normal = Level{Depth: 18, Nice: 64}
)

// End says what closes a stream.
type End int

const (
	// Final marks the last block: the stream is complete.
	Final End = iota
	// Sync ends with an empty stored block, so that the output is whole bytes
	// and another stream can follow (zlib's Z_SYNC_FLUSH).
	Sync
)

// Encoder holds the tables of one compressor. It is not safe for concurrent use;
// the zero value is ready.
type Encoder struct {
	matcher
	level  Level
	tokens []uint32
	stats  split
	block  block
}

// Encode appends the deflated form of in[start:] to dst. What stands before
// start, up to 32 KiB, serves as dictionary.
func (e *Encoder) Encode(dst, in []byte, start int, level Level, end End) []byte {
	if level == Stored {
		w := bitWriter{out: dst}
		w.stored(in[start:], end == Final)
		return w.close()
	}
	e.level = level
	in = in[max(0, start-window):]
	start = min(start, window)
	e.reset(len(in))
	e.skip(in, 0, start)
	w := bitWriter{out: dst}
	for start < len(in) {
		next := e.parse(in, start)
		e.block.write(&w, in[start:next], e.tokens, end == Final && next == len(in))
		start = next
	}
	if end == Sync || len(in) == 0 || w.empty(dst) {
		w.stored(nil, end == Final)
	}
	return w.close()
}

// A token is a literal byte, or a length (less minMatch) in the bits from 8 to 15
// and a distance above them.
func matchToken(length, distance int) uint32 {
	return uint32(distance)<<8 | uint32(length-minMatch)
}

// parse fills tokens with one block beginning at start and returns its end.
func (e *Encoder) parse(in []byte, start int) int {
	e.tokens = e.tokens[:0]
	e.stats.reset()
	shortest := shortestUseful(in[start:min(start+4096, len(in))])
	at, run := start, 0 // literals in a row
	for at < len(in) && !e.stats.endBlock(at-start, len(in)-at) {
		length, dist := e.find(in, at, shortest-1, e.level.Depth, e.level.Nice)
		if length < shortest || (length == minMatch && dist > 8192) {
			run++
			n := 1 + min(run/dullRun, dullMost, len(in)-at-1)
			e.literals(in[at : at+n])
			at += n
			continue
		}
		run = 0
		at = e.lazy(in, at, length, dist)
	}
	return at
}

// lazy takes a match unless one beginning at the next byte is better; it returns
// where to go on.
func (e *Encoder) lazy(in []byte, at, length, dist int) int {
	for length < lazyMax && at+1 < len(in) {
		next, nextDist := e.find(in, at+1, length-1, e.level.Depth>>1, e.level.Nice)
		if next < length || 4*(next-length)+log2(dist)-log2(nextDist) <= 2 {
			e.match(length, dist)
			e.skip(in, at+2, at+length)
			return at + length
		}
		e.literal(in[at])
		at, length, dist = at+1, next, nextDist
	}
	e.match(length, dist)
	e.skip(in, at+1, at+length)
	return at + length
}

func (e *Encoder) literal(b byte) {
	e.tokens = append(e.tokens, uint32(b))
	e.stats.literal(b)
}

func (e *Encoder) literals(list []byte) {
	for _, b := range list {
		e.literal(b)
	}
}

func (e *Encoder) match(length, dist int) {
	e.tokens = append(e.tokens, matchToken(length, dist))
	e.stats.match(length)
}

// shortestUseful guesses the shortest match worth taking from the number of
// different bytes: the fewer, the cheaper literals are.
func shortestUseful(sample []byte) int {
	var seen [256]bool
	used := 0
	for _, b := range sample {
		if !seen[b] {
			seen[b] = true
			used++
		}
	}
	for _, step := range [...]struct{ below, length int }{{6, 9}, {8, 8}, {10, 7}, {16, 6}, {45, 5}, {80, 4}} {
		if used < step.below {
			return step.length
		}
	}
	return minMatch
}
