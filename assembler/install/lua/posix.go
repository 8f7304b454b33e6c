package lua

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
	"time"

	rt "github.com/arnodel/golua/runtime"
	"golang.org/x/sys/unix"
)

// posixLibrary is rpm's posix library (lposix.c; luaposix of 2001).
func posixLibrary() map[string]native {
	return map[string]native{
		"access": posixAccess, "chdir": posixChdir, "chmod": posixChmod, "chown": posixChown,
		"dir": posixDir, "files": posixFiles, "errno": posixErrno, "exec": posixExec, "fork": posixFork,
		"getcwd":       func(p *process, _ []rt.Value) ([]any, error) { return []any{p.cwd}, nil },
		"getenv":       posixGetenv,
		"getgroup":     posixGetgroup,
		"getpasswd":    posixGetpasswd,
		"getlogin":     func(*process, []rt.Value) ([]any, error) { return []any{"root"}, nil },
		"getprocessid": posixGetprocessid,
		"kill":         notHere("kill"),
		"link":         posixLink,
		"mkdir":        posixMkdir,
		"mkfifo":       posixMkfifo,
		"mkstemp":      posixMkstemp,
		"putenv":       posixPutenv,
		"setenv":       posixSetenv,
		"unsetenv":     posixUnsetenv,
		"readlink":     posixReadlink,
		"rmdir":        func(p *process, a []rt.Value) ([]any, error) { return p.onPath(a, zero, p.rmdir, nil) },
		"unlink": func(p *process, a []rt.Value) ([]any, error) {
			return p.onPath(a, zero, p.script.Root.Remove, p.notDir)
		},
		"redirect2null": redirect2null,
		"setuid":        notHere("setuid"),
		"setgid":        notHere("setgid"),
		"sleep":         posixSleep,
		"stat":          posixStat,
		"symlink":       posixSymlink,
		"times":         posixTimes,
		"umask":         posixUmask,
		"uname":         posixUname,
		"utime":         posixUtime,
		"wait":          posixWait,
		"ctermid":       func(*process, []rt.Value) ([]any, error) { return []any{"/dev/tty"}, nil },
		"ttyname":       func(*process, []rt.Value) ([]any, error) { return []any{nil}, nil },
		"sysconf":       func(*process, []rt.Value) ([]any, error) { return []any{nil}, nil },
		"pathconf":      func(*process, []rt.Value) ([]any, error) { return []any{nil}, nil },
	}
}

func notHere(name string) native {
	return func(*process, []rt.Value) ([]any, error) {
		return failure(unix.EPERM, name), nil
	}
}

func (p *process) rmdir(name string) error {
	st, err := p.script.Root.Lstat(name)
	if err == nil && st.Mode&unix.S_IFMT != unix.S_IFDIR {
		err = unix.ENOTDIR
	}
	if err != nil {
		return err
	}
	return p.script.Root.Remove(name)
}

func (p *process) notDir(name string) error {
	st, err := p.script.Root.Lstat(name)
	if err == nil && st.Mode&unix.S_IFMT == unix.S_IFDIR {
		err = unix.EISDIR
	}
	return err
}

func posixAccess(p *process, args []rt.Value) ([]any, error) {
	name, err := text(args, 0)
	if err != nil {
		return nil, err
	}
	mode, err := textOr(args, 1, "f")
	if err != nil {
		return nil, err
	}
	if bad := strings.Trim(mode, " rwxf"); bad != "" {
		return nil, fmt.Errorf("bad argument #2 to 'access' (unknown mode option '%c')", bad[0])
	}
	st, err := p.script.Root.Stat(p.abs(name))
	if err == nil && strings.Contains(mode, "x") && st.Mode&unix.S_IFMT != unix.S_IFDIR && st.Mode&0o111 == 0 {
		err = unix.EACCES // even for root
	}
	return done(err, name)
}

func posixChdir(p *process, args []rt.Value) ([]any, error) {
	name, err := text(args, 0)
	if err != nil {
		return nil, err
	}
	dir := path.Clean(p.abs(name))
	if !p.script.Root.IsDir(dir) {
		return failure(unix.ENOENT, name), nil
	}
	p.cwd = dir
	return zero, nil
}

func posixChmod(p *process, args []rt.Value) ([]any, error) {
	name, spec, err := twoTexts(args)
	if err != nil {
		return nil, err
	}
	st, err := p.script.Root.Stat(p.abs(name))
	if err != nil {
		return failure(err, name), nil
	}
	mode, err := parseMode(st.Mode&0o7777, spec)
	if err != nil {
		return nil, fmt.Errorf("bad argument #2 to 'chmod' (bad mode)")
	}
	return done(p.script.Root.Chmod(p.abs(name), mode), name)
}

func posixChown(p *process, args []rt.Value) ([]any, error) {
	name, err := text(args, 0)
	if err != nil {
		return nil, err
	}
	uid, err := p.id(args, 1, "etc/passwd")
	if err != nil {
		return nil, err
	}
	gid, err := p.id(args, 2, "etc/group")
	if err != nil {
		return nil, err
	}
	return done(p.chown(p.abs(name), uid, gid), name)
}

// id is a number, or a name looked up in the tree.
func (p *process) id(args []rt.Value, i int, file string) (int, error) {
	if missing(args, i) {
		return -1, nil
	}
	if n, ok := rt.ToInt(args[i]); ok {
		return int(n), nil
	}
	name, err := text(args, i)
	if err != nil {
		return 0, err
	}
	for _, f := range p.accounts(file) {
		if len(f) > 2 && f[0] == name {
			return strconv.Atoi(f[2])
		}
	}
	return -1, nil
}

// accounts are the lines of passwd(5) or group(5), cut into fields.
func (p *process) accounts(file string) [][]string {
	data, _ := p.script.Root.ReadFile(file)
	var out [][]string
	for line := range strings.Lines(string(data)) {
		out = append(out, strings.Split(strings.TrimSuffix(line, "\n"), ":"))
	}
	return out
}

func posixDir(p *process, args []rt.Value) ([]any, error) {
	names, name, err := p.readDir(args)
	if names == nil {
		return failure(err, name), nil
	}
	return []any{names}, nil
}

func posixFiles(p *process, args []rt.Value) ([]any, error) {
	names, name, err := p.readDir(args)
	if names == nil {
		return failure(err, name), nil
	}
	next := 0
	return []any{closure{"files", func(*process, []rt.Value) ([]any, error) {
		if next == len(names) {
			return []any{nil}, nil
		}
		next++
		return []any{names[next-1]}, nil
	}}}, nil
}

func (p *process) readDir(args []rt.Value) (list, string, error) {
	name, err := textOr(args, 0, ".")
	if err != nil {
		return nil, name, err
	}
	names, err := p.script.Root.ReadDir(p.abs(name))
	if err != nil {
		return nil, name, err
	}
	out := list{".", ".."}
	for _, n := range names {
		out = append(out, n)
	}
	return out, name, nil
}

func posixErrno(*process, []rt.Value) ([]any, error) { return []any{"Success", int64(0)}, nil }

func posixGetenv(p *process, args []rt.Value) ([]any, error) {
	if missing(args, 0) {
		all := record{}
		for _, name := range sortedKeys(p.env) {
			all = append(all, field{name, p.env[name]})
		}
		return []any{all}, nil
	}
	name, err := text(args, 0)
	if err != nil {
		return nil, err
	}
	if v, ok := p.env[name]; ok {
		return []any{v}, nil
	}
	return []any{nil}, nil
}

func posixPutenv(p *process, args []rt.Value) ([]any, error) {
	s, err := text(args, 0)
	if err != nil {
		return nil, err
	}
	name, value, _ := strings.Cut(s, "=")
	p.env[name] = value
	return zero, nil
}

func posixSetenv(p *process, args []rt.Value) ([]any, error) {
	name, err := text(args, 0)
	if err != nil {
		return nil, err
	}
	value, err := textOr(args, 1, "")
	if err != nil {
		return nil, err
	}
	if _, exists := p.env[name]; exists && !missing(args, 2) && !rt.Truth(args[2]) {
		return zero, nil
	}
	p.env[name] = value
	return zero, nil
}

func posixUnsetenv(p *process, args []rt.Value) ([]any, error) {
	name, err := text(args, 0)
	delete(p.env, name)
	return nil, err
}

func posixLink(p *process, args []rt.Value) ([]any, error) {
	from, to, err := twoTexts(args)
	if err != nil {
		return nil, err
	}
	return done(p.link(p.abs(from), p.abs(to)), from)
}

func posixMkdir(p *process, args []rt.Value) ([]any, error) {
	name, err := text(args, 0)
	if err != nil {
		return nil, err
	}
	if p.exists(p.abs(name)) == nil {
		return failure(fs.ErrExist, name), nil
	}
	return done(p.script.Root.Mkdir(p.abs(name), os.FileMode(0o777&^p.umask)), name)
}

func posixSymlink(p *process, args []rt.Value) ([]any, error) {
	target, name, err := twoTexts(args)
	if err != nil {
		return nil, err
	}
	if p.exists(p.abs(name)) == nil {
		return failure(fs.ErrExist, target), nil
	}
	return done(p.script.Root.Symlink(target, p.abs(name)), target)
}

func posixReadlink(p *process, args []rt.Value) ([]any, error) {
	name, err := text(args, 0)
	if err != nil {
		return nil, err
	}
	target, err := p.script.Root.Readlink(p.abs(name))
	if err != nil {
		return failure(err, name), nil
	}
	return []any{target}, nil
}

func posixUmask(p *process, args []rt.Value) ([]any, error) {
	if !missing(args, 0) {
		spec, err := text(args, 0)
		if err != nil {
			return nil, err
		}
		mode, err := parseMode(^p.umask&0o777, spec)
		if err != nil {
			return []any{nil}, nil
		}
		p.umask = ^mode & 0o777
	}
	return []any{modeString(^p.umask & 0o777)}, nil
}

func posixUtime(p *process, args []rt.Value) ([]any, error) {
	name, err := text(args, 0)
	if err != nil {
		return nil, err
	}
	now := p.script.Now.Unix()
	mtime, err := integer(args, 1, now)
	if err != nil {
		return nil, err
	}
	atime, err := integer(args, 2, now)
	if err != nil {
		return nil, err
	}
	return done(p.utime(p.abs(name), mtime, atime), name)
}

func posixSleep(p *process, args []rt.Value) ([]any, error) {
	n, err := integer(args, 0, 0)
	if err != nil {
		return nil, err
	}
	select {
	case <-time.After(time.Duration(n) * time.Second):
	case <-p.ctx.Done():
		return nil, p.ctx.Err()
	}
	return zero, nil
}

// posixTimes has no processor times: they would differ from build to build.
func posixTimes(p *process, args []rt.Value) ([]any, error) {
	all := record{{"utime", 0.0}, {"stime", 0.0}, {"cutime", 0.0}, {"cstime", 0.0}, {"elapsed", float64(p.script.Now.Unix())}}
	if missing(args, 0) {
		return []any{all}, nil
	}
	name, err := text(args, 0)
	for _, f := range all {
		if f.key == name {
			return []any{f.value}, nil
		}
	}
	if err == nil {
		err = fmt.Errorf("bad argument #1 to 'posix.times' (invalid option '%s')", name)
	}
	return nil, err
}
