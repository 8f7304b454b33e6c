package lua

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/arnodel/golua/lib/base"
	rt "github.com/arnodel/golua/runtime"
)

// pure is a function that looks at nothing outside the interpreter: its results are
// not replayed in a forked process.
type pure func(t *rt.Thread, args []rt.Value) (rt.Value, error)

// pure wraps such a function for the interpreter.
func (p *process) pure(name string, f pure) *rt.GoFunction {
	fn := rt.NewGoFunction(func(t *rt.Thread, c *rt.GoCont) (rt.Cont, error) {
		v, err := f(t, c.Etc())
		if err != nil {
			return nil, err
		}
		return c.PushingNext1(t.Runtime, v), nil
	}, name, 0, true)
	rt.SolemnlyDeclareCompliance(rt.ComplyCpuSafe|rt.ComplyMemSafe|rt.ComplyTimeSafe|rt.ComplyIoSafe, fn)
	return fn
}

// library is the table of a library of the interpreter.
func (p *process) library(name string) *rt.Table {
	t, _ := p.lua.GlobalEnv().Get(rt.StringValue(name)).TryTable()
	return t
}

// steady replaces the functions whose results differ from run to run: addresses of
// objects, the order of tables, random numbers, the state of the collector.
func (p *process) steady() {
	p.drawSeed()
	env := p.lua.GlobalEnv()
	set := func(t *rt.Table, name string, f *rt.GoFunction) {
		p.lua.SetTable(t, rt.StringValue(name), rt.FunctionValue(f))
	}
	set(env, "tostring", p.pure("tostring", func(t *rt.Thread, args []rt.Value) (rt.Value, error) {
		if len(args) == 0 {
			return rt.NilValue, errors.New("bad argument #1 to 'tostring' (value expected)")
		}
		s, err := p.tostring(t, args[0])
		return rt.StringValue(s), err
	}))
	set(env, "print", p.pure("print", p.print))
	set(env, "collectgarbage", p.pure("collectgarbage", p.collectgarbage))
	set(env, "next", p.nextFunction())
	set(env, "pairs", p.pairsFunction())
	set(p.library("math"), "random", p.pure("random", p.random))
	set(p.library("math"), "randomseed", p.pure("randomseed", p.randomseed))
	format, _ := p.library("string").Get(rt.StringValue("format")).TryCallable()
	set(p.library("string"), "format", p.formatFunction(format))
}

// object tells whether a value has an address.
func object(v rt.Value) bool {
	switch v.Type() {
	case rt.TableType, rt.FunctionType, rt.ThreadType, rt.UserDataType:
		return true
	}
	return false
}

// address stands for the address of an object: objects are numbered in the order in
// which a script asks for them.
func (p *process) address(v rt.Value) string {
	n, ok := p.addresses[v.Interface()]
	if !ok {
		p.lua.RequireMem(64)
		n = len(p.addresses) + 1
		p.addresses[v.Interface()] = n
	}
	return fmt.Sprintf("0x%08x", 0x10000+n<<4)
}

// tostring is what Lua's tostring gives.
func (p *process) tostring(t *rt.Thread, v rt.Value) (string, error) {
	meta := t.RawMetatable(v)
	if !object(v) || !rt.RawGet(meta, rt.StringValue("__tostring")).IsNil() {
		s, err := base.ToString(t, v)
		t.RequireBytes(len(s))
		return s, err
	}
	name := v.TypeName()
	if s, ok := rt.RawGet(meta, rt.StringValue("__name")).TryString(); ok {
		name = s
	}
	return name + ": " + p.address(v), nil
}

func (p *process) print(t *rt.Thread, args []rt.Value) (rt.Value, error) {
	var words []string
	for _, a := range args {
		s, err := p.tostring(t, a)
		if err != nil {
			return rt.NilValue, err
		}
		words = append(words, s)
	}
	_, err := p.out.Write([]byte(strings.Join(words, "\t") + "\n"))
	return rt.NilValue, err
}

// collectgarbage leaves the collector alone: it is that of the whole program.
func (p *process) collectgarbage(t *rt.Thread, args []rt.Value) (rt.Value, error) {
	option, err := textOr(args, 0, "collect")
	switch option {
	case "count":
		return rt.FloatValue(float64(t.UsedResources().Memory) / 1024), nil
	case "step", "isrunning":
		return rt.BoolValue(true), nil
	case "collect", "stop", "restart", "setpause", "setstepmul":
		return rt.IntValue(0), nil
	case "generational", "incremental":
		return rt.StringValue("incremental"), nil
	}
	return rt.NilValue, cmp.Or(err, fmt.Errorf("bad argument #1 to 'collectgarbage' (invalid option '%s')", option))
}

// formatFunction is string.format on top of the interpreter's, which prints real
// addresses.
func (p *process) formatFunction(inner rt.Callable) *rt.GoFunction {
	fn := rt.NewGoFunction(func(t *rt.Thread, c *rt.GoCont) (rt.Cont, error) {
		args := slices.Clone(c.Etc())
		if err := p.formatArguments(t, args); err != nil {
			return nil, err
		}
		next := inner.Continuation(t, c.Next())
		next.PushEtc(t.Runtime, args)
		return next, nil
	}, "format", 0, true)
	rt.SolemnlyDeclareCompliance(rt.ComplyCpuSafe|rt.ComplyMemSafe|rt.ComplyTimeSafe|rt.ComplyIoSafe, fn)
	return fn
}

// formatArguments replaces the objects among the arguments of string.format by what
// is printed of them, and %p by %s.
func (p *process) formatArguments(t *rt.Thread, args []rt.Value) error {
	s, err := text(args, 0)
	if err != nil {
		return err
	}
	t.RequireCPU(uint64(len(s)))
	format, used := []byte(s), 0
	for i := 0; i < len(format); i++ {
		if format[i] != '%' {
			continue
		}
		end := i + 1
		for end < len(format) && strings.IndexByte("-+ #.0123456789", format[end]) >= 0 {
			end++
		}
		if end == len(format) {
			return fmt.Errorf("invalid conversion '%s' to 'format'", format[i:])
		}
		verb := format[end]
		i = end
		if verb == '%' {
			continue
		}
		if used++; used >= len(args) {
			return fmt.Errorf("bad argument #%d to 'format' (no value)", used+1)
		}
		switch {
		case verb == 's' && object(args[used]):
			s, err := p.tostring(t, args[used])
			if err != nil {
				return err
			}
			args[used] = rt.StringValue(s)
		case verb == 'p':
			format[end] = 's'
			args[used] = rt.StringValue(p.pointer(args[used]))
		}
	}
	args[0] = rt.StringValue(string(format))
	return nil
}

// pointer is what %p prints.
func (p *process) pointer(v rt.Value) string {
	if object(v) || v.Type() == rt.StringType {
		return p.address(v)
	}
	return "(null)"
}
