package lua

import (
	"errors"
	"fmt"
	"strings"
	"time"

	rt "github.com/arnodel/golua/runtime"
	"github.com/arnodel/strftime"

	"github.com/fimg/fimg/assembler/chroot"
)

// osLibrary is the os library. The clock is the caller's, the zone always UTC.
var osLibrary = map[string]native{
	"remove": func(p *process, a []rt.Value) ([]any, error) {
		return p.onPath(a, truthy, p.script.Root.Remove, p.exists)
	},
	"rename":    osRename,
	"getenv":    posixGetenv,
	"time":      osTime,
	"date":      osDate,
	"clock":     func(*process, []rt.Value) ([]any, error) { return []any{0.0}, nil },
	"difftime":  osDifftime,
	"setlocale": func(*process, []rt.Value) ([]any, error) { return []any{"C"}, nil },
	"exit":      osExit,
	"execute":   osExecute,
	"tmpname":   osTmpname,
}

// truthy is what os functions return on success, zero what posix functions do.
var truthy, zero = []any{true}, []any{int64(0)}

// onPath applies a function to a path argument.
func (p *process) onPath(args []rt.Value, success []any, f func(string) error, first func(string) error) ([]any, error) {
	name, err := text(args, 0)
	if err != nil {
		return nil, err
	}
	if first != nil {
		if err := first(p.abs(name)); err != nil {
			return failure(err, name), nil
		}
	}
	if err := f(p.abs(name)); err != nil {
		return failure(err, name), nil
	}
	return success, nil
}

// exists gives an error for a name that is not there: the functions of the root
// do not mind.
func (p *process) exists(name string) error { _, err := p.script.Root.Lstat(name); return err }

func osRename(p *process, args []rt.Value) ([]any, error) {
	from, to, err := twoTexts(args)
	if err != nil {
		return nil, err
	}
	if err = p.script.Root.Rename(p.abs(from), p.abs(to)); err != nil {
		return failure(err, from), nil
	}
	return truthy, nil
}

func osTime(p *process, args []rt.Value) ([]any, error) {
	if missing(args, 0) {
		return []any{p.script.Now.Unix()}, nil
	}
	t, ok := args[0].TryTable()
	if !ok {
		return nil, fmt.Errorf("bad argument #1 to 'time' (table expected)")
	}
	get := func(name string, otherwise int) int {
		if n, ok := rt.ToInt(t.Get(rt.StringValue(name))); ok {
			return int(n)
		}
		return otherwise
	}
	return []any{time.Date(get("year", 1970), time.Month(get("month", 1)), get("day", 1), get("hour", 12),
		get("min", 0), get("sec", 0), 0, time.UTC).Unix()}, nil
}

func osDate(p *process, args []rt.Value) ([]any, error) {
	format, err := textOr(args, 0, "%c")
	if err != nil {
		return nil, err
	}
	n, err := integer(args, 1, p.script.Now.Unix())
	if err != nil {
		return nil, err
	}
	at := time.Unix(n, 0).UTC()
	format = strings.TrimPrefix(format, "!")
	if strings.HasPrefix(format, "*t") {
		return []any{record{{"year", at.Year()}, {"month", int(at.Month())}, {"day", at.Day()}, {"hour", at.Hour()},
			{"min", at.Minute()}, {"sec", at.Second()}, {"wday", int(at.Weekday()) + 1}, {"yday", at.YearDay()},
			{"isdst", false}}}, nil
	}
	s, err := strftime.StrictFormat(format, at)
	return []any{s}, err
}

func osDifftime(_ *process, args []rt.Value) ([]any, error) {
	a, err := integer(args, 0, 0)
	if err != nil {
		return nil, err
	}
	b, err := integer(args, 1, 0)
	return []any{float64(a - b)}, err
}

// osExit ends a child; the scriptlet itself may not, as in rpm.
func osExit(p *process, args []rt.Value) ([]any, error) {
	if !p.forked {
		return nil, errors.New("exit not permitted in this context")
	}
	if len(args) > 0 {
		if b, ok := args[0].TryBool(); ok {
			return nil, &exit{map[bool]int{true: 0, false: 1}[b]}
		}
	}
	n, err := integer(args, 0, 0)
	if err != nil {
		return nil, err
	}
	return nil, &exit{int(n)}
}

func osExecute(p *process, args []rt.Value) ([]any, error) {
	if missing(args, 0) {
		return []any{p.script.Root.Exists("bin/sh")}, nil
	}
	command, err := text(args, 0)
	if err != nil {
		return nil, err
	}
	return p.status3(p.exec(chroot.Command{Path: "/bin/sh", Args: []string{"-c", command}})), nil
}

// status3 is how os.execute and the close of a pipe tell how a program ended.
func (p *process) status3(res chroot.Result, err error) []any {
	var end *chroot.ExitError
	switch {
	case err == nil:
		return []any{true, "exit", int64(0)}
	case errors.As(err, &end) && end.Signal != 0:
		return []any{nil, "signal", int64(end.Signal)}
	case errors.As(err, &end):
		return []any{nil, "exit", int64(end.Status)}
	}
	return []any{nil, "exit", int64(127)}
}

func osTmpname(p *process, _ []rt.Value) ([]any, error) {
	name, f, err := p.mkstemp("/tmp/lua_XXXXXX")
	if err != nil {
		return nil, fmt.Errorf("unable to generate a unique filename")
	}
	f.Close()
	return []any{name}, nil
}
