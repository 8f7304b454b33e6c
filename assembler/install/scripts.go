package install

import (
	"context"
	"errors"
	"io"
	"strconv"
	"time"

	"github.com/fimg/fimg/assembler/chroot"
	"github.com/fimg/fimg/assembler/install/lua"
	"github.com/fimg/fimg/event"
	"github.com/fimg/fimg/repo/rpm"
)

// scriptPath is the PATH rpm gives scriptlets.
const scriptPath = "/sbin:/bin:/usr/sbin:/usr/bin:/usr/X11R6/bin"

// scriptMemory bounds a scriptlet and its descendants, in bytes: a kernel's, which
// packs an initial RAM disk, uses one gigabyte.
const scriptMemory = 4 << 30

// noArg stands for an argument a scriptlet does not get.
const noArg = -1

// call is one scriptlet about to run.
type call struct {
	e          *element // whose script it is
	script     *rpm.Script
	phase      string // as rpm names it: "pre", "filetriggerin"
	arg1, arg2 int
	lines      func(yield func(string) bool) // standard input; nil is empty
}

// run runs a scriptlet. A failure is an error only for critical ones; others
// give a warning, as in rpm.
func (t *transaction) run(ctx context.Context, c call) error {
	if c.script == nil || t.opts.NoScripts {
		return nil
	}
	t.settle()
	start := time.Now()
	err := t.execute(ctx, c)
	t.result.Scriptlet += time.Since(start)
	t.paths.forget()
	t.dirs.forget()
	if err == nil || ctx.Err() != nil {
		return ctx.Err()
	}
	failure := scriptletError(c, err)
	if c.script.Flags&rpm.ScriptCritical == 0 {
		t.warn(c.e, failure.Error())
		return nil
	}
	return failure
}

func scriptletError(c call, err error) *ScriptletError {
	e := &ScriptletError{Package: c.e.nevra, Phase: c.phase, Cause: err.Error(), Err: err}
	var exit *chroot.ExitError
	if errors.As(err, &exit) {
		e.Cause, e.Output = exit.Cause(), exit.Output
	}
	return e
}

func (t *transaction) execute(ctx context.Context, c call) error {
	prog := c.script.Prog
	if len(prog) == 0 {
		prog = []string{"/bin/sh"}
	}
	body := c.script.Body
	if c.script.Flags&rpm.ScriptExpand != 0 {
		var err error
		if body, err = t.macros.Expand(body); err != nil {
			return err
		}
	}
	if c.script.Flags&rpm.ScriptQFormat != 0 {
		var err error
		if body, err = queryFormat(c.e.header, body); err != nil {
			return err
		}
	}
	if c.script.Lua() {
		return t.runLua(ctx, c, prog, body)
	}
	return t.runProgram(ctx, c, prog, body)
}

// subject names a scriptlet in events.
func (c *call) subject() string { return "%" + c.phase + "(" + c.e.nevra + ")" }

func (t *transaction) output(c call) func(string) {
	return func(line string) {
		t.opts.Events.Emit(event.Event{Kind: event.Output, Phase: "install", Subject: c.subject(), Text: line})
	}
}

// runProgram runs an external scriptlet: the body is a file named before the
// arguments. Without a body the program runs with its own arguments only.
func (t *transaction) runProgram(ctx context.Context, c call, prog []string, body string) error {
	session, err := t.chroot(ctx)
	if err != nil {
		return err
	}
	cmd := chroot.Command{
		Path: prog[0], Args: prog[1:], Env: t.env(c.e), Line: t.output(c), Timeout: t.opts.ScriptTimeout,
		MemoryLimit: scriptMemory,
	}
	if c.script.Body != "" {
		name, remove, err := session.TempFile("rpm-tmp", []byte(body))
		if err != nil {
			return err
		}
		defer remove()
		cmd.Args = append(append([]string{}, prog[1:]...), name)
		for _, arg := range []int{c.arg1, c.arg2} {
			if arg >= 0 {
				cmd.Args = append(cmd.Args, strconv.Itoa(arg))
			}
		}
	}
	if c.lines != nil {
		in := newLineReader(c.lines)
		defer in.stop()
		cmd.Stdin = in
	}
	res, err := session.Run(ctx, cmd)
	if res.Killed > 0 {
		t.warn(c.e, c.subject()+" left "+strconv.Itoa(res.Killed)+" processes behind, which were ended")
	}
	return err
}

// lineReader turns lines into a stream that is made as it is read.
type lineReader struct {
	*io.PipeReader
	made chan struct{} // closed when no line is made any more
}

func newLineReader(lines func(func(string) bool)) *lineReader {
	r, w := io.Pipe()
	l := &lineReader{r, make(chan struct{})}
	go func() {
		defer close(l.made)
		lines(func(line string) bool {
			_, err := io.WriteString(w, line+"\n")
			return err == nil
		})
		w.Close()
	}()
	return l
}

// stop ends the lines, of which a program need not read all: they are made from the
// state of the transaction, which is about to change.
func (l *lineReader) stop() {
	l.Close()
	<-l.made
}

// env is the environment of a scriptlet.
func (t *transaction) env(e *element) []string {
	env := []string{"PATH=" + scriptPath, "HOME=/root", "TERM=dumb", "LANG=C", "LC_ALL=C"}
	for i, prefix := range e.header.Strings(rpm.TagInstPrefixes) {
		if i == 0 {
			env = append(env, "RPM_INSTALL_PREFIX="+prefix)
		}
		env = append(env, "RPM_INSTALL_PREFIX"+strconv.Itoa(i)+"="+prefix)
	}
	return append(env, t.opts.Env...)
}

// chroot opens the session on first use.
func (t *transaction) chroot(ctx context.Context) (*chroot.Session, error) {
	if t.session != nil {
		return t.session, nil
	}
	s, err := chroot.Open(ctx, t.root.Dir(), chroot.Options{Arch: t.opts.Arch, Log: t.opts.Log})
	if err != nil {
		return nil, err
	}
	t.session = s
	return s, nil
}

// runLua runs a scriptlet in the built-in interpreter.
func (t *transaction) runLua(ctx context.Context, c call, prog []string, body string) error {
	args := append([]string{}, prog...)
	script := lua.Script{
		Name: c.subject(), Source: body, Args: args, Arg1: c.arg1, Arg2: c.arg2,
		Root: t.root, Ledger: t.opts.Ledger, Macros: t.macros, Env: t.env(c.e), Line: t.output(c), Timeout: t.opts.ScriptTimeout,
		Lines:    c.lines,
		Seed:     t.opts.Seed.Sub(c.e.nevra).Sub(c.phase),
		Now:      time.Unix(t.tid, 0),
		Prefixes: c.e.header.Strings(rpm.TagInstPrefixes),
		Exec: func(ctx context.Context, cmd chroot.Command) (chroot.Result, error) {
			session, err := t.chroot(ctx)
			if err != nil {
				return chroot.Result{}, err
			}
			cmd.MemoryLimit = scriptMemory
			return session.Run(ctx, cmd)
		},
	}
	return lua.Run(ctx, script)
}
