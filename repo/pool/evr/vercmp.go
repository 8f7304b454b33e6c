package evr

import "strings"

// Version compares two versions or two releases as rpmvercmp does: segments of
// digits compare as numbers, segments of letters as strings, digits beat letters,
// separators count for nothing, "~" sorts before the end of the string and "^"
// just after it.
func Version(a, b string) int {
	if a == b {
		return 0
	}
	for a != "" || b != "" {
		a, b = skipSeparators(a), skipSeparators(b)
		if c, done, more := marks(&a, &b); done {
			return c
		} else if more {
			continue
		}
		if a == "" || b == "" {
			break
		}
		if c := segment(&a, &b); c != 0 {
			return c
		}
	}
	return sign(len(a) - len(b))
}

// marks handles a tilde or caret at the head of either string. done says that
// the answer is c, more that a common mark was consumed.
func marks(a, b *string) (c int, done, more bool) {
	ta, tb := hasMark(*a, '~'), hasMark(*b, '~')
	switch {
	case ta && tb:
		*a, *b = (*a)[1:], (*b)[1:]
		return 0, false, true
	case ta:
		return -1, true, false
	case tb:
		return 1, true, false
	}
	ca, cb := hasMark(*a, '^'), hasMark(*b, '^')
	switch {
	case ca && cb:
		*a, *b = (*a)[1:], (*b)[1:]
		return 0, false, true
	case ca:
		return ifElse(*b == "", 1, -1), true, false
	case cb:
		return ifElse(*a == "", -1, 1), true, false
	}
	return 0, false, false
}

func hasMark(s string, c byte) bool { return s != "" && s[0] == c }

func ifElse(cond bool, yes, no int) int {
	if cond {
		return yes
	}
	return no
}

// segment compares and consumes the leading segment of two strings that both
// begin with a letter or a digit. The first string decides the kind.
func segment(a, b *string) int {
	kind := isLetter
	if isDigit((*a)[0]) {
		kind = isDigit
	}
	sa, sb := take(a, kind), take(b, kind)
	if sb == "" {
		return ifElse(isDigit(sa[0]), 1, -1)
	}
	if isDigit(sa[0]) {
		sa, sb = strings.TrimLeft(sa, "0"), strings.TrimLeft(sb, "0")
		if len(sa) != len(sb) {
			return sign(len(sa) - len(sb))
		}
	}
	return strings.Compare(sa, sb)
}

func take(s *string, kind func(byte) bool) string {
	i := 0
	for i < len(*s) && kind((*s)[i]) {
		i++
	}
	head := (*s)[:i]
	*s = (*s)[i:]
	return head
}

func skipSeparators(s string) string {
	i := 0
	for i < len(s) && !isDigit(s[i]) && !isLetter(s[i]) && s[i] != '~' && s[i] != '^' {
		i++
	}
	return s[i:]
}

func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
