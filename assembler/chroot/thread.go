package chroot

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// thread is an operating system thread of our own. Its namespaces, root, working
// directory and umask may be changed freely: when stopped it is not used again.
type thread struct {
	work chan func()
}

func startThread() *thread {
	t := &thread{work: make(chan func())}
	go t.serve()
	return t
}

// serve never runs on the process's first thread: that one stands for the whole
// process in /proc and cannot end.
func (t *thread) serve() {
	runtime.LockOSThread()
	if unix.Gettid() == unix.Getpid() {
		moved := make(chan struct{})
		go func() { close(moved); t.serve() }()
		<-moved
		runtime.UnlockOSThread()
		return
	}
	for f := range t.work {
		f()
	}
	// Ending while locked ends the thread.
}

// do runs f on the thread and waits for it.
func (t *thread) do(f func() error) error {
	done := make(chan error, 1)
	t.work <- func() { done <- f() }
	return <-done
}

func (t *thread) stop() { close(t.work) }
