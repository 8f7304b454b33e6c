package lua

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fimg/fimg/assembler/chroot"
)

// boundedBuffer holds what is written to a program before it runs.
type boundedBuffer struct{ bytes.Buffer }

func (b *boundedBuffer) Write(data []byte) (int, error) {
	if b.Len()+len(data) > maxRead {
		return 0, unix.EFBIG
	}
	return b.Buffer.Write(data)
}

func (b *boundedBuffer) WriteString(s string) (int, error) {
	if b.Len()+len(s) > maxRead {
		return 0, unix.EFBIG
	}
	return b.Buffer.WriteString(s)
}

// popen runs a shell command: for reading at once, for writing when closed.
func (p *process) popen(command, mode string) (*file, error) {
	var in boundedBuffer
	run := func(stdin io.Reader, stdout io.Writer) []any {
		return p.status3(p.exec(chroot.Command{Path: "/bin/sh", Args: []string{"-c", command}, Stdin: stdin, Stdout: stdout}))
	}
	if strings.HasPrefix(mode, "w") {
		f := &file{name: command, out: &in}
		f.onClose = func() []any { return run(&in.Buffer, nil) }
		return p.track(f), nil
	}
	var out bytes.Buffer
	status := run(nil, &out)
	return p.track(&file{name: command, r: bufio.NewReader(&out), onClose: func() []any { return status }}), nil
}

// exec runs a program with the process's directory and environment.
func (p *process) exec(c chroot.Command) (chroot.Result, error) {
	if p.script.Exec == nil {
		return chroot.Result{Status: 127}, &chroot.ExecError{Path: c.Path, Err: os.ErrPermission}
	}
	p.out.flush()
	deadline, _ := p.ctx.Deadline()
	if err := p.ctx.Err(); err != nil {
		return chroot.Result{Status: -1}, err
	}
	c.Dir, c.Timeout = p.cwd, time.Until(deadline)
	for _, name := range sortedKeys(p.env) {
		c.Env = append(c.Env, name+"="+p.env[name])
	}
	switch {
	case c.Line != nil:
	case p.null[1] && p.null[2]:
		c.Line = func(string) {}
	default:
		c.Line = p.script.Line
	}
	if p.null[1] && c.Stdout == nil {
		c.Stdout = io.Discard
	}
	if !strings.Contains(c.Path, "/") {
		c.Path = p.lookup(c.Path)
	}
	return p.script.Exec(p.outer, c)
}
