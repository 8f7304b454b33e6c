package order

import (
	"strings"

	"github.com/fimg/fimg/repo/rpm"
)

// splitRich takes a rich dependency "(left op right)" apart. Of a chain, right
// is the rest as a rich dependency of its own. A single operand has no op.
func splitRich(d dependency) (left dependency, op string, right dependency, ok bool) {
	s := d.Name
	if len(s) < 2 || s[len(s)-1] != ')' {
		return left, "", right, false
	}
	base := dependency{kind: d.kind}
	base.Flags = d.Flags &^ (rpm.SenseCompare | rpm.SenseMissingOK)
	l, rest := operand(s[1 : len(s)-1])
	if l == "" {
		return left, "", right, false
	}
	left = simple(base, l)
	if op, rest = operand(rest); op == "" {
		return left, "", right, true
	}
	r, more := operand(rest)
	if r == "" {
		return left, "", right, false
	}
	right = simple(base, r)
	if strings.TrimSpace(more) != "" {
		right = base
		right.Name = "(" + strings.TrimSpace(rest) + ")"
	}
	return left, op, right, true
}

// operand takes a group, or a word with a comparison after it, from s.
func operand(s string) (first, rest string) {
	s = strings.TrimLeft(s, " \t")
	first, rest = word(s)
	if strings.HasPrefix(first, "(") {
		return first, rest
	}
	cmp, after := word(strings.TrimLeft(rest, " \t"))
	if cmp != "" && strings.Trim(cmp, "<>=") == "" {
		version, after := word(strings.TrimLeft(after, " \t"))
		return first + " " + cmp + " " + version, after
	}
	return first, rest
}

// word takes what ends at a blank outside parentheses.
func word(s string) (first, rest string) {
	depth := 0
	for i := range len(s) {
		switch s[i] {
		case '(':
			depth++
		case ')':
			depth--
		case ' ', '\t':
			if depth <= 0 {
				return s[:i], s[i:]
			}
		}
	}
	return s, ""
}

// simple makes an operand a dependency.
func simple(base dependency, text string) dependency {
	if strings.HasPrefix(text, "(") {
		base.Name = text
		return base
	}
	fields := strings.Fields(text)
	if len(fields) == 0 {
		return base
	}
	base.Name = fields[0]
	if len(fields) == 3 {
		base.Version = fields[2]
		for _, c := range fields[1] {
			base.Flags |= map[rune]rpm.Sense{'<': rpm.SenseLess, '>': rpm.SenseGreater, '=': rpm.SenseEqual}[c]
		}
	}
	if strings.HasPrefix(base.Name, "rpmlib(") {
		base.Flags |= rpm.SenseRPMLib
	}
	return base
}
