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

// ioTable is the io library. Default input and output live in it.
func (p *process) ioTable() *rt.Table {
	stdin := &file{name: "stdin"}
	stdout := &file{name: "stdout", out: &p.out}
	stderr := &file{name: "stderr", out: &p.out}
	input, output := stdin, stdout
	functions := map[string]native{
		"open":  ioOpen,
		"popen": ioPopen,
		"type":  ioType,
		"tmpfile": func(p *process, _ []rt.Value) ([]any, error) {
			f, err := p.script.Root.OpenFile("/", unix.O_TMPFILE|unix.O_RDWR, 0o600)
			if err != nil {
				return failure(err, ""), nil
			}
			return []any{p.track(&file{f: f, name: "temporary"})}, nil
		},
		"close": func(p *process, args []rt.Value) ([]any, error) {
			f := output
			if len(args) > 0 {
				var err error
				if f, err = handle(args, 0); err != nil {
					return nil, err
				}
			}
			return p.closeFile(f), nil
		},
		"read":   func(_ *process, args []rt.Value) ([]any, error) { return input.read(args) },
		"write":  func(_ *process, args []rt.Value) ([]any, error) { return writeAll(output, args) },
		"input":  func(p *process, args []rt.Value) ([]any, error) { return p.redirect(&input, args, "r") },
		"output": func(p *process, args []rt.Value) ([]any, error) { return p.redirect(&output, args, "w") },
		"lines": func(p *process, args []rt.Value) ([]any, error) {
			if missing(args, 0) {
				return []any{input.iterator(nil, false)}, nil
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
		},
	}
	t := p.table(functions)
	for name, f := range map[string]*file{"stdin": stdin, "stdout": stdout, "stderr": stderr} {
		p.lua.SetTable(t, rt.StringValue(name), p.value(f))
	}
	return t
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
