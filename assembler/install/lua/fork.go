package lua

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	rt "github.com/arnodel/golua/runtime"

	"github.com/fimg/fimg/assembler/chroot"
)

// posixFork runs the child to its end and then returns its number in the parent;
// see the package comment.
func posixFork(p *process, _ []rt.Value) ([]any, error) {
	if p.nextPID > 1000+maxForks {
		return nil, fmt.Errorf("too many processes")
	}
	c := p.child()
	defer c.close()
	if err := c.run(); err != nil {
		c.status = 1
		c.out.Write([]byte(err.Error() + "\n"))
		c.out.flush()
	}
	pid := p.nextPID
	p.nextPID = c.nextPID
	p.children[pid] = c.status
	return []any{int64(pid)}, nil
}

// posixWait forgets a child; it has ended long ago.
func posixWait(p *process, args []rt.Value) ([]any, error) {
	pid, err := integer(args, 0, -1)
	if err != nil {
		return nil, err
	}
	for _, child := range slices.Sorted(maps.Keys(p.children)) {
		if pid == -1 || int64(child) == pid {
			delete(p.children, child)
			return []any{int64(child)}, nil
		}
	}
	return []any{nil, "No child processes", int64(10)}, nil
}

// posixExec runs a program in place of a child.
func posixExec(p *process, args []rt.Value) ([]any, error) {
	if !p.forked {
		return nil, errors.New("exec not permitted in this context")
	}
	argv, err := texts(args)
	if err != nil {
		return nil, err
	}
	res, err := p.exec(chroot.Command{Path: argv[0], Args: argv[1:]})
	var missing *chroot.ExecError
	if errors.As(err, &missing) {
		return failure(missing.Err, argv[0]), nil
	}
	return nil, &exit{res.Status}
}

func texts(args []rt.Value) ([]string, error) {
	if len(args) == 0 {
		args = []rt.Value{rt.NilValue}
	}
	var out []string
	for i := range args {
		s, err := text(args, i)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

func redirect2null(p *process, args []rt.Value) ([]any, error) {
	if !p.forked {
		return nil, errors.New("redirect2null not permitted in this context")
	}
	n, err := integer(args, 0, -1)
	if err != nil {
		return nil, err
	}
	if n >= 0 && n < int64(len(p.null)) {
		p.null[n] = true
		p.out.mute = p.out.mute || n == 1
	}
	return []any{n}, nil
}
