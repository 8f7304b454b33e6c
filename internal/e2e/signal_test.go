package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/fimg/fimg/internal/testtool"
)

// moments of a build to stop it at: so long after the phase has begun. No phase is
// the start of the program.
var moments = []struct {
	phase string
	after time.Duration
}{{"", 30 * time.Millisecond}, {"download", 0}, {"install", time.Second}, {"initrd", time.Second}, {"formats", time.Second}}

// underway is a build that has begun.
type underway struct {
	t      *testing.T
	cmd    *exec.Cmd
	events io.Reader
	errors strings.Builder
}

// begin starts fimg and follows its events.
func begin(t *testing.T, args ...string) *underway {
	t.Helper()
	b := &underway{t: t, cmd: exec.Command(fimg(t), append(args, "--json")...)}
	b.cmd.Stderr = &b.errors
	out, err := b.cmd.StdoutPipe()
	if err == nil {
		err = b.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	b.events = out
	return b
}

// await reads events until a phase begins.
func (b *underway) await(phase string) {
	b.t.Helper()
	lines := bufio.NewScanner(b.events)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e struct{ Type, Phase string }
		if json.Unmarshal(lines.Bytes(), &e) == nil && e.Type == "phase" && e.Phase == phase {
			return
		}
	}
	b.t.Fatalf("the build ended before phase %s: %s", phase, b.errors.String())
}

func (b *underway) signal(s os.Signal) {
	b.t.Helper()
	if err := b.cmd.Process.Signal(s); err != nil {
		b.t.Error(err)
	}
}

// end waits for the end and returns what was said on standard error.
func (b *underway) end() (*os.ProcessState, string) {
	io.Copy(io.Discard, b.events)
	b.cmd.Wait()
	return b.cmd.ProcessState, b.errors.String()
}

// stopped starts a whole build, sends the signal at a moment and returns the
// processes it had then, how it ended and what it said on standard error.
func stopped(t *testing.T, target, phase string, after time.Duration, signal syscall.Signal) (children []int, state *os.ProcessState, text string) {
	t.Helper()
	b := begin(t, cloudArgs(t, target)...)
	if phase != "" {
		b.await(phase)
	}
	time.Sleep(after)
	children = descendants(b.cmd.Process.Pid)
	b.cmd.Process.Signal(signal)
	state, text = b.end()
	return children, state, text
}

// descendants are the processes below one, by their ids here.
func descendants(pid int) []int {
	var list []int
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, task := range tasks {
		text, _ := os.ReadFile(task)
		for _, word := range strings.Fields(string(text)) {
			var child int
			fmt.Sscan(word, &child)
			list = append(append(list, child), descendants(child)...)
		}
	}
	return list
}

// allEnded fails when one of the processes is still there after a while.
func allEnded(t *testing.T, pids []int) {
	t.Helper()
	deadline := time.Now().Add(5 * time.Second)
	for _, pid := range pids {
		for syscall.Kill(pid, 0) == nil {
			if time.Now().After(deadline) {
				line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
				t.Errorf("process %d is still there: %q", pid, line)
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
}

// An interrupted build says so, and leaves no file, no mount and no process.
func TestSignal(t *testing.T) {
	testtool.Long(t)
	testtool.NeedRoot(t)
	for _, m := range moments {
		t.Run(m.phase, func(t *testing.T) {
			target := filepath.Join(t.TempDir(), "out")
			begin := time.Now()
			children, state, text := stopped(t, target, m.phase, m.after, syscall.SIGINT)
			if m.phase == "" && state.ExitCode() == -1 {
				return // before the program could take notice
			}
			if state.ExitCode() != 130 || !strings.Contains(text, `"interrupted"`) || strings.Count(text, "\n") != 1 {
				t.Errorf("%s after %s: %s", state, time.Since(begin), text)
			}
			allEnded(t, children)
			nothingLeft(t, target)
		})
	}
}

// A build that is killed leaves no result, no mount and no process, and the next
// one in the same place works, to the bit, and takes away what was left.
func TestKill(t *testing.T) {
	testtool.Long(t)
	testtool.NeedRoot(t)
	target := filepath.Join(t.TempDir(), "out")
	for _, m := range moments[2:] {
		children, _, _ := stopped(t, target, m.phase, m.after, syscall.SIGKILL)
		allEnded(t, children)
		if entries, _ := filepath.Glob(target + "/[^.]*"); len(entries) > 0 {
			t.Errorf("%s: results %v", m.phase, entries)
		}
		if mounts, _ := os.ReadFile("/proc/self/mounts"); strings.Contains(string(mounts), target) {
			t.Errorf("%s: still mounted:\n%s", m.phase, mounts)
		}
	}
	description := recipe(t, base, "", testtool.Repo(t))
	undisturbed := filepath.Join(t.TempDir(), "out")
	for dir, cacheDir := range map[string]string{target: cache(), undisturbed: t.TempDir()} {
		status, text := command(t, "build", "--quiet", "--cache-dir", cacheDir, "--target-dir", dir, "--description", description)
		if status != 0 {
			t.Errorf("the next build: exit status %d: %s", status, text)
		}
	}
	sameResults(t, undisturbed, target)
	if _, err := os.Lstat(filepath.Join(target, ".fimg-build")); err == nil {
		t.Error("what the killed builds left is still there")
	}
}

// sameResults compares two target directories, but for the list that has their names.
func sameResults(t *testing.T, want, got string) {
	t.Helper()
	entries, err := os.ReadDir(want)
	if err != nil || len(entries) == 0 {
		t.Fatalf("no results: %v", err)
	}
	for _, e := range entries {
		if e.Name() == "kiwi.result.json" {
			continue
		}
		if out, err := exec.Command("cmp", filepath.Join(want, e.Name()), filepath.Join(got, e.Name())).CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
	}
}
