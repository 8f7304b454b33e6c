package lua

import (
	"context"
	"errors"
	"iter"
	"maps"
	"path"
	"strings"
	"sync/atomic"

	rt "github.com/arnodel/golua/runtime"
)

// process is one running script: the scriptlet itself, or a child it forked.
type process struct {
	ctx, outer context.Context // with the script's deadline and without
	script     *Script
	lua        *rt.Runtime
	out        lineWriter

	cwd   string
	umask uint32
	env   map[string]string
	null  [3]bool // standard files redirected to /dev/null

	forked   bool  // is a child
	status   int   // of its exit
	stopped  *exit // set once it has ended itself
	children map[int]int
	nextPID  int

	// trace has the results of all calls so far; a child first replays it.
	trace  *trace
	replay int // results still to be replayed

	nextLine   func() (string, bool)
	stop       func()
	files      map[*file]bool
	meta       *rt.Table // of file handles
	fdMeta     *rt.Table // of what rpm.open gives
	versions   *rt.Table // metatable of versions
	hooks      []hook
	hook       rt.DebugHooks // that every thread of the interpreter has
	coroutines []*rt.Thread
	ended      atomic.Bool // the script; coroutines may still be there
	abandoned  chan error  // the script; nobody waits for it any more
	chance     chance
	inodes     map[[2]uint64]int64 // numbered as they were asked for
	addresses  map[any]int         // of objects, numbered likewise
}

// trace is what the functions of a process returned, in order.
type trace struct{ results []result }

type result struct {
	values []any
	err    error
}

// native is a function that looks outside the interpreter. Its results are nil,
// bool, int64, float64, string, list, record, *file, *fd or closure.
type native func(p *process, args []rt.Value) ([]any, error)

type (
	list   []any
	record []field
	field  struct {
		key   string
		value any
	}
	closure struct {
		name string
		call native
	}
)

func newProcess(ctx, outer context.Context, s *Script) *process {
	p := &process{ctx: ctx, outer: outer, script: s, cwd: "/", umask: 0o022, env: map[string]string{},
		trace: &trace{}, children: map[int]int{}, nextPID: 1000, files: map[*file]bool{},
		inodes: map[[2]uint64]int64{}, addresses: map[any]int{}, abandoned: make(chan error, 1)}
	p.out.line = s.Line
	for _, kv := range s.Env {
		name, value, _ := strings.Cut(kv, "=")
		p.env[name] = value
	}
	if s.Lines != nil {
		p.nextLine, p.stop = iter.Pull(iter.Seq[string](s.Lines))
	}
	return p
}

func (p *process) close() {
	if p.stop != nil {
		p.stop()
	}
	for f := range p.files {
		f.close()
	}
}

// child makes the process that fork returns 0 in. It replays the results so far.
func (p *process) child() *process {
	c := &process{ctx: p.ctx, outer: p.outer, abandoned: p.abandoned, script: p.script, cwd: p.cwd, umask: p.umask, env: maps.Clone(p.env), null: p.null,
		forked: true, children: map[int]int{}, nextPID: p.nextPID + 1, files: map[*file]bool{},
		nextLine: p.nextLine, chance: chance{names: p.chance.names}, inodes: maps.Clone(p.inodes),
		addresses: map[any]int{}, trace: &trace{results: append([]result(nil), p.trace.results...)}}
	c.replay = len(c.trace.results)
	c.trace.results = append(c.trace.results, result{values: []any{int64(0)}})
	c.replay++
	c.out.line = p.script.Line
	c.out.mute = true // what was printed before the fork is not printed again
	return c
}

// call runs a native function, or replays what it returned before the fork.
func (p *process) call(f native, args []rt.Value) ([]any, error) {
	if p.replay > 0 {
		res := p.trace.results[len(p.trace.results)-p.replay]
		p.replay--
		p.out.mute = p.replay > 0
		return res.values, res.err
	}
	if p.stopped != nil { // a pcall does not bring it back
		return nil, p.stopped
	}
	if err := p.ctx.Err(); err != nil {
		return nil, err
	}
	p.lua.RequireMem(callMemory)
	values, err := f(p, args)
	if !errors.As(err, &p.stopped) {
		p.trace.results = append(p.trace.results, result{values, err})
	}
	return values, err
}

// abs makes a name absolute.
func (p *process) abs(name string) string {
	if !strings.HasPrefix(name, "/") {
		name = path.Join(p.cwd, name)
	}
	return name
}

// function wraps a native function for the interpreter.
func (p *process) function(name string, f native) *rt.GoFunction {
	fn := rt.NewGoFunction(func(t *rt.Thread, c *rt.GoCont) (rt.Cont, error) {
		values, err := p.call(f, c.Etc())
		if err != nil {
			return nil, err
		}
		next := c.Next()
		for _, v := range values {
			t.Push1(next, p.value(v))
		}
		return next, nil
	}, name, 0, true)
	rt.SolemnlyDeclareCompliance(rt.ComplyCpuSafe|rt.ComplyMemSafe|rt.ComplyTimeSafe|rt.ComplyIoSafe, fn)
	return fn
}

// value turns a result into the interpreter's.
func (p *process) value(v any) rt.Value {
	switch v := v.(type) {
	case bool:
		return rt.BoolValue(v)
	case int:
		return rt.IntValue(int64(v))
	case int64:
		return rt.IntValue(v)
	case float64:
		return rt.FloatValue(v)
	case string:
		p.lua.RequireBytes(len(v))
		return rt.StringValue(v)
	case list:
		t := rt.NewTable()
		for i, e := range v {
			p.lua.SetTable(t, rt.IntValue(int64(i+1)), p.value(e))
		}
		return rt.TableValue(t)
	case record:
		t := rt.NewTable()
		for _, f := range v {
			p.lua.SetTable(t, rt.StringValue(f.key), p.value(f.value))
		}
		return rt.TableValue(t)
	case version:
		return p.versionValue(v)
	case closure:
		return rt.FunctionValue(p.function(v.name, v.call))
	case *fd:
		return p.lua.NewUserDataValue(v, p.fdMeta)
	case *file:
		return p.lua.NewUserDataValue(v, p.meta)
	}
	return rt.NilValue
}

// table makes functions the fields of a table.
func (p *process) table(functions map[string]native) *rt.Table {
	t := rt.NewTable()
	for name, f := range functions {
		p.lua.SetTable(t, rt.StringValue(name), rt.FunctionValue(p.function(name, f)))
	}
	return t
}

// install puts the libraries into the global environment.
func (p *process) install() {
	env := p.lua.GlobalEnv()
	set := func(name string, v rt.Value) { p.lua.SetEnv(env, name, v) }
	p.contain()
	p.steady()
	p.meta, p.fdMeta, p.versions = p.fileMeta(), p.fdTable(), p.versionMeta()
	set("rpm", rt.TableValue(p.rpmLibrary()))
	set("posix", rt.TableValue(p.table(posixLibrary())))
	set("os", rt.TableValue(p.table(osLibrary)))
	set("io", rt.TableValue(p.ioTable()))
	set("macros", p.macroTable())
	for _, name := range []string{"dofile", "loadfile"} {
		set(name, rt.NilValue)
	}
	set("require", rt.FunctionValue(p.requireFunction()))
	if len(p.script.Prefixes) > 0 {
		prefixes := list{}
		for _, x := range p.script.Prefixes {
			prefixes = append(prefixes, x)
		}
		set("RPM_INSTALL_PREFIX", p.value(prefixes))
	}
}

// requireFunction loads modules of the tree's rpm, besides those already loaded.
func (p *process) requireFunction() *rt.GoFunction {
	loaded := map[string]rt.Value{}
	fn := rt.NewGoFunction(func(t *rt.Thread, c *rt.GoCont) (rt.Cont, error) {
		name, err := text(c.Etc(), 0)
		if err != nil {
			return nil, err
		}
		if v := t.GlobalEnv().Get(rt.StringValue(name)); !v.IsNil() {
			return c.PushingNext1(t.Runtime, v), nil
		}
		if v, ok := loaded[name]; ok {
			return c.PushingNext1(t.Runtime, v), nil
		}
		source, err := p.script.Root.ReadFile("usr/lib/rpm/lua/" + path.Clean("/"+strings.ReplaceAll(name, ".", "/")) + ".lua")
		if err != nil {
			return nil, errors.New("module '" + name + "' not found")
		}
		chunk, err := p.compile(name, string(source), rt.TableValue(t.GlobalEnv()))
		if err != nil {
			return nil, err
		}
		v, err := rt.Call1(t, rt.FunctionValue(chunk), rt.StringValue(name))
		if v.IsNil() {
			v = rt.BoolValue(true)
		}
		loaded[name] = v
		return c.PushingNext1(t.Runtime, v), err
	}, "require", 0, true)
	rt.SolemnlyDeclareCompliance(rt.ComplyCpuSafe|rt.ComplyMemSafe|rt.ComplyTimeSafe|rt.ComplyIoSafe, fn)
	return fn
}
