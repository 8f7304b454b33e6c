package chroot

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// Session is a root tree made ready for running programs. Its methods may be
// called from several goroutines; programs then run side by side.
type Session struct {
	opts    Options
	root    string // host path of the tree, absolute, without links
	thread  *thread
	init    *os.Process
	alive   *os.File // process 1 ends when this is closed
	null    *os.File
	ownProc bool // /proc shows the pid namespace of the session
	created []spotFile
	temp    *os.File // directory tempDir inside
	temps   atomic.Int64
	running sync.WaitGroup
	slot    sync.Mutex // held by a program that may kill what others left
	busy    int
	ended   bool
	once    sync.Once
	closed  error
}

// spotFile is an empty file made in the tree as a mount point.
type spotFile struct{ dir, base string }

// Open makes the tree at root ready. The directories proc and dev (and, as far as
// asked for, sys, run, tmp, var/tmp) are made when missing. Errors are a
// *CapabilityError where the kernel or the container does not allow it.
func Open(ctx context.Context, root string, opts Options) (*Session, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := CheckArch(opts.Arch, root); err != nil {
		return nil, err
	}
	real, err := realRoot(root)
	if err != nil {
		return nil, err
	}
	null, err := os.OpenFile("/dev/null", os.O_RDWR, 0)
	if err != nil {
		return nil, fmt.Errorf("open session: %w", err)
	}
	// The first use of package os for processes makes it try out pidfds with a
	// child; that must not become process 1.
	if _, err := os.FindProcess(os.Getpid()); err != nil {
		return nil, fmt.Errorf("open session: %w", err)
	}
	s := &Session{opts: opts, root: real, thread: startThread(), null: null}
	if err := s.thread.do(s.enter); err != nil {
		s.Close()
		return nil, fmt.Errorf("open session in %s: %w", root, err)
	}
	return s, nil
}

func realRoot(root string) (string, error) {
	abs, err := filepath.Abs(root)
	if err == nil {
		abs, err = filepath.EvalSymlinks(abs)
	}
	if err == nil && abs == "/" {
		err = fmt.Errorf("is the host's own root")
	}
	if err != nil {
		return "", fmt.Errorf("open root tree %s: %w", root, err)
	}
	return abs, nil
}

// Root returns the host path of the tree.
func (s *Session) Root() string { return s.root }

// Close ends every process still running inside and takes the mounts away. Programs
// that are run later are an error.
func (s *Session) Close() error {
	s.once.Do(func() {
		s.slot.Lock()
		s.ended = true
		s.slot.Unlock()
		if s.alive != nil {
			s.alive.Close()
		}
		if s.init != nil {
			s.init.Kill()
			_, s.closed = s.init.Wait()
		}
		s.running.Wait()
		s.thread.stop()
		s.null.Close()
		if s.temp != nil {
			s.temp.Close()
		}
		s.removeSpots()
	})
	return s.closed
}

// removeSpots removes the mount points made in the tree that are still empty.
func (s *Session) removeSpots() {
	for _, f := range s.created {
		full := filepath.Join(s.root, f.dir, f.base)
		if info, err := os.Lstat(full); err == nil && info.Mode().IsRegular() && info.Size() == 0 {
			os.Remove(full)
		}
	}
}

// startInit starts process 1 and waits until it has mounted /proc; it returns
// the error of that mount.
func (s *Session) startInit() (mountErr, err error) {
	alive, hold, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("start process 1: %w", err)
	}
	defer alive.Close()
	s.alive = hold
	answer, say, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("start process 1: %w", err)
	}
	defer answer.Close()
	s.init, err = os.StartProcess("/init", []string{"init"}, &os.ProcAttr{
		Dir: "/", Env: []string{}, Files: []*os.File{alive, say, s.null},
		Sys: initAttr(),
	})
	say.Close()
	if err != nil {
		return nil, fmt.Errorf("start process 1: %w", err)
	}
	return readAnswer(answer)
}

// readAnswer reads the result of mount(2) as the kernel returned it.
func readAnswer(r *os.File) (mountErr, err error) {
	r.SetReadDeadline(time.Now().Add(10 * time.Second))
	var raw [8]byte
	if n, err := r.Read(raw[:]); err != nil || n != len(raw) {
		return nil, fmt.Errorf("start process 1: no answer: %v", err)
	}
	if code := nativeInt64(raw); code < 0 {
		return unix.Errno(-code), nil
	}
	return nil, nil
}

// tempDir holds files of the session that programs see; it is part of the private
// /dev, not of the tree.
const tempDir = ".session"

// TempFile makes a file that programs inside can read and that is not part of the
// tree. It returns its path inside and a function that removes it.
func (s *Session) TempFile(name string, data []byte) (path string, remove func(), err error) {
	base := fmt.Sprintf("%s.%d", name, s.temps.Add(1))
	dir := int(s.temp.Fd())
	if err := writeAt(dir, base, data, 0o644); err != nil {
		return "", nil, fmt.Errorf("make temporary file: %w", err)
	}
	return "/dev/" + tempDir + "/" + base, func() { unix.Unlinkat(dir, base, 0) }, nil
}
