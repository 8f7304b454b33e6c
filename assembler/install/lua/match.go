package lua

import (
	"errors"
	"fmt"
	"strings"

	rt "github.com/arnodel/golua/runtime"
)

// Limits of pattern matching, as in Lua.
const (
	maxCaptures     = 32
	maxMatchDepth   = 200
	openCapture     = -1 // length of a capture that has not ended
	positionCapture = -2 // length of "()"
)

// matcher matches a string against a pattern (Lua 5.4 manual, 6.4.1). Every step is
// counted, so that a pattern that tries without end is ended with its script.
type matcher struct {
	t       *rt.Thread
	s, p    string
	levels  int
	capture [maxCaptures]struct{ start, length int }
	depth   int
	err     error
}

func (m *matcher) fail(format string, args ...any) int {
	if m.err == nil {
		m.err = fmt.Errorf(format, args...)
	}
	return -1
}

// at begins a match at a position; it returns its end, or -1.
func (m *matcher) at(si, pi int) int {
	m.levels, m.depth = 0, 0
	return m.match(si, pi)
}

// match matches the pattern from pi on at si.
func (m *matcher) match(si, pi int) int {
	if m.depth++; m.depth > maxMatchDepth {
		return m.fail("pattern too complex")
	}
	defer func() { m.depth-- }()
	for pi < len(m.p) {
		m.t.RequireCPU(1)
		switch c := m.p[pi]; {
		case c == '(' && strings.HasPrefix(m.p[pi:], "()"):
			return m.begin(si, pi+2, positionCapture)
		case c == '(':
			return m.begin(si, pi+1, openCapture)
		case c == ')':
			return m.end(si, pi+1)
		case c == '$' && pi+1 == len(m.p):
			if si == len(m.s) {
				return si
			}
			return -1
		case c == '%' && pi+1 < len(m.p) && strings.IndexByte("bf0123456789", m.p[pi+1]) >= 0:
			if si, pi = m.special(si, pi); si < 0 {
				return -1
			}
			continue
		}
		var done bool
		if si, pi, done = m.item(si, pi); done {
			return si
		}
	}
	return si
}

// item matches the item at pi, as often as its suffix says. It returns where to go
// on, or the end of the whole match.
func (m *matcher) item(si, pi int) (nextS, nextP int, done bool) {
	end := m.itemEnd(pi)
	if end < 0 {
		return -1, 0, true
	}
	suffix := byte(0)
	if end < len(m.p) {
		suffix = m.p[end]
	}
	switch suffix {
	case '?':
		if m.single(si, pi, end) {
			if r := m.match(si+1, end+1); r >= 0 || m.err != nil {
				return r, 0, true
			}
		}
		return si, end + 1, false
	case '*', '+':
		return m.longest(si, pi, end, suffix == '+'), 0, true
	case '-':
		return m.shortest(si, pi, end), 0, true
	}
	if !m.single(si, pi, end) {
		return -1, 0, true
	}
	return si + 1, end, false
}

// special matches %b, %f or a back reference, and returns where to go on.
func (m *matcher) special(si, pi int) (int, int) {
	switch c := m.p[pi+1]; c {
	case 'b':
		return m.balance(si, pi+2), pi + 4
	case 'f':
		return m.frontier(si, pi+2)
	default:
		return m.back(si, c), pi + 2
	}
}

// itemEnd is where the single-character item at pi ends.
func (m *matcher) itemEnd(pi int) int {
	c := m.p[pi]
	pi++
	if c == '%' {
		if pi == len(m.p) {
			return m.fail("malformed pattern (ends with '%%')")
		}
		return pi + 1
	}
	if c != '[' {
		return pi
	}
	if pi < len(m.p) && m.p[pi] == '^' {
		pi++
	}
	for first := true; ; first = false {
		if pi >= len(m.p) {
			return m.fail("malformed pattern (missing ']')")
		}
		c := m.p[pi]
		pi++
		if c == '%' {
			pi++
		} else if c == ']' && !first {
			return pi
		}
	}
}

// single tells whether the character at si is of the item from pi to end.
func (m *matcher) single(si, pi, end int) bool {
	if si >= len(m.s) {
		return false
	}
	switch c := m.s[si]; m.p[pi] {
	case '.':
		return true
	case '%':
		return ofClass(c, m.p[pi+1])
	case '[':
		return m.ofSet(c, pi+1, end-1)
	default:
		return m.p[pi] == c
	}
}

// ofSet tells whether a character is of the set written from pi to end.
func (m *matcher) ofSet(c byte, pi, end int) bool {
	wanted := true
	if m.p[pi] == '^' {
		wanted = false
		pi++
	}
	for pi < end {
		switch {
		case m.p[pi] == '%':
			if ofClass(c, m.p[pi+1]) {
				return wanted
			}
			pi += 2
		case pi+2 < end && m.p[pi+1] == '-':
			if m.p[pi] <= c && c <= m.p[pi+2] {
				return wanted
			}
			pi += 3
		default:
			if m.p[pi] == c {
				return wanted
			}
			pi++
		}
	}
	return !wanted
}

// ofClass tells whether a character is of a class such as %a, or is the letter itself.
func ofClass(c, class byte) bool {
	lower := class | 0x20
	alpha := c|0x20 >= 'a' && c|0x20 <= 'z'
	digit := c >= '0' && c <= '9'
	graph := c > ' ' && c < 0x7f
	var is bool
	switch {
	case class < 'A':
		return class == c
	case lower == 'a':
		is = alpha
	case lower == 'd':
		is = digit
	case lower == 'c':
		is = c < ' ' || c == 0x7f
	case lower == 'g':
		is = graph
	case lower == 'l':
		is = c >= 'a' && c <= 'z'
	case lower == 'p':
		is = graph && !alpha && !digit
	case lower == 's':
		is = c == ' ' || c >= '\t' && c <= '\r'
	case lower == 'u':
		is = c >= 'A' && c <= 'Z'
	case lower == 'w':
		is = alpha || digit
	case lower == 'x':
		is = digit || c|0x20 >= 'a' && c|0x20 <= 'f'
	case lower == 'z':
		is = c == 0
	default:
		return class == c
	}
	return is == (class == lower)
}

// longest tries as many characters of an item as there are, then fewer.
func (m *matcher) longest(si, pi, end int, atLeastOne bool) int {
	n := 0
	for m.single(si+n, pi, end) {
		m.t.RequireCPU(1)
		n++
	}
	least := 0
	if atLeastOne {
		least = 1
	}
	for ; n >= least; n-- {
		if r := m.match(si+n, end+1); r >= 0 || m.err != nil {
			return r
		}
	}
	return -1
}

// shortest tries as few characters of an item as possible.
func (m *matcher) shortest(si, pi, end int) int {
	for {
		if r := m.match(si, end+1); r >= 0 || m.err != nil {
			return r
		}
		if !m.single(si, pi, end) {
			return -1
		}
		si++
	}
}

// begin opens a capture and goes on; when that fails it was none.
func (m *matcher) begin(si, pi, length int) int {
	if m.levels == maxCaptures {
		return m.fail("too many captures")
	}
	m.capture[m.levels].start, m.capture[m.levels].length = si, length
	m.levels++
	r := m.match(si, pi)
	if r < 0 {
		m.levels--
	}
	return r
}

// end closes the capture opened last.
func (m *matcher) end(si, pi int) int {
	for i := m.levels - 1; i >= 0; i-- {
		if c := &m.capture[i]; c.length == openCapture {
			c.length = si - c.start
			r := m.match(si, pi)
			if r < 0 {
				c.length = openCapture
			}
			return r
		}
	}
	return m.fail("invalid pattern capture")
}

// balance matches %bxy, whose characters are at pi.
func (m *matcher) balance(si, pi int) int {
	if pi+1 >= len(m.p) {
		return m.fail("malformed pattern (missing arguments to '%%b')")
	}
	if si >= len(m.s) || m.s[si] != m.p[pi] {
		return -1
	}
	level := 1
	for i := si + 1; i < len(m.s); i++ {
		m.t.RequireCPU(1)
		switch m.s[i] {
		case m.p[pi+1]:
			if level--; level == 0 {
				return i + 1
			}
		case m.p[pi]:
			level++
		}
	}
	return -1
}

// frontier matches %f[set], whose set is at pi.
func (m *matcher) frontier(si, pi int) (int, int) {
	if pi >= len(m.p) || m.p[pi] != '[' {
		return m.fail("missing '[' after '%%f' in pattern"), 0
	}
	end := m.itemEnd(pi)
	if end < 0 {
		return -1, 0
	}
	before, after := byte(0), byte(0)
	if si > 0 {
		before = m.s[si-1]
	}
	if si < len(m.s) {
		after = m.s[si]
	}
	if m.ofSet(before, pi+1, end-1) || !m.ofSet(after, pi+1, end-1) {
		return -1, 0
	}
	return si, end
}

// back matches what a capture has.
func (m *matcher) back(si int, digit byte) int {
	i := int(digit) - '1'
	if i < 0 || i >= m.levels || m.capture[i].length == openCapture {
		return m.fail("invalid capture index %%%d", i+1)
	}
	c := m.capture[i]
	if c.length == positionCapture {
		return -1
	}
	m.t.RequireCPU(uint64(c.length))
	if !strings.HasPrefix(m.s[si:], m.s[c.start:c.start+c.length]) {
		return -1
	}
	return si + c.length
}

var errCapture = errors.New("unfinished capture")

// values are the captures of a match, or all of it where there are none.
func (m *matcher) values(start, end int) ([]rt.Value, error) {
	if m.levels == 0 {
		return []rt.Value{m.text(start, end)}, nil
	}
	return m.captures()
}

// captures are the captures of a match.
func (m *matcher) captures() ([]rt.Value, error) {
	out := make([]rt.Value, m.levels)
	for i := range out {
		var err error
		if out[i], err = m.one(i, 0, 0); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// one is a capture of a match; the first is all of it where there are none.
func (m *matcher) one(i, start, end int) (rt.Value, error) {
	if i >= m.levels {
		if i > 0 {
			return rt.NilValue, fmt.Errorf("invalid capture index %%%d", i+1)
		}
		return m.text(start, end), nil
	}
	switch c := m.capture[i]; c.length {
	case openCapture:
		return rt.NilValue, errCapture
	case positionCapture:
		return rt.IntValue(int64(c.start + 1)), nil
	default:
		return m.text(c.start, c.start+c.length), nil
	}
}

// text is a part of the string.
func (m *matcher) text(start, end int) rt.Value {
	m.t.RequireBytes(end - start)
	return rt.StringValue(m.s[start:end])
}
