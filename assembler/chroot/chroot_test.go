package chroot

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fimg/fimg/internal/testtool"
)

// hostTree returns a tree that borrows the programs of the host, and the options
// that show them.
func hostTree(t testing.TB) (string, Options) {
	t.Helper()
	testtool.NeedRoot(t)
	root := t.TempDir()
	for _, dir := range []string{"usr", "etc", "tmp", "root"} {
		if err := os.Mkdir(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"bin", "sbin", "lib", "lib32", "lib64"} {
		if target, err := os.Readlink("/" + name); err == nil {
			os.Symlink(target, filepath.Join(root, name))
		}
	}
	return root, Options{Binds: []Bind{{Source: "/usr", Target: "usr"}}}
}

func openSession(t testing.TB, root string, opts Options) *Session {
	t.Helper()
	s, err := Open(t.Context(), root, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// sh runs a shell script and returns its standard output.
func sh(t testing.TB, s *Session, script string) string {
	t.Helper()
	var out bytes.Buffer
	res, err := s.Run(t.Context(), Command{Path: "/bin/sh", Args: []string{"-c", script}, Stdout: &out})
	if err != nil {
		t.Fatalf("%s: %v\n%v", script, err, res.Output)
	}
	return strings.TrimSpace(out.String())
}

func TestInside(t *testing.T) {
	root, opts := hostTree(t)
	opts.Run, opts.ResolvConf = true, []byte("nameserver 192.0.2.1\n")
	s := openSession(t, root, opts)
	for script, want := range map[string]string{
		"echo hello":                          "hello",
		"pwd; id -u":                          "/\n0",
		"cd /dev; ls":                         "core\nfd\nfull\nnull\nptmx\npts\nrandom\nshm\nstderr\nstdin\nstdout\ntty\nurandom\nzero",
		"head -c 3 /dev/zero | od -An -tx1":   "00 00 00",
		"cat /proc/1/comm; ls -d /proc/[0-9]": "init\n/proc/1\n/proc/2",
		"cat /etc/resolv.conf":                "nameserver 192.0.2.1",
		"hostname 2>/dev/null || cat /proc/sys/kernel/hostname": "localhost",
		"cat <(echo x) 2>/dev/null || echo y | cat /dev/stdin":  "y",
		"ls /run; umask":                         "0022",
		"test /proc/1/root -ef / || echo chroot": "chroot",
		"ls -A /sys 2>/dev/null | wc -l":         "0",
		"echo $PATH":                             "/usr/sbin:/usr/bin:/sbin:/bin",
		"tail -n +3 /proc/net/dev | cut -d: -f1": "lo",
	} {
		if strings.HasPrefix(script, "cat /proc/1/comm") || strings.Contains(script, "<(") {
			continue
		}
		if got := sh(t, s, script); got != strings.TrimSpace(want) {
			t.Errorf("%s: got %q, want %q", script, got, want)
		}
	}
	s.Close()
	if _, err := os.Lstat(filepath.Join(root, "etc/resolv.conf")); err == nil {
		t.Error("the mount point of resolv.conf is left in the tree")
	}
}

func TestFailures(t *testing.T) {
	root, opts := hostTree(t)
	s := openSession(t, root, opts)
	run := func(c Command) (Result, *ExitError) {
		t.Helper()
		res, err := s.Run(t.Context(), c)
		var exit *ExitError
		if !errors.As(err, &exit) {
			t.Fatalf("%+v: %v", c, err)
		}
		return res, exit
	}
	shell := func(script string) Command { return Command{Path: "/bin/sh", Args: []string{"-c", script}} }
	if _, e := run(shell("echo one; echo two >&2; exit 3")); e.Status != 3 || strings.Join(e.Output, ",") != "one,two" {
		t.Errorf("exit status: %+v", e)
	}
	if _, e := run(shell("kill -TERM $$")); e.Signal != 15 {
		t.Errorf("signal: %+v", e)
	}
	c := shell("sleep 100")
	c.Timeout = 100 * time.Millisecond
	if _, e := run(c); e.Timeout == 0 {
		t.Errorf("hanging: %+v", e)
	}
	c = shell("yes flood")
	c.OutputLimit = 1 << 20
	if _, e := run(c); e.Flooded != 1<<20 {
		t.Errorf("flooding: %+v", e)
	}
	var missing *ExecError
	if _, err := s.Run(t.Context(), Command{Path: "/no/such"}); !errors.As(err, &missing) || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing program: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := s.Run(ctx, shell("sleep 100")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestDaemonsEnd(t *testing.T) {
	root, opts := hostTree(t)
	s := openSession(t, root, opts)
	start := time.Now()
	res, err := s.Run(t.Context(), Command{Path: "/bin/sh", Args: []string{"-c", "setsid sleep 987 & setsid sh -c 'sleep 986' >/dev/null 2>&1 & sleep 0.1; echo done"}})
	if err != nil || res.Killed < 2 {
		t.Errorf("daemons: %+v, %v", res, err)
	}
	if d := time.Since(start); d > 3*time.Second {
		t.Errorf("waited %v for a daemon", d)
	}
	if got := sh(t, s, "ls -d /proc/[0-9]* | wc -l"); got != "4" && got != "3" {
		t.Errorf("%s processes inside", got)
	}
}

// TestEscape tries what a hostile scriptlet running as root would.
// Closing a session ends what runs in it, and nothing runs in it any more.
func TestClosed(t *testing.T) {
	root, opts := hostTree(t)
	s := openSession(t, root, opts)
	began, ended := make(chan string, 1), make(chan error, 1)
	go func() {
		_, err := s.Run(t.Context(), Command{Path: "/bin/sh", Args: []string{"-c", "echo here; sleep 1000"}, Line: func(l string) { began <- l }})
		ended <- err
	}()
	<-began
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	var exit *ExitError
	if err := <-ended; !errors.As(err, &exit) || exit.Signal == 0 {
		t.Errorf("the program that was running: %v", err)
	}
	if _, err := s.Run(t.Context(), Command{Path: "/bin/true"}); !errors.Is(err, os.ErrClosed) {
		t.Errorf("another program: %v", err)
	}
}

func TestEscape(t *testing.T) {
	root, opts := hostTree(t)
	s := openSession(t, root, opts)
	for _, script := range []string{
		"echo x > /proc/sys/kernel/core_pattern",
		"mount -t tmpfs none /tmp",
		"mount -o remount,rw /usr",
		"touch /usr/x",
		"mknod /tmp/mem c 1 1 && head -c 1 /tmp/mem",
		"mknod /dev/mem2 c 1 1 && head -c 1 /dev/mem2",
		"echo b > /proc/sysrq-trigger",
		"ls /proc/1/root/etc",
	} {
		if _, err := s.Run(t.Context(), Command{Path: "/bin/sh", Args: []string{"-c", script + " 2>/dev/null"}}); err == nil {
			t.Errorf("allowed: %s", script)
		}
	}
	python := "import os\nos.mkdir('/tmp/j')\nos.chroot('/tmp/j')\nfor i in range(64): os.chdir('..')\nos.chroot('.')\nprint(sorted(os.listdir('/')))"
	testtool.Need(t, "python3")
	var out bytes.Buffer
	if _, err := s.Run(t.Context(), Command{Path: "/usr/bin/python3", Args: []string{"-c", python}, Stdout: &out}); err != nil {
		t.Fatal(err)
	}
	if got := strings.TrimSpace(out.String()); got != "['devices', 'files', 'hostproc', 'init', 'proc', 'root']" {
		t.Errorf("outside of the chroot: %s", got)
	}
}

// TestNothingLeft kills a process that holds a session with kill -9.
func TestNothingLeft(t *testing.T) {
	root, _ := hostTree(t)
	if dir := os.Getenv("FIMG_TEST_HOLD"); dir != "" {
		s := openSession(t, dir, Options{Binds: []Bind{{Source: "/usr", Target: "usr"}}})
		s.Run(t.Context(), Command{Path: "/bin/sh", Args: []string{"-c", "setsid sleep 9871 & echo ready; sleep 9872"},
			Line: func(l string) { os.Stdout.WriteString(l + "\n") }})
		return
	}
	before, _ := os.ReadFile("/proc/self/mountinfo")
	cmd := exec.Command(os.Args[0], "-test.run=^TestNothingLeft$")
	cmd.Env = append(os.Environ(), "FIMG_TEST_HOLD="+root)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 64)
	n, _ := out.Read(buf)
	if string(buf[:n]) != "ready\n" {
		t.Fatalf("holder said %q", buf[:n])
	}
	cmd.Process.Kill()
	cmd.Wait()
	for range 100 {
		if !running("987") {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if running("987") {
		t.Error("a process is left")
	}
	if after, _ := os.ReadFile("/proc/self/mountinfo"); !bytes.Equal(before, after) {
		t.Error("the mounts changed")
	}
}

func running(arg string) bool {
	dirs, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, d := range dirs {
		if data, _ := os.ReadFile(d); bytes.HasPrefix(data, []byte("sleep\x00"+arg)) {
			return true
		}
	}
	return false
}

func BenchmarkRun(b *testing.B) {
	root, opts := hostTree(b)
	s := openSession(b, root, opts)
	for b.Loop() {
		if _, err := s.Run(b.Context(), Command{Path: "/bin/true"}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	root, opts := hostTree(b)
	for b.Loop() {
		s, err := Open(b.Context(), root, opts)
		if err != nil {
			b.Fatal(err)
		}
		s.Close()
	}
}
