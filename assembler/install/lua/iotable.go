package lua

import (
	"maps"
	"slices"

	rt "github.com/arnodel/golua/runtime"
	"golang.org/x/sys/unix"
)

const oNonblock = unix.O_NONBLOCK

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }

// lookup finds a program by the PATH of the process.
func (p *process) lookup(name string) string {
	if full, ok := p.script.Root.Program(name); ok {
		return full
	}
	return "/usr/bin/" + name
}

// standard are the default input and output of the io library.
type standard struct{ input, output *file }

// ioTable is the io library.
func (p *process) ioTable() *rt.Table {
	stdin := &file{name: "stdin"}
	stdout := &file{name: "stdout", out: &p.out}
	stderr := &file{name: "stderr", out: &p.out}
	s := &standard{stdin, stdout}
	t := p.table(map[string]native{
		"open": ioOpen, "popen": ioPopen, "type": ioType, "tmpfile": ioTmpfile, "close": s.close, "lines": s.lines,
		"read":   func(_ *process, args []rt.Value) ([]any, error) { return s.input.read(args) },
		"write":  func(_ *process, args []rt.Value) ([]any, error) { return writeAll(s.output, args) },
		"input":  func(p *process, args []rt.Value) ([]any, error) { return p.redirect(&s.input, args, "r") },
		"output": func(p *process, args []rt.Value) ([]any, error) { return p.redirect(&s.output, args, "w") },
	})
	for _, f := range []*file{stdin, stdout, stderr} {
		p.lua.SetTable(t, rt.StringValue(f.name), p.value(f))
	}
	return t
}

// ioTmpfile is io.tmpfile: a file without a name.
func ioTmpfile(p *process, _ []rt.Value) ([]any, error) {
	f, err := p.script.Root.OpenFile("/", unix.O_TMPFILE|unix.O_RDWR, 0o600)
	if err != nil {
		return failure(err, ""), nil
	}
	return []any{p.track(&file{f: f, name: "temporary"})}, nil
}

// close is io.close, of the default output without an argument.
func (s *standard) close(p *process, args []rt.Value) ([]any, error) {
	if len(args) == 0 {
		return p.closeFile(s.output), nil
	}
	f, err := handle(args, 0)
	if err != nil {
		return nil, err
	}
	return p.closeFile(f), nil
}

// lines is io.lines, of the default input without an argument.
func (s *standard) lines(p *process, args []rt.Value) ([]any, error) {
	if missing(args, 0) {
		return []any{s.input.iterator(nil, false)}, nil
	}
	name, err := text(args, 0)
	if err != nil {
		return nil, err
	}
	f, err := p.open(name, "r")
	if err != nil {
		return nil, asError(err, name)
	}
	return []any{f.iterator(args[1:], true)}, nil
}

func asError(err error, what string) error {
	return &luaError{failure(err, what)[1].(string)}
}

type luaError struct{ text string }

func (e *luaError) Error() string { return e.text }

func (p *process) redirect(target **file, args []rt.Value, mode string) ([]any, error) {
	if missing(args, 0) {
		return []any{*target}, nil
	}
	if f, err := handle(args, 0); err == nil {
		*target = f
		return []any{f}, nil
	}
	name, err := text(args, 0)
	if err != nil {
		return nil, err
	}
	f, err := p.open(name, mode)
	if err != nil {
		return nil, asError(err, name)
	}
	*target = f
	return []any{f}, nil
}

func ioOpen(p *process, args []rt.Value) ([]any, error) {
	name, err := text(args, 0)
	if err != nil {
		return nil, err
	}
	mode, err := textOr(args, 1, "r")
	if err != nil {
		return nil, err
	}
	f, err := p.open(name, mode)
	if err != nil {
		return failure(err, name), nil
	}
	return []any{f}, nil
}

func ioPopen(p *process, args []rt.Value) ([]any, error) {
	command, err := text(args, 0)
	if err != nil {
		return nil, err
	}
	mode, err := textOr(args, 1, "r")
	if err != nil {
		return nil, err
	}
	f, err := p.popen(command, mode)
	return []any{f}, err
}

func ioType(_ *process, args []rt.Value) ([]any, error) {
	if len(args) > 0 {
		if u, ok := args[0].TryUserData(); ok {
			if f, ok := u.Value().(*file); ok {
				if f.closed {
					return []any{"closed file"}, nil
				}
				return []any{"file"}, nil
			}
		}
	}
	return []any{nil}, nil
}
