package rpmdb

import (
	"slices"
	"strings"
)

// richNames returns the keys under which rpm indexes a rich dependency besides
// its whole text: every name in it once, sorted, with "!" before those that are
// needed not to be there (conditions of "if" and "unless"). A dependency that
// does not parse gives none. Grammar: docs/manual/boolean_dependencies.md.
func richNames(dep string) []string {
	p := richParser{rest: dep}
	if !p.group(0) {
		return nil
	}
	slices.Sort(p.names)
	names := slices.Compact(p.names)
	for i, n := range names {
		names[i] = strings.TrimPrefix(n, " ")
	}
	return names
}

// maxRichDepth bounds the nesting, which only a hostile package would exceed.
const maxRichDepth = 64

// richParser collects names, each with " " or, where negated, "!" before it.
type richParser struct {
	rest    string
	names   []string
	negated bool
}

func (p *richParser) space() { p.rest = strings.TrimLeft(p.rest, " \t\n\v\f\r,") }

// word takes what ends at white space or at a closing parenthesis that was not
// opened in the word.
func (p *richParser) word() string {
	depth, i := 0, 0
	for ; i < len(p.rest); i++ {
		c := p.rest[i]
		if strings.IndexByte(" \t\n\v\f\r,", c) >= 0 {
			break
		}
		if c == '(' {
			depth++
		}
		if c == ')' {
			if depth == 0 {
				break
			}
			depth--
		}
	}
	w := p.rest[:i]
	p.rest = p.rest[i:]
	return w
}

// group parses "(operand [operator operand]...)".
func (p *richParser) group(level int) bool {
	if !strings.HasPrefix(p.rest, "(") || level > maxRichDepth {
		return false
	}
	p.rest = p.rest[1:]
	op, start := "", len(p.names)
	for {
		p.space()
		if !p.operand(level) {
			return false
		}
		p.space()
		if strings.HasPrefix(p.rest, ")") {
			break
		}
		next := p.word()
		if !p.operator(next, &start) {
			return false
		}
		op = next
	}
	p.rest = p.rest[1:]
	if op == "if" || op == "unless" {
		p.negated = !p.negated
	}
	return true
}

// operator takes one operator. Start is where the names of the condition begin,
// for "else" which needs them the other way round.
func (p *richParser) operator(op string, start *int) bool {
	switch op {
	case "and", "or", "with", "without":
	case "if", "unless":
		*start = len(p.names)
		p.negated = !p.negated
	case "else":
		for _, n := range p.names[*start:len(p.names):len(p.names)] {
			p.names = append(p.names, invert(n))
		}
		p.negated = !p.negated
	default:
		return false
	}
	return true
}

// operand parses a group or "name [comparison version]".
func (p *richParser) operand(level int) bool {
	if strings.HasPrefix(p.rest, "(") {
		return p.group(level + 1)
	}
	name := p.word()
	if name == "" {
		return false
	}
	p.space()
	save := p.rest
	if cmp := p.word(); cmp != "" && strings.Trim(cmp, "<>=") == "" {
		p.space()
		if p.word() == "" {
			return false
		}
	} else {
		p.rest = save
	}
	if !strings.HasPrefix(name, "rpmlib(") {
		sign := " "
		if p.negated {
			sign = "!"
		}
		p.names = append(p.names, sign+name)
	}
	return true
}

func invert(name string) string {
	if name[0] == '!' {
		return " " + name[1:]
	}
	return "!" + name[1:]
}
