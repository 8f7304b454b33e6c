package pool

import (
	"fmt"
	"strings"

	"github.com/fimg/fimg/repo/pool/evr"
)

// Comparisons as operators.
const (
	opGT = Op(evr.GT)
	opEQ = Op(evr.EQ)
	opLT = Op(evr.LT)
)

// The bounds of a rich dependency: its nesting and the number of its operands.
const (
	maxRichDepth    = 64
	maxRichOperands = 1024
)

// rich parses and interns a rich dependency as rpm 4.14 and later write it:
// (A and B), (A or B or C), (A if B else C), (A unless B), (A with B),
// (A without B), nested, where a leaf is a name with an optional range.
func (b *Builder) rich(text string) (Dep, error) {
	p := richParser{b: b, rest: text}
	d, err := p.group(0)
	if err == nil && strings.TrimSpace(p.rest) != "" {
		err = fmt.Errorf("text %q after it", p.rest)
	}
	if err != nil {
		return 0, fmt.Errorf("parse rich dependency %q: %w", text, err)
	}
	return d, nil
}

type richParser struct {
	b     *Builder
	rest  string
	count int // operands seen
}

// group parses "(" operand {operator operand} ")".
func (p *richParser) group(depth int) (Dep, error) {
	if depth > maxRichDepth {
		return 0, fmt.Errorf("nested deeper than %d", maxRichDepth)
	}
	p.rest = p.rest[1:]
	left, err := p.operand(depth)
	if err != nil {
		return 0, err
	}
	return p.tail(left, 0, depth)
}

// tail parses what follows the first operand, up to the closing parenthesis.
// Only and, or and with may be chained; if and unless take one else.
func (p *richParser) tail(left Dep, chain Op, depth int) (Dep, error) {
	p.rest = strings.TrimLeft(p.rest, " \t")
	if strings.HasPrefix(p.rest, ")") {
		p.rest = p.rest[1:]
		return left, nil
	}
	op, ok := operators[p.word()]
	if !ok || !mayFollow(chain, op) {
		return 0, fmt.Errorf("no operator at %q", p.rest)
	}
	right, err := p.operand(depth)
	if err != nil {
		return 0, err
	}
	if op == And || op == Or || op == With {
		return p.chained(left, right, op, depth)
	}
	if right, err = p.tail(right, op, depth); err != nil {
		return 0, err
	}
	return p.b.rel(Rel{left, right, op}), nil
}

// chained builds a right-leaning tree of one operator, as libsolv does.
func (p *richParser) chained(left, right Dep, op Op, depth int) (Dep, error) {
	right, err := p.tail(right, op, depth)
	if err != nil {
		return 0, err
	}
	return p.b.rel(Rel{left, right, op}), nil
}

var operators = map[string]Op{"and": And, "or": Or, "with": With, "without": Without,
	"if": If, "unless": Unless, "else": Else}

func mayFollow(chain, op Op) bool {
	switch chain {
	case 0:
		return op != Else
	case If, Unless:
		return op == Else
	}
	return chain == op && (op == And || op == Or || op == With)
}

func (p *richParser) operand(depth int) (Dep, error) {
	if p.count++; p.count > maxRichOperands {
		return 0, fmt.Errorf("more than %d operands", maxRichOperands)
	}
	p.rest = strings.TrimLeft(p.rest, " \t")
	if strings.HasPrefix(p.rest, "(") {
		return p.group(depth + 1)
	}
	name := p.word()
	if name == "" {
		return 0, fmt.Errorf("no name at %q", p.rest)
	}
	dep := Dep(p.b.strings.add([]byte(name)))
	p.rest = strings.TrimLeft(p.rest, " \t")
	op := p.comparison()
	if op == 0 {
		return dep, nil
	}
	version := p.word()
	e, v, r := evr.Split(version)
	if v == "" {
		return 0, fmt.Errorf("no version at %q", p.rest)
	}
	return p.b.rel(Rel{dep, Dep(p.b.evr([]byte(e), []byte(v), []byte(r))), op}), nil
}

func (p *richParser) comparison() (op Op) {
	for p.rest != "" {
		bit := map[byte]Op{'<': opLT, '>': opGT, '=': opEQ}[p.rest[0]]
		if bit == 0 {
			break
		}
		op |= bit
		p.rest = p.rest[1:]
	}
	return op
}

// word takes the next word: up to a blank or an unbalanced parenthesis.
func (p *richParser) word() string {
	p.rest = strings.TrimLeft(p.rest, " \t")
	open, i := 0, 0
	for ; i < len(p.rest); i++ {
		c := p.rest[i]
		if c == ' ' || c == '\t' || c == ')' && open == 0 {
			break
		}
		if c == '(' {
			open++
		} else if c == ')' {
			open--
		}
	}
	w := p.rest[:i]
	p.rest = p.rest[i:]
	return w
}
