// Package lua runs Lua scriptlets of RPM packages: Lua 5.4 with the functions rpm
// adds (rpm.*, posix.*; rpm's docs/manual/lua.md) and with io and os acting
// inside a root tree and never outside of it. Programs run through a function
// the caller passes in.
//
// posix.fork cannot copy a Go process. The child is made by running the script
// once more from its beginning, with the results of all functions that look
// outside replayed up to the fork and nothing done twice; from there it goes on
// alone until it executes a program or ends, and only then does fork return in
// the parent. Files opened before are shared: what a child closes is closed.
//
// Random numbers and names come from a seed, the time from the caller, and tables
// are walked in order, so that a script does the same in every run.
//
// Differences of the interpreter (github.com/arnodel/golua): floats without a
// fraction print without ".0", messages do not name variables. Functions whose
// steps or depth it does not count are replaced here.
//
// Left out: interaction, bzip2 for writing (rpm.open).
package lua

import (
	"context"
	"fmt"
	"time"

	"github.com/arnodel/golua/lib"
	"github.com/arnodel/golua/lib/base"
	"github.com/arnodel/golua/lib/coroutine"
	"github.com/arnodel/golua/lib/debuglib"
	"github.com/arnodel/golua/lib/mathlib"
	"github.com/arnodel/golua/lib/packagelib"
	"github.com/arnodel/golua/lib/stringlib"
	"github.com/arnodel/golua/lib/tablelib"
	"github.com/arnodel/golua/lib/utf8lib"
	rt "github.com/arnodel/golua/runtime"

	"github.com/fimg/fimg/assembler/chroot"
	"github.com/fimg/fimg/assembler/install/macro"
	"github.com/fimg/fimg/seed"
	"github.com/fimg/fimg/tree"
	"github.com/fimg/fimg/tree/rootfs"
)

// Limits of one script.
const (
	// DefaultTimeout bounds the wall time when the script names none.
	DefaultTimeout = 10 * time.Minute
	maxForks       = 1000
)

// Script is one scriptlet and the world it acts on.
type Script struct {
	Name   string // for messages
	Source string
	Args   []string // become arg[1], arg[2], …
	// Arg1 and Arg2 follow them as numbers; negative ones are left out.
	Arg1, Arg2 int
	// Lines are what rpm.next_file returns one by one; nil: no such function.
	Lines    func(yield func(string) bool)
	Prefixes []string // RPM_INSTALL_PREFIX
	Root     *rootfs.Root
	Ledger   *tree.Ledger // receives owners the kernel refuses; may be nil
	Macros   *macro.Set
	Env      []string // NAME=value
	// Line receives each line of output.
	Line func(string)
	// Exec runs a program inside the root.
	Exec    func(context.Context, chroot.Command) (chroot.Result, error)
	Timeout time.Duration
	// Seed is what names and numbers drawn at random come from.
	Seed seed.Seed
	// Now is the time that scripts are told, whatever the clock says; the zero value
	// stands for 1970.
	Now time.Time
}

// Run runs a script to its end. The error of a failing script carries Lua's
// message.
func Run(ctx context.Context, s Script) error {
	if s.Timeout <= 0 {
		s.Timeout = DefaultTimeout
	}
	if s.Now.IsZero() {
		s.Now = time.Unix(0, 0)
	}
	limited, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	p := newProcess(limited, ctx, &s)
	defer p.close()
	err := p.wait()
	if ctx.Err() == nil && limited.Err() == context.DeadlineExceeded {
		return fmt.Errorf("script took longer than %v", s.Timeout)
	}
	return err
}

// wait runs a script on a goroutine of its own, so that one that cannot be ended is
// left behind. It can do nothing any more: its time is over.
func (p *process) wait() error {
	done := make(chan error, 1)
	go func() { done <- p.run() }()
	select {
	case err := <-done:
		return err
	case err := <-p.abandoned:
		return err
	case <-p.ctx.Done():
	}
	select {
	case err := <-done:
		return err
	case <-time.After(abandonAfter):
		return p.ctx.Err()
	}
}

// run interprets the script in a fresh interpreter.
func (p *process) run() error {
	r := rt.New(&p.out)
	cleanup := lib.LoadLibs(r, base.LibLoader, packagelib.LibLoader, coroutine.LibLoader, stringlib.LibLoader,
		tablelib.LibLoader, mathlib.LibLoader, utf8lib.LibLoader, debuglib.LibLoader)
	defer cleanup()
	p.lua = r
	p.install()
	defer p.endCoroutines()
	closure, err := p.compile(p.script.Name, p.prologue()+p.script.Source, rt.TableValue(r.GlobalEnv()))
	if err != nil {
		return fmt.Errorf("invalid syntax in lua script: %w", err)
	}
	thread := r.MainThread()
	millis := uint64(p.script.Timeout.Milliseconds())
	limits := rt.RuntimeContextDef{HardLimits: rt.RuntimeResources{
		Memory: memoryLimit, Millis: millis + 1, Cpu: (millis + 1) * stepsPerMilli,
	}}
	_, err = thread.CallContext(limits, func() error {
		term := rt.NewTerminationWith(nil, 0, true)
		return rt.Call(thread, rt.FunctionValue(closure), []rt.Value{rt.NilValue, p.argTable()}, term)
	})
	p.out.flush()
	if p.stopped != nil {
		p.status = p.stopped.status
		return nil
	}
	if err != nil {
		return fmt.Errorf("lua script failed: %w", err)
	}
	return nil
}

// prologue gives the script its arguments, as rpm does.
func (p *process) prologue() string { return "local opt, arg = ...;" }

func (p *process) argTable() rt.Value {
	t := rt.NewTable()
	n := int64(0)
	add := func(v rt.Value) { n++; p.lua.SetTable(t, rt.IntValue(n), v) }
	for _, a := range p.script.Args {
		add(rt.StringValue(a))
	}
	for _, a := range []int{p.script.Arg1, p.script.Arg2} {
		if a >= 0 {
			add(rt.IntValue(int64(a)))
		}
	}
	return rt.TableValue(t)
}

// exit ends a script from inside a function.
type exit struct{ status int }

func (e *exit) Error() string { return fmt.Sprintf("exit %d", e.status) }
