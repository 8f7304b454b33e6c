package lua

import (
	"fmt"
	"strings"

	rt "github.com/arnodel/golua/runtime"
)

// patterns puts the functions that match patterns into the string library.
func (p *process) patterns() {
	for name, f := range map[string]func(*rt.Thread, *rt.GoCont, []rt.Value) error{
		"find":   func(t *rt.Thread, c *rt.GoCont, args []rt.Value) error { return search(t, c, args, true) },
		"match":  func(t *rt.Thread, c *rt.GoCont, args []rt.Value) error { return search(t, c, args, false) },
		"gmatch": p.gmatch, "gsub": gsub,
	} {
		p.lua.SetTable(p.library("string"), rt.StringValue(name), rt.FunctionValue(p.several(name, f)))
	}
}

// subject returns a string and a pattern among arguments.
func subject(t *rt.Thread, args []rt.Value) (*matcher, error) {
	s, err := text(args, 0)
	if err != nil {
		return nil, err
	}
	pattern, err := text(args, 1)
	return &matcher{t: t, s: s, p: pattern}, err
}

// start is the position an argument names, from zero; beyond the string it is -1.
func start(s string, args []rt.Value, i int) (int, error) {
	n, err := integer(args, i, 1)
	switch {
	case n > int64(len(s))+1:
		return -1, err
	case n > 0:
		return int(n - 1), err
	case n == 0 || n < -int64(len(s)):
		return 0, err
	}
	return len(s) + int(n), err
}

// search is string.find and string.match.
func search(t *rt.Thread, c *rt.GoCont, args []rt.Value, find bool) error {
	m, err := subject(t, args)
	if err != nil {
		return err
	}
	si, err := start(m.s, args, 2)
	if err != nil {
		return err
	}
	if si < 0 {
		t.Push1(c.Next(), rt.NilValue)
		return nil
	}
	if find && (!missing(args, 3) && rt.Truth(args[3]) || !strings.ContainsAny(m.p, "^$*+?.([%-")) {
		plain(t, c, m, si)
		return nil
	}
	for ; si <= len(m.s); si++ {
		end := m.at(si, m.anchor())
		if m.err != nil {
			return m.err
		}
		if end >= 0 {
			return m.found(c, si, end, find)
		}
		if m.anchor() > 0 {
			break
		}
	}
	t.Push1(c.Next(), rt.NilValue)
	return nil
}

// anchor is where the pattern begins after a "^".
func (m *matcher) anchor() int {
	if strings.HasPrefix(m.p, "^") {
		return 1
	}
	return 0
}

// found gives the results of string.find or string.match.
func (m *matcher) found(c *rt.GoCont, si, end int, find bool) error {
	if !find {
		values, err := m.values(si, end)
		m.t.Push(c.Next(), values...)
		return err
	}
	values, err := m.captures()
	m.t.Push(c.Next(), rt.IntValue(int64(si+1)), rt.IntValue(int64(end)))
	m.t.Push(c.Next(), values...)
	return err
}

// plain finds a string without a pattern.
func plain(t *rt.Thread, c *rt.GoCont, m *matcher, si int) {
	t.RequireCPU(uint64(len(m.s) - si))
	at := strings.Index(m.s[si:], m.p)
	if at < 0 {
		t.Push1(c.Next(), rt.NilValue)
		return
	}
	t.Push(c.Next(), rt.IntValue(int64(si+at+1)), rt.IntValue(int64(si+at+len(m.p))))
}

// gmatch is string.gmatch.
func (p *process) gmatch(t *rt.Thread, c *rt.GoCont, args []rt.Value) error {
	m, err := subject(t, args)
	if err != nil {
		return err
	}
	si, err := start(m.s, args, 2)
	if err != nil {
		return err
	}
	if si < 0 {
		si = len(m.s) + 1
	}
	last := -1
	t.Push1(c.Next(), rt.FunctionValue(p.several("gmatch", func(t *rt.Thread, c *rt.GoCont, _ []rt.Value) error {
		for m.t = t; si <= len(m.s); si++ {
			end := m.at(si, 0)
			if m.err != nil {
				return m.err
			}
			if end < 0 || end == last {
				continue
			}
			values, err := m.values(si, end)
			t.Push(c.Next(), values...)
			si, last = end, end
			return err
		}
		t.Push1(c.Next(), rt.NilValue)
		return nil
	})))
	return nil
}

// substitution is a string.gsub under way.
type substitution struct {
	*matcher
	with rt.Value
	out  []byte
}

// gsub is string.gsub.
func gsub(t *rt.Thread, c *rt.GoCont, args []rt.Value) error {
	m, err := subject(t, args)
	if err != nil {
		return err
	}
	limit, err := integer(args, 3, int64(len(m.s))+1)
	if err != nil {
		return err
	}
	g := substitution{matcher: m}
	if len(args) > 2 {
		g.with = args[2]
	}
	switch g.with.Type() {
	case rt.StringType, rt.IntType, rt.FloatType, rt.TableType, rt.FunctionType:
	default:
		return fmt.Errorf("bad argument #3 to 'gsub' (string/function/table expected, got %s)", g.with.TypeName())
	}
	n, err := g.all(limit)
	if err != nil {
		return err
	}
	t.Push(c.Next(), rt.StringValue(string(g.out)), rt.IntValue(n))
	return nil
}

// all replaces up to limit matches; it returns how many there were.
func (g *substitution) all(limit int64) (n int64, err error) {
	si, last := 0, -1
	for n < limit {
		end := g.at(si, g.anchor())
		if g.err != nil {
			return n, g.err
		}
		switch {
		case end >= 0 && end != last:
			n++
			if err := g.replace(si, end); err != nil {
				return n, err
			}
			si, last = end, end
		case si < len(g.s):
			g.write(g.s[si : si+1])
			si++
		default:
			return n, nil
		}
		if g.anchor() > 0 {
			break
		}
	}
	g.write(g.s[si:])
	return n, nil
}

func (g *substitution) write(s string) {
	g.t.RequireBytes(len(s))
	g.out = append(g.out, s...)
}

// replace writes what stands for a match.
func (g *substitution) replace(si, end int) error {
	if k := g.with.Type(); k != rt.TableType && k != rt.FunctionType {
		return g.template(si, end)
	}
	v, err := g.ask(si, end)
	switch {
	case err != nil:
		return err
	case !rt.Truth(v):
		g.write(g.s[si:end])
		return nil
	}
	s, ok := v.ToString()
	if !ok {
		return fmt.Errorf("invalid replacement value (a %s)", v.TypeName())
	}
	g.write(s)
	return nil
}

// ask looks the first capture up in the table, or calls the function with all.
func (g *substitution) ask(si, end int) (rt.Value, error) {
	if g.with.Type() == rt.TableType {
		key, err := g.one(0, si, end)
		if err != nil {
			return key, err
		}
		return rt.Index(g.t, g.with, key)
	}
	captures, err := g.values(si, end)
	if err != nil {
		return rt.NilValue, err
	}
	return rt.Call1(g.t, g.with, captures...)
}

// template writes the replacement string with its %0 to %9 filled in.
func (g *substitution) template(si, end int) error {
	with, _ := g.with.ToString()
	for {
		at := strings.IndexByte(with, '%')
		if at < 0 {
			g.write(with)
			return nil
		}
		g.write(with[:at])
		if at+1 == len(with) {
			return fmt.Errorf("invalid use of '%%' in replacement string")
		}
		c := with[at+1]
		with = with[at+2:]
		switch {
		case c == '%':
			g.write("%")
		case c == '0':
			g.write(g.s[si:end])
		case c < '0' || c > '9':
			return fmt.Errorf("invalid use of '%%' in replacement string")
		default:
			v, err := g.one(int(c)-'1', si, end)
			if err != nil {
				return err
			}
			s, _ := v.ToString()
			g.write(s)
		}
	}
}
