package sha256s

import (
	"cmp"
	"encoding/binary"
	"slices"

	"golang.org/x/sys/cpu"
)

// state is the value of a hash in the order the instructions want it:
// F, E, B, A and H, G, D, C.
type state [8]uint32

// initial is the first value (FIPS 180-4, 5.3.3).
var initial = state{
	0x9b05688c, 0x510e527f, 0xbb67ae85, 0x6a09e667,
	0x5be0cd19, 0x1f83d9ab, 0xa54ff53a, 0x3c6ef372,
}

// bytes returns the sum.
func (s *state) bytes() (out [Size]byte) {
	for i, at := range [8]int{3, 2, 7, 6, 1, 0, 5, 4} { // of A to H
		binary.BigEndian.PutUint32(out[4*i:], s[at])
	}
	return out
}

const block = 64

// blocks hashes n > 0 blocks from p into a and from q into b.
//
//go:noescape
func blocks(a, b *state, p, q *byte, n int)

// cpuid returns the registers EBX and ECX of the instruction of that name.
func cpuid(leaf, sub uint32) (ebx, ecx uint32)

// pairs tells whether the processor has the instructions.
func pairs() bool {
	if !cpu.X86.HasSSE41 || !cpu.X86.HasSSSE3 {
		return false
	}
	const sha = 1 << 29 // Intel SDM, CPUID leaf 7
	ebx, _ := cpuid(7, 0)
	return ebx&sha != 0
}

// lane is one of two messages at work.
type lane struct {
	state state
	at    int    // of the message; -1 where there is none
	rest  []byte // whole blocks still to be hashed
	tail  [2 * block]byte
	ends  int // blocks of the tail in use, zero when they are in rest
}

// start begins a message: what is behind its last whole block gets the padding
// and the length in bits (FIPS 180-4, 5.1.1).
func (l *lane) start(at int, m []byte) {
	l.state, l.at = initial, at
	whole := len(m) / block * block
	l.rest = m[:whole]
	clear(l.tail[:])
	n := copy(l.tail[:], m[whole:])
	l.tail[n] = 0x80
	l.ends = (n + 8 + block) / block
	binary.BigEndian.PutUint64(l.tail[l.ends*block-8:], uint64(len(m))*8)
	l.turn()
}

// turn goes on to the tail when the message is done.
func (l *lane) turn() {
	if len(l.rest) == 0 {
		l.rest, l.ends = l.tail[:l.ends*block], 0
	}
}

// sumPairs hashes the longest messages first, so that none is left alone for long.
func sumPairs(messages [][]byte, out [][Size]byte) {
	order := make([]int, len(messages))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(len(messages[b]), len(messages[a])) })
	next := func(l *lane) bool {
		if len(order) == 0 {
			l.at = -1
			return false
		}
		l.start(order[0], messages[order[0]])
		order = order[1:]
		return true
	}
	var a, b lane
	next(&a)
	next(&b)
	for a.at >= 0 || b.at >= 0 {
		step(&a, &b)
		for _, l := range []*lane{&a, &b} {
			if l.at >= 0 && len(l.rest) == 0 {
				out[l.at] = l.state.bytes()
				next(l)
			}
		}
	}
}

// step hashes as many blocks as both have. A lane without a message repeats the
// other's work.
func step(a, b *lane) {
	var idle state
	switch {
	case b.at < 0:
		n := len(a.rest) / block
		blocks(&a.state, &idle, &a.rest[0], &a.rest[0], n)
		a.advance(n)
	case a.at < 0:
		step(b, a)
	default:
		n := min(len(a.rest), len(b.rest)) / block
		blocks(&a.state, &b.state, &a.rest[0], &b.rest[0], n)
		a.advance(n)
		b.advance(n)
	}
}

func (l *lane) advance(n int) {
	l.rest = l.rest[n*block:]
	if l.ends > 0 {
		l.turn()
	}
}
