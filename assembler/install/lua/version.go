package lua

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	rt "github.com/arnodel/golua/runtime"

	"github.com/fimg/fimg/repo/pool/evr"
)

// version is what rpm.ver makes: "[epoch:]version[-release]".
type version string

// parts takes a version apart. Unlike evr.Split it keeps an epoch of zero.
func (v version) parts() (e, ver, r string) { return evr.Split(string(v)) }

// newVersion is rpm.ver: of a string, or of epoch, version and release, of which
// the first and the last may be nil.
func newVersion(_ *process, args []rt.Value) ([]any, error) {
	switch len(args) {
	case 1:
		s, err := text(args, 0)
		if err != nil || s == "" {
			return nil, cmp.Or(err, fmt.Errorf("invalid version"))
		}
		return []any{version(s)}, nil
	case 3:
	default:
		return nil, fmt.Errorf("invalid number of arguments: %d", len(args))
	}
	v, err := text(args, 1)
	if err != nil || v == "" {
		return nil, cmp.Or(err, fmt.Errorf("invalid version"))
	}
	if e, err := textOr(args, 0, ""); err != nil {
		return nil, err
	} else if e != "" {
		v = e + ":" + v
	}
	r, err := textOr(args, 2, "")
	if r != "" {
		v += "-" + r
	}
	return []any{version(v)}, err
}

// versionOf returns a version argument, which may be a string too.
func versionOf(args []rt.Value, i int) (string, error) {
	if i < len(args) {
		if t, ok := args[i].TryTable(); ok {
			if s, ok := t.Get(rt.StringValue(versionKey)).TryString(); ok {
				return s, nil
			}
		}
	}
	return text(args, i)
}

// versionKey is the field of a version's table that has all of it.
const versionKey = "\x00evr"

// versionMeta has the operators of versions.
func (p *process) versionMeta() *rt.Table {
	compare := func(holds func(int) bool) native {
		return func(_ *process, args []rt.Value) ([]any, error) {
			a, err := versionOf(args, 0)
			if err != nil {
				return nil, err
			}
			b, err := versionOf(args, 1)
			if err != nil {
				return nil, err
			}
			return []any{holds(evr.Compare(a, b))}, nil
		}
	}
	return p.table(map[string]native{
		"__eq": compare(func(c int) bool { return c == 0 }),
		"__lt": compare(func(c int) bool { return c < 0 }),
		"__le": compare(func(c int) bool { return c <= 0 }),
		"__tostring": func(_ *process, args []rt.Value) ([]any, error) {
			s, err := versionOf(args, 0)
			return []any{s}, err
		},
		"__index": versionField,
	})
}

// versionField is asked for the fields a version's table does not have.
func versionField(_ *process, args []rt.Value) ([]any, error) {
	key, err := text(args, 1)
	if err != nil {
		return nil, err
	}
	if key != "e" && key != "v" && key != "r" {
		return nil, fmt.Errorf("invalid attribute: %s", key)
	}
	return []any{nil}, nil
}

// versionValue makes the table of a version: fields e, v and r.
func (p *process) versionValue(v version) rt.Value {
	t := rt.NewTable()
	e, ver, r := v.parts()
	for key, s := range map[string]string{"e": e, "v": ver, "r": r, versionKey: string(v)} {
		if s != "" {
			p.lua.SetTable(t, rt.StringValue(key), rt.StringValue(s))
		}
	}
	t.SetMetatable(p.versions)
	return rt.TableValue(t)
}

// macroTable is the global "macros": fields are macros, read expanded or, those with
// parameters, called; set by assignment and undefined by assigning nil.
func (p *process) macroTable() rt.Value {
	return p.lua.NewUserDataValue("macros", p.table(map[string]native{
		"__index": func(p *process, args []rt.Value) ([]any, error) {
			name, err := text(args, 1)
			if err != nil || !p.script.Macros.Defined(name) {
				return []any{nil}, err
			}
			if p.script.Macros.Parametric(name) {
				return []any{closure{name, macroCall(name)}}, nil
			}
			out, err := p.script.Macros.Expand("%{" + name + "}")
			return []any{out}, p.macroError(err)
		},
		"__newindex": func(p *process, args []rt.Value) ([]any, error) {
			name, err := text(args, 1)
			if err != nil {
				return nil, err
			}
			if missing(args, 2) {
				p.script.Macros.Undefine(name)
				return nil, nil
			}
			body, err := text(args, 2)
			if err == nil {
				err = p.script.Macros.Define(name, body)
			}
			return nil, err
		},
	}))
}

// macroCall calls a macro with a string of arguments, in which macros are expanded,
// or a table of them.
func macroCall(name string) native {
	return func(p *process, args []rt.Value) ([]any, error) {
		if len(args) > 1 {
			return nil, errors.New("too many arguments")
		}
		words, err := tableStrings(args, 0)
		if err != nil {
			line, err := text(args, 0)
			if err != nil {
				return nil, errors.New("bad argument #1 to '?' (string or table expected)")
			}
			if line, err = p.script.Macros.Expand(line); err != nil {
				return nil, p.macroError(err)
			}
			words = strings.Fields(line)
		}
		out, err := p.script.Macros.Call(name, words)
		return []any{out}, p.macroError(err)
	}
}
