package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"
)

const arch = "x86_64"

type bench struct {
	work, fimg string
	runs       int
	groups     []string // of a request like a description's, where the repositories have groups
}

// result is the best time and the largest memory of several runs.
type result struct {
	time, cpu time.Duration
	memory    int64 // KiB
}

func (r *result) add(one result) {
	if r.time == 0 || one.time < r.time {
		r.time = one.time
	}
	if r.cpu == 0 || one.cpu < r.cpu {
		r.cpu = one.cpu
	}
	r.memory = max(r.memory, one.memory)
}

// request is one line of the comparison.
type request struct {
	name string
	cold bool
	args []string // with options that both programs know
}

// requests are a package without a cache, and with one: a package, 30, as many as
// there are, and what a kiwi description asks for.
func requests(set, kiwi []string) []request {
	some := set[:min(30, len(set))]
	return []request{
		{"cold", true, set[:1]}, {"warm 1", false, set[:1]}, {"warm " + strconv.Itoa(len(some)), false, some},
		{"warm " + strconv.Itoa(len(set)), false, set}, {"warm kiwi", false, kiwi},
	}
}

// compare makes the requests of both programs in turn and prints a line for each.
func (b *bench) compare(label string, dirs []string, list []request) error {
	for _, q := range list {
		var fimg, dnf result
		for range b.runs {
			if q.cold {
				os.RemoveAll(filepath.Join(b.work, "cache"))
				os.RemoveAll(filepath.Join(b.work, "dnf"))
			}
			f, err := measure(b.fimgCmd("cache", dirs, q.args))
			if err != nil {
				return fmt.Errorf("fimg: %w", err)
			}
			d, err := measure(b.dnfCmd(dirs, q.args))
			var exit *exec.ExitError
			if err != nil && !errors.As(err, &exit) { // it ends with 1 when it may not install
				return fmt.Errorf("dnf: %w", err)
			}
			fimg.add(f)
			dnf.add(d)
		}
		fmt.Printf("%-9s %-9s %8.3f %8.3f %6.1fx %9.3f %9.3f %6.1fx %8d %8d\n", label, q.name,
			fimg.time.Seconds(), dnf.time.Seconds(), dnf.time.Seconds()/fimg.time.Seconds(),
			fimg.cpu.Seconds(), dnf.cpu.Seconds(), dnf.cpu.Seconds()/fimg.cpu.Seconds(), fimg.memory>>10, dnf.memory>>10)
	}
	return nil
}

func (b *bench) fimgCmd(cache string, dirs, args []string) *exec.Cmd {
	line := []string{"resolve", "--arch", arch, "--json", "--cache-dir", filepath.Join(b.work, cache)}
	for _, d := range dirs {
		line = append(line, "--repo", d)
	}
	return exec.Command(b.fimg, append(line, args...)...)
}

func (b *bench) dnfCmd(dirs, args []string) *exec.Cmd {
	line := []string{"-q", "--installroot", filepath.Join(b.work, "root"), "--setopt=reposdir=/nonexistent",
		"--setopt=cachedir=" + filepath.Join(b.work, "dnf"), "--setopt=plugins=0", "--setopt=gpgcheck=0",
		"--releasever=9", "--forcearch=" + arch, "--assumeno"}
	for i, d := range dirs {
		line = append(line, fmt.Sprintf("--repofrompath=r%d,file://%s", i, d), fmt.Sprintf("--repo=r%d", i))
	}
	return exec.Command("dnf", slices.Concat(line, []string{"install"}, args)...)
}

// measure runs a command to its end.
func measure(cmd *exec.Cmd) (result, error) {
	start := time.Now()
	err := cmd.Run()
	took := time.Since(start)
	s := cmd.ProcessState
	if s == nil {
		return result{}, err
	}
	r := result{time: took, cpu: s.UserTime() + s.SystemTime()}
	if usage, ok := s.SysUsage().(*syscall.Rusage); ok {
		r.memory = usage.Maxrss
	}
	return r, err
}
