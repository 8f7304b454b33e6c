package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/fimg/fimg/assembler/chroot"
)

// interruption ends the work when somebody asks for it: by a signal, or by no longer
// reading what the program prints. What is unfinished is taken away then; a second
// signal ends the program as it stands.
type interruption struct {
	ctx     context.Context
	cancel  context.CancelCauseFunc
	signals []os.Signal
	arrived chan os.Signal
	noted   chan struct{} // closed when nothing more is taken from arrived
}

// unreadError is the cause when the reader of a pipe is gone.
type unreadError struct{ file *os.File }

func (e *unreadError) Error() string { return "nobody reads " + e.file.Name() }

// patience is how long a second signal is not taken for a wish: a key reaches all
// processes of a terminal, and one in a user namespace gets it from its parent too.
const patience = time.Second

func newInterruption() *interruption {
	i := &interruption{}
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		if !signal.Ignored(s) { // as nohup(1) and shells do for the background
			i.signals = append(i.signals, s)
		}
	}
	i.ctx, i.cancel = context.WithCancelCause(context.Background())
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) // so that a write fails instead
	i.hold()
	return i
}

// hold has the first signal end the work.
func (i *interruption) hold() {
	arrived, noted := make(chan os.Signal, 1), make(chan struct{})
	i.arrived, i.noted = arrived, noted
	if len(i.signals) > 0 {
		signal.Notify(arrived, i.signals...)
	}
	go func() {
		_, one := <-arrived
		if one {
			i.cancel(context.Canceled)
		}
		close(noted)
		if one {
			time.Sleep(patience)
			signal.Reset(i.signals...)
		}
	}()
}

// release gives signals their usual effect. None is lost: the context has ended if
// one came before.
func (i *interruption) release() {
	signal.Stop(i.arrived)
	close(i.arrived)
	<-i.noted
}

// enterBuild lets an ordinary user work as root of a user namespace, and hides
// what is mounted from everybody else. Both run the program anew: until that is
// done there is nothing to take away, and a signal simply ends it.
func (i *interruption) enterBuild() (private bool, err error) {
	i.release()
	defer i.hold()
	if err := i.ctx.Err(); err != nil {
		return false, err
	}
	if err := chroot.EnterUserNamespace(); err != nil {
		return false, err
	}
	return chroot.EnterPrivateMounts(), nil
}

// output is a standard file; without a reader the work ends.
func (i *interruption) output(f *os.File) io.Writer { return &output{f, i.cancel} }

// end ends the program by the signal for a pipe without a reader, if that is why
// the work ended.
func (i *interruption) end() {
	if unread := unreadOutput(i.ctx); unread != nil {
		signal.Reset(syscall.SIGPIPE)
		unread.Write([]byte("\n"))
	}
}

// unreadOutput is the file that nobody reads, if the work ended for that.
func unreadOutput(ctx context.Context) *os.File {
	var unread *unreadError
	if errors.As(context.Cause(ctx), &unread) {
		return unread.file
	}
	return nil
}

type output struct {
	file   *os.File
	cancel context.CancelCauseFunc
}

func (o *output) Write(p []byte) (int, error) {
	n, err := o.file.Write(p)
	if errors.Is(err, syscall.EPIPE) {
		o.cancel(&unreadError{o.file})
	}
	return n, err
}

// standardFile is the file behind a writer of the program; nil when there is none.
func standardFile(w io.Writer) *os.File {
	if o, ok := w.(*output); ok {
		return o.file
	}
	return nil
}
