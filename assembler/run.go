package assembler

import (
	"bytes"
	"context"
	"fmt"

	"github.com/fimg/fimg/assembler/chroot"
	"github.com/fimg/fimg/event"
	"github.com/fimg/fimg/tree/inroot"
	"github.com/fimg/fimg/tree/rootfs"
)

// runner runs programs of one root tree. One session serves all commands but
// those that see stand-ins for files, which get a session of their own.
type runner struct {
	root    *rootfs.Root
	options chroot.Options
	session *chroot.Session
	events  event.Func
	phase   string
	env     []string
}

// open prepares the session on first use.
func (r *runner) open(ctx context.Context) error {
	if r.session != nil {
		return nil
	}
	session, err := chroot.Open(ctx, r.root.Dir(), r.options)
	if err != nil {
		return fmt.Errorf("enter root: %w", err)
	}
	r.session = session
	return nil
}

// close ends everything that runs in the root.
func (r *runner) close() error {
	if r.session == nil {
		return nil
	}
	err := r.session.Close()
	r.session = nil
	return err
}

// run implements inroot.Run.
func (r *runner) run(ctx context.Context, cmd inroot.Command) error {
	session := r.session
	if len(cmd.Overlay) > 0 || session == nil {
		options := r.options
		options.Files = cmd.Overlay
		own, err := chroot.Open(ctx, r.root.Dir(), options)
		if err != nil {
			return fmt.Errorf("enter root: %w", err)
		}
		defer own.Close()
		session = own
	}
	path := cmd.Args[0]
	if path[0] != '/' {
		found, ok := r.root.Program(path)
		if !ok {
			return &chroot.ExecError{Path: path, Err: errNoProgram}
		}
		path = found
	}
	_, err := session.Run(ctx, chroot.Command{
		Path: path, Args: cmd.Args[1:], Env: append(append(chroot.DefaultEnv(), r.env...), cmd.Env...),
		Stdin: bytes.NewReader(cmd.Stdin),
		Line: func(line string) {
			r.events.Emit(Event{Kind: event.Output, Phase: r.phase, Subject: cmd.Subject, Text: line})
		},
	})
	return err
}
