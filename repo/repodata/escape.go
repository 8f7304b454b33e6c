package repodata

import (
	"bytes"
	"unicode/utf8"
)

// unescape replaces the references in *text, which starts at start, in place.
func (t *tokens) unescape(text *[]byte, start int) error {
	in := *text
	out := in[:0]
	for i := 0; i < len(in); i++ {
		if in[i] != '&' {
			out = append(out, in[i])
			continue
		}
		end := bytes.IndexByte(in[i:min(len(in), i+12)], ';')
		if end < 0 {
			t.pos = start + i
			return t.fail("character reference is not closed")
		}
		r, ok := reference(in[i+1 : i+end])
		if !ok {
			t.pos = start + i
			return t.fail("unknown reference %q", in[i:i+end+1])
		}
		out = utf8.AppendRune(out, r)
		i += end
	}
	*text = out
	return nil
}

// reference decodes what stands between & and ;. What it yields is never longer
// than the reference, so that replacing works in place.
func reference(ref []byte) (rune, bool) {
	switch string(ref) {
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "amp":
		return '&', true
	case "quot":
		return '"', true
	case "apos":
		return '\'', true
	}
	if len(ref) < 2 || ref[0] != '#' {
		return 0, false
	}
	digits, radix := ref[1:], rune(10)
	if digits[0] == 'x' {
		digits, radix = digits[1:], 16
	}
	var r rune
	for _, c := range digits {
		d := hexDigit(c)
		if d < 0 || d >= radix || r > utf8.MaxRune {
			return 0, false
		}
		r = r*radix + d
	}
	valid := r >= 0x20 || r == '\t' || r == '\n' || r == '\r'
	return r, len(digits) > 0 && valid && utf8.ValidRune(r)
}

func hexDigit(c byte) rune {
	switch {
	case '0' <= c && c <= '9':
		return rune(c - '0')
	case 'a' <= c && c <= 'f':
		return rune(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return rune(c-'A') + 10
	}
	return -1
}
