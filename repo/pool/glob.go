package pool

import (
	"strings"
	"unicode/utf8"
)

// Glob matches s against a pattern as fnmatch without flags does: "*" is any
// text, slashes included, "?" one character, "[a-z]" and "[!a-z]" a character of
// a set, and a backslash takes the next character literally.
func Glob(pattern, s string) bool {
	if !strings.HasSuffix(s, literalTail(pattern)) {
		return false
	}
	var starPattern, starText string
	starred := false
	for {
		if strings.HasPrefix(pattern, "*") {
			pattern = pattern[1:]
			starPattern, starText, starred = pattern, s, true
			continue
		}
		if s == "" && pattern == "" {
			return true
		}
		if p, t, ok := globOne(pattern, s); ok {
			pattern, s = p, t
			continue
		}
		if !starred || starText == "" {
			return false
		}
		_, n := utf8.DecodeRuneInString(starText)
		starText = starText[n:]
		pattern, s = starPattern, starText
	}
}

// literalTail is the end of a pattern that stands for itself.
func literalTail(pattern string) string {
	for i := len(pattern) - 1; i >= 0; i-- {
		switch pattern[i] {
		case '*', '?', '[', ']', '\\':
			return pattern[i+1:]
		}
	}
	return pattern
}

// globOne matches one character and returns what is left of both.
func globOne(pattern, s string) (string, string, bool) {
	if pattern == "" || s == "" {
		return "", "", false
	}
	r, n := utf8.DecodeRuneInString(s)
	switch pattern[0] {
	case '?':
		return pattern[1:], s[n:], true
	case '[':
		if rest, hit, ok := globSet(pattern[1:], r); ok {
			return rest, s[n:], hit
		}
	case '\\':
		if len(pattern) > 1 {
			pattern = pattern[1:]
		}
	}
	p, m := utf8.DecodeRuneInString(pattern)
	return pattern[m:], s[n:], p == r && n == m
}

// globSet tells whether r is in the set that pattern begins with, without its
// opening bracket. A set that is not closed is none.
func globSet(pattern string, r rune) (rest string, hit, ok bool) {
	negate := strings.HasPrefix(pattern, "!") || strings.HasPrefix(pattern, "^")
	if negate {
		pattern = pattern[1:]
	}
	for first := true; pattern != ""; first = false {
		if pattern[0] == ']' && !first {
			return pattern[1:], hit != negate, true
		}
		lo, n := utf8.DecodeRuneInString(pattern)
		pattern = pattern[n:]
		hi := lo
		if len(pattern) > 1 && pattern[0] == '-' && pattern[1] != ']' {
			hi, n = utf8.DecodeRuneInString(pattern[1:])
			pattern = pattern[1+n:]
		}
		hit = hit || lo <= r && r <= hi
	}
	return "", false, false
}
