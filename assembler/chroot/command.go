package chroot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"
)

// Command is one program to run.
type Command struct {
	// Path is absolute and as seen inside; Args are the arguments after the name
	// of the program, Name that name when it is not Path.
	Path string
	Args []string
	Name string
	// Env is the whole environment; nil is DefaultEnv.
	Env []string
	// Dir is the working directory inside; empty is "/".
	Dir string
	// Stdin is read to its end by the program, or not; nil is /dev/null.
	Stdin io.Reader
	// Stdout receives the standard output unaltered; nil lets it go to Line as
	// standard error does.
	Stdout io.Writer
	// Line receives each line of output without its end, from one goroutine.
	Line func(line string)
	// Timeout ends the program and its descendants; zero is DefaultTimeout.
	Timeout time.Duration
	// OutputLimit in bytes ends the program when it prints more; zero is
	// DefaultOutputLimit.
	OutputLimit int64
	// MemoryLimit in bytes ends the program when it and all that runs beside it in
	// the session use more; zero is what the machine has free.
	MemoryLimit int64
	// ProcessLimit ends it when there are more processes; zero is
	// DefaultProcessLimit.
	ProcessLimit int64
}

// Defaults of Command.
const (
	DefaultTimeout     = 30 * time.Minute
	DefaultOutputLimit = 64 << 20
	// DefaultProcessLimit is far more than any build starts at once.
	DefaultProcessLimit = 4096
	// LineLimit is the number of bytes after which a line is broken.
	LineLimit = 8 << 10
	// grace is how long output may stay open after the program has ended, before
	// its descendants are killed.
	grace = 200 * time.Millisecond
)

// DefaultEnv is the environment of programs whose command names none.
func DefaultEnv() []string {
	return []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "TERM=dumb", "LANG=C.UTF-8"}
}

// Result tells about a program that has ended.
type Result struct {
	Status   int           // exit status, -1 when ended by a signal
	Duration time.Duration // wall time
	Output   []string      // the last lines printed
	Killed   int           // descendants left behind that were killed
}

// Run runs a program to its end. A program that fails is an *ExitError, one that
// cannot be started an *ExecError; the context's end kills it.
func (s *Session) Run(ctx context.Context, c Command) (Result, error) {
	if err := ctx.Err(); err != nil {
		return Result{}, err
	}
	if !s.begin() {
		return Result{}, fmt.Errorf("run %s: %w", c.Path, os.ErrClosed)
	}
	defer s.running.Done()
	r := &run{session: s, command: c, limit: limitOr(c.OutputLimit, DefaultOutputLimit)}
	result, err := r.run(ctx)
	result.Killed = r.killed + s.end()
	return result, err
}

func limitOr[T int64 | time.Duration](v, otherwise T) T {
	if v <= 0 {
		return otherwise
	}
	return v
}

// run is one program on its way.
type run struct {
	session *Session
	command Command
	limit   int64
	output  *collector
	process *os.Process
	flooded bool
	late    bool
	excess  Excess
	killed  int
}

func (r *run) run(ctx context.Context) (Result, error) {
	start := time.Now()
	pipes, err := r.start()
	if err != nil {
		return Result{Status: -1}, err
	}
	state, err := r.wait(ctx, pipes)
	result := Result{Status: state.ExitCode(), Duration: time.Since(start), Output: r.output.tail()}
	if err != nil {
		return result, err
	}
	return result, r.verdict(state, result.Output)
}

// verdict turns the end of the process into an error or none.
func (r *run) verdict(state *os.ProcessState, tail []string) error {
	if state.Success() && !r.late && !r.flooded && r.excess == (Excess{}) {
		return nil
	}
	e := &ExitError{Path: r.command.Path, Status: state.ExitCode(), Output: tail, Excess: r.excess}
	if ws, ok := state.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		e.Signal = ws.Signal()
	}
	switch {
	case r.late:
		e.Timeout = limitOr(r.command.Timeout, DefaultTimeout)
	case r.flooded:
		e.Flooded = r.limit
	}
	return e
}

// start starts the process on the session's thread.
func (r *run) start() (*pipes, error) {
	c := r.command
	p, err := newPipes(c.Stdin != nil, c.Stdout != nil, r.session.null)
	if err != nil {
		return nil, fmt.Errorf("run %s: %w", c.Path, err)
	}
	name, env, dir := c.Name, c.Env, c.Dir
	if name == "" {
		name = c.Path
	}
	if env == nil {
		env = DefaultEnv()
	}
	if dir == "" {
		dir = "/"
	}
	err = r.session.thread.do(func() (err error) {
		r.process, err = os.StartProcess(c.Path, append([]string{name}, c.Args...), &os.ProcAttr{
			Dir: dir, Env: env, Files: p.child[:], Sys: &syscall.SysProcAttr{Chroot: "/root", Setsid: true},
		})
		return err
	})
	p.closeChild(r.session.null)
	if err != nil {
		p.closeParent()
		var path *os.PathError
		if errors.As(err, &path) {
			err = path.Err
		}
		return nil, &ExecError{Path: c.Path, Err: err}
	}
	return p, nil
}

// wait carries input and output until the process has ended and its output is
// closed, or kills it.
func (r *run) wait(ctx context.Context, p *pipes) (*os.ProcessState, error) {
	r.output = &collector{line: r.command.Line}
	flood := make(chan struct{})
	copied := p.copy(r, flood)
	ended := make(chan *os.ProcessState, 1)
	go func() { state, _ := r.process.Wait(); ended <- state }()
	over, done := make(chan Excess, 1), make(chan struct{})
	watched := r.watch(done, over)
	timer := time.NewTimer(limitOr(r.command.Timeout, DefaultTimeout))
	defer timer.Stop()
	var state *os.ProcessState
	var stop error
	select {
	case state = <-ended:
	case <-ctx.Done():
		stop = ctx.Err()
	case <-timer.C:
		r.late = true
	case <-flood:
		r.flooded = true
	case r.excess = <-over:
	}
	close(done)
	<-watched
	if state == nil {
		r.kill()
		state = <-ended
	}
	r.drain(copied, p)
	r.output.flush()
	return state, stop
}

// kill ends the process and its process group.
func (r *run) kill() {
	syscall.Kill(-r.process.Pid, syscall.SIGKILL)
	r.process.Kill()
}

// drain waits for the rest of the output. A daemon left behind may hold it open:
// it is killed, and where that cannot be done no longer listened to.
func (r *run) drain(copied chan struct{}, p *pipes) {
	select {
	case <-copied:
		return
	case <-time.After(grace):
	}
	r.killed = r.session.killOthers()
	select {
	case <-copied:
	case <-time.After(grace):
		p.closeParent()
		<-copied
	}
}
