package comps

import (
	"regexp"
	"strings"
)

// compileGlob returns the test of a shell pattern as fnmatch(3) without flags
// understands it: * ? [abc] [!abc]; a bracket that does not close is itself.
func compileGlob(pattern string) func(string) bool {
	var re strings.Builder
	re.WriteString(`(?s)\A`)
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; c {
		case '*':
			re.WriteString(`.*`)
		case '?':
			re.WriteByte('.')
		case '[':
			set, n := bracket(pattern[i:])
			re.WriteString(set)
			i += n - 1
		default:
			re.WriteString(regexp.QuoteMeta(pattern[i : i+1]))
		}
	}
	re.WriteString(`\z`)
	compiled, err := regexp.Compile(re.String())
	if err != nil {
		return func(s string) bool { return s == pattern }
	}
	return compiled.MatchString
}

// bracket translates the bracket expression at the start of text and returns its
// length.
func bracket(text string) (string, int) {
	start := 1
	negate := ""
	if len(text) > 1 && (text[1] == '!' || text[1] == '^') {
		start, negate = 2, "^"
	}
	if start >= len(text) {
		return `\[`, 1
	}
	end := strings.IndexByte(text[start+1:], ']')
	if end < 0 {
		return `\[`, 1
	}
	inner := text[start : start+1+end]
	inner = strings.NewReplacer(`\`, `\\`, `[`, `\[`, `]`, `\]`, `^`, `\^`).Replace(inner)
	return "[" + negate + inner + "]", start + 1 + end + 1
}
