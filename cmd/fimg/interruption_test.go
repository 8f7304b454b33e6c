package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// asProgram in the environment makes the test program behave as fimg.
const asProgram = "FIMG_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

// program prepares a command line of fimg behind one of its own, which may be empty.
func program(t *testing.T, before []string, args ...string) *exec.Cmd {
	t.Helper()
	line := append(append(before, os.Args[0]), args...)
	cmd := exec.CommandContext(t.Context(), line[0], line[1:]...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	cmd.Stderr = &strings.Builder{}
	return cmd
}

// waiting starts fimg and returns when it reads a lock that never ends, with the
// file to write it to.
func waiting(t *testing.T, before ...string) (*exec.Cmd, *os.File) {
	t.Helper()
	pipe := filepath.Join(t.TempDir(), "lock")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := program(t, before, "plan", "--description", writeSmall(t, small), "--profile", "Disk", "--arch", "x86_64", "--lock", pipe)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for range 6000 {
		lock, err := os.OpenFile(pipe, os.O_WRONLY|syscall.O_NONBLOCK, 0)
		if err == nil {
			t.Cleanup(func() { lock.Close() })
			return cmd, lock
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("the lock is not read: %s", cmd.Stderr)
	return nil, nil
}

// A program that does not end when asked to is ended by asking again.
func TestSecondSignal(t *testing.T) {
	cmd, _ := waiting(t)
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for tick := time.Tick(50 * time.Millisecond); ; {
		select {
		case <-ended:
			if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGINT {
				t.Errorf("%s: %s", cmd.ProcessState, cmd.Stderr)
			}
			return
		case <-tick:
			cmd.Process.Signal(os.Interrupt)
		}
	}
}

// What nohup(1) has the kernel ignore is ignored.
func TestIgnoredSignal(t *testing.T) {
	cmd, lock := waiting(t, "/bin/sh", "-c", `trap "" HUP INT; exec "$0" "$@"`)
	for _, s := range []os.Signal{syscall.SIGHUP, os.Interrupt} {
		if err := cmd.Process.Signal(s); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := lock.WriteString("{}"); err != nil {
		t.Fatal(err)
	}
	lock.Close()
	if cmd.Wait(); cmd.ProcessState.ExitCode() != 4 {
		t.Errorf("%s: %s", cmd.ProcessState, cmd.Stderr)
	}
}

// A program whose output nobody reads ends by the signal for that, in silence.
func TestUnread(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	defer w.Close()
	cmd := program(t, nil, "profiles", "--description", writeSmall(t, small))
	cmd.Stdout = w
	cmd.Run()
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGPIPE || cmd.Stderr.(*strings.Builder).Len() > 0 {
		t.Errorf("%s: %s", cmd.ProcessState, cmd.Stderr)
	}
}
