package fat

import (
	"fmt"
	"hash/fnv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// fold is the key under which names of a directory are the same.
func fold(name string) string { return strings.Map(unicode.ToUpper, name) }

// checkName tells why a name cannot be a long name, or nothing.
func checkName(name string) string {
	switch {
	case !utf8.ValidString(name):
		return "the name is not valid UTF-8"
	case len(utf16.Encode([]rune(name))) > 255:
		return "the name is longer than 255 characters"
	case strings.ContainsAny(name, `"*/:<>?\|`) || strings.ContainsFunc(name, func(r rune) bool { return r < 0x20 || r == 0x7f }):
		return "the name has a character that FAT does not allow"
	case strings.TrimRight(name, " .") != name || strings.TrimLeft(name, " ") != name:
		return "the name begins with a blank or ends with a blank or a dot"
	}
	return ""
}

// shortByte tells whether a byte may stand in a short name.
func shortByte(c byte) bool {
	return c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("!#$%&'()-@^_`{}~", c) >= 0
}

// labelByte tells whether a byte may stand in a label; blanks may inside.
func labelByte(c byte) bool { return shortByte(c) || c >= 'a' && c <= 'z' || c == ' ' }

// plainShort returns the directory form of a name that is a short name as it is.
func plainShort(name string) (short [11]byte, ok bool) {
	base, ext, dot := strings.Cut(name, ".")
	if base == "" || len(base) > 8 || len(ext) > 3 || dot && ext == "" {
		return short, false
	}
	for _, c := range []byte(base + ext) {
		if !shortByte(c) {
			return short, false
		}
	}
	return packShort(base, ext), true
}

func packShort(base, ext string) (short [11]byte) {
	copy(short[:], fmt.Sprintf("%-8s%-3s", base, ext))
	return short
}

// unpackShort is the printed form of a directory entry's name.
func unpackShort(short [11]byte) string {
	base := strings.TrimRight(string(short[:8]), " ")
	if ext := strings.TrimRight(string(short[8:]), " "); ext != "" {
		return base + "." + ext
	}
	return base
}

// shortNames gives out the short names of one directory.
type shortNames struct {
	taken map[string]bool // folded names, long and short
}

// make invents a short name: the beginning of the long one, "~" and a number, with
// a hash of the name in front of it when the first nine are taken.
func (s *shortNames) make(name string) [11]byte {
	base, ext := basis(name)
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(name))
	hashed := fmt.Sprintf("%s%04X", base[:min(2, len(base))], hash.Sum32()&0xffff)
	for n := 1; ; n++ {
		head, tail := base, fmt.Sprintf("~%d", n)
		if n > 9 {
			head, tail = hashed, fmt.Sprintf("~%d", n-9)
		}
		short := packShort(head[:min(len(head), 8-len(tail))]+tail, ext)
		if key := unpackShort(short); !s.taken[key] {
			s.taken[key] = true
			return short
		}
	}
}

// basis returns the first characters of name and of what follows its last dot
// that a short name can have, others replaced.
func basis(name string) (base, ext string) {
	name = strings.TrimLeft(name, ".")
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		name, ext = name[:i], squeeze(name[i+1:])
	}
	base = squeeze(name)
	if base == "" {
		base = "_"
	}
	return base[:min(6, len(base))], ext[:min(3, len(ext))]
}

func squeeze(text string) string {
	return strings.Map(func(r rune) rune {
		r = unicode.ToUpper(r)
		switch {
		case r == ' ' || r == '.':
			return -1
		case r < 0x80 && shortByte(byte(r)):
			return r
		}
		return '_'
	}, text)
}
