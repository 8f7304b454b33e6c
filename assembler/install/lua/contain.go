package lua

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	rt "github.com/arnodel/golua/runtime"
)

// Limits that keep a script from harming the program it runs in.
const (
	memoryLimit   = 256 << 20        // bytes, as the interpreter counts: all that was ever made
	stepsPerMilli = 100_000          // of the interpreter and of pattern matching
	maxFrames     = 20_000           // of the Go stack
	depthInterval = 64               // calls between looks at the stack
	callMemory    = 64               // bytes, of the trace of one call
	abandonAfter  = 10 * time.Second // a script that does not end when its time is over
)

// contain replaces what could go on for ever or end the program: the interpreter
// counts neither the steps of every function nor the depth of the Go stack.
func (p *process) contain() {
	set := func(library, name string, f *rt.GoFunction) {
		t := p.lua.GlobalEnv()
		if library != "" {
			t = p.library(library)
		}
		p.lua.SetTable(t, rt.StringValue(name), rt.FunctionValue(f))
	}
	for _, library := range []string{"string", "table", "utf8", "math"} {
		p.guardLibrary(library)
	}
	p.patterns()
	set("string", "rep", p.several("rep", p.rep))
	set("", "load", p.several("load", p.load))
	set("coroutine", "create", p.several("create", p.create))
	set("coroutine", "wrap", p.several("wrap", p.wrap))
	for _, name := range []string{"resume", "close"} {
		f, _ := p.library("coroutine").Get(rt.StringValue(name)).TryCallable()
		set("coroutine", name, p.settling(name, f))
	}
	p.lua.SetTable(p.library("debug"), rt.StringValue("sethook"), rt.NilValue)
	p.hook = rt.DebugHooks{DebugHookFlags: rt.HookFlagCall, Hook: rt.FunctionValue(p.hookFunction())}
	p.lua.MainThread().SetupHooks(p.hook)
}

// hookFunction is called before each call of a Lua function: it ends scripts whose
// metamethods call each other without end, and scripts that are no longer wanted.
func (p *process) hookFunction() *rt.GoFunction {
	calls := 0
	return p.several("hook", func(t *rt.Thread, _ *rt.GoCont, _ []rt.Value) error {
		if !t.IsMain() && ending() {
			p.leaveCoroutine()
		}
		if calls++; calls%depthInterval != 0 {
			return nil
		}
		if err := p.ctx.Err(); err != nil {
			t.TerminateContext("%v", err)
		}
		if runtime.Callers(maxFrames, make([]uintptr, 1)) > 0 {
			t.TerminateContext("stack overflow")
		}
		return nil
	})
}

// ending tells whether a coroutine that has failed or is closed calls its __close
// handlers. The interpreter could not end these, and a panic there ends the program.
func ending() bool {
	pcs := make([]uintptr, 48)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(0, pcs)])
	for {
		frame, more := frames.Next()
		if strings.HasSuffix(frame.Function, "runtime.(*Thread).end") {
			return true
		}
		if !more {
			return false
		}
	}
}

// leaveCoroutine ends the goroutine of a coroutine, and with it the script, which
// would wait for it.
func (p *process) leaveCoroutine() {
	if p.ended.Load() {
		runtime.Goexit()
	}
	select {
	case p.abandoned <- errors.New("lua script failed: variable to be closed in a coroutine that did not end by itself"):
	default:
	}
	runtime.Goexit()
}

// guardLibrary makes errors of the defects that the functions of a library have.
func (p *process) guardLibrary(name string) {
	library := p.library(name)
	for _, key := range begin(p.lua.MainThread(), library).keys {
		if f, ok := library.Get(key).TryCallable(); ok {
			guarded := rt.NewGoFunction(guard(f), key.AsString(), 0, true)
			rt.SolemnlyDeclareCompliance(rt.ComplyCpuSafe|rt.ComplyMemSafe|rt.ComplyTimeSafe|rt.ComplyIoSafe, guarded)
			p.lua.SetTable(library, key, rt.FunctionValue(guarded))
		}
	}
}

// guard calls a function and turns a panic of the Go runtime into an error. Others
// are how the interpreter ends scripts.
func guard(f rt.Callable) rt.GoFunctionFunc {
	return func(t *rt.Thread, c *rt.GoCont) (next rt.Cont, err error) {
		defer func() {
			if r := recover(); r != nil {
				defect, ok := r.(runtime.Error)
				if !ok {
					panic(r)
				}
				err = fmt.Errorf("invalid arguments: %w", defect)
			}
		}()
		inner := f.Continuation(t, c.Next())
		inner.PushEtc(t.Runtime, c.Etc())
		return inner.RunInThread(t)
	}
}

// rep is string.rep, which counts its steps.
func (p *process) rep(t *rt.Thread, c *rt.GoCont, args []rt.Value) error {
	s, err := text(args, 0)
	if err != nil {
		return err
	}
	n, err := integer(args, 1, 0)
	if err != nil {
		return err
	}
	sep, err := textOr(args, 2, "")
	if err != nil {
		return err
	}
	if n <= 0 {
		t.Push1(c.Next(), rt.StringValue(""))
		return nil
	}
	each := len(s) + len(sep)
	if each == 0 {
		n = 1
	}
	if each > 0 && n > int64(memoryLimit/each)+1 {
		return errors.New("resulting string too large")
	}
	t.RequireBytes(each * int(n))
	out := make([]byte, 0, each*int(n))
	for range n - 1 {
		out = append(append(out, s...), sep...)
	}
	t.Push1(c.Next(), rt.StringValue(string(append(out, s...))))
	return nil
}
