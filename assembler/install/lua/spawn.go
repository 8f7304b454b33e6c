package lua

import (
	"errors"
	"io"
	"os"

	rt "github.com/arnodel/golua/runtime"

	"github.com/fimg/fimg/assembler/chroot"
)

// rpmSpawn runs a program with its standard files redirected as the second
// argument says: stdin is read, stdout and stderr are appended to files, all
// inside the root.
func rpmSpawn(p *process, args []rt.Value) ([]any, error) {
	argv, err := tableStrings(args, 0)
	if err != nil {
		return nil, err
	}
	if len(argv) == 0 {
		return nil, errors.New("command not supplied")
	}
	names, err := directives(args)
	if err != nil {
		return nil, err
	}
	r := redirection{p: p, c: chroot.Command{Path: argv[0], Args: argv[1:]}}
	defer r.close()
	if err := r.open(names); err != nil {
		return failure(err, ""), nil
	}
	return p.spawn(r.c), nil
}

// directives are the files named for stdin, stdout and stderr.
func directives(args []rt.Value) (names [3]string, err error) {
	if len(args) < 2 {
		return names, nil
	}
	t, ok := args[1].TryTable()
	if !ok {
		return names, nil
	}
	key, value, _ := t.Next(rt.NilValue)
	for ; !key.IsNil(); key, value, _ = t.Next(key) {
		name, _ := key.ToString()
		i, known := map[string]int{"stdin": 0, "stdout": 1, "stderr": 2}[name]
		if !known {
			return names, errors.New("invalid spawn directive: " + name)
		}
		names[i], _ = value.ToString()
	}
	return names, nil
}

// redirection is a program with its files.
type redirection struct {
	p     *process
	c     chroot.Command
	files []io.Closer
	out   lineWriter // standard output that is not redirected
}

func (r *redirection) close() {
	r.out.flush()
	for _, f := range r.files {
		f.Close()
	}
}

// open opens the files and hands them to the program.
func (r *redirection) open(names [3]string) error {
	if names[0] != "" {
		f, err := r.file(names[0], os.O_RDONLY)
		if err != nil {
			return err
		}
		r.c.Stdin = f
	}
	const out = os.O_WRONLY | os.O_APPEND | os.O_CREATE
	if names[1] != "" {
		f, err := r.file(names[1], out)
		if err != nil {
			return err
		}
		r.c.Stdout = f
	}
	if names[2] == "" {
		return nil
	}
	f, err := r.file(names[2], out)
	if err != nil {
		return err
	}
	if r.c.Stdout == nil && !r.p.null[1] {
		r.out.line = r.p.script.Line
		r.c.Stdout = &r.out
	}
	r.c.Line = func(line string) { _, _ = io.WriteString(f, line+"\n") }
	return nil
}

// nothing stands for /dev/null: the tree's own /dev is not what programs see.
type nothing struct{ io.Writer }

func (nothing) Read([]byte) (int, error) { return 0, io.EOF }

// file opens a file of the root.
func (r *redirection) file(name string, flags int) (io.ReadWriter, error) {
	if name == "/dev/null" {
		return nothing{io.Discard}, nil
	}
	f, err := r.p.script.Root.OpenFile(r.p.abs(name), flags|oNonblock, os.FileMode(0o666&^r.p.umask))
	if err != nil {
		return nil, err
	}
	r.files = append(r.files, f)
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, errors.Join(err, os.ErrPermission)
	}
	return f, nil
}
