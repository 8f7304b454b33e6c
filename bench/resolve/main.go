// Command resolve compares "fimg resolve" with dnf 4, from the start of the
// process to the answer: with no cache, and with a warm one for a single package
// and for a set of 100. It runs both in turn on repositories made from the Debian
// archive's index and on those given, and prints seconds, memory and ratios (dnf
// divided by fimg).
//
//	go run ./bench/resolve [-sizes 1000,60000] [-runs 3] [-dir WORK] [-real DIR,DIR -args NAME,NAME…]
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fimg/fimg/bench/resolve/debrepo"
)

func main() {
	sizes := flag.String("sizes", "1000,5000,20000,60000,120000", "packages of the generated repositories")
	runs := flag.Int("runs", 3, "measurements of each kind; the fastest counts")
	work := flag.String("dir", "", "work directory (default: a temporary one)")
	realDirs := flag.String("real", "", "directories of one more set of repositories")
	args := flag.String("args", "", "packages to install from them: one, then those of a set")
	flag.Parse()
	if err := run(*sizes, *runs, *work, split(*realDirs), split(*args)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func split(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' })
}

func run(sizes string, runs int, work string, realDirs, args []string) error {
	if work == "" {
		dir, err := os.MkdirTemp("", "fimg-bench-resolve-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		work = dir
	}
	b := bench{work: work, runs: runs, fimg: filepath.Join(work, "fimg")}
	if out, err := exec.Command("go", "build", "-o", b.fimg, "./cmd/fimg").CombinedOutput(); err != nil {
		return fmt.Errorf("build fimg: %w\n%s", err, out)
	}
	fmt.Printf("%-12s %-10s %9s %9s %7s %9s %9s\n", "packages", "case", "fimg s", "dnf s", "ratio", "fimg MB", "dnf MB")
	if len(realDirs) > 0 && len(args) > 0 {
		if err := b.compare("given", realDirs, args[:1], args); err != nil {
			return err
		}
	}
	list, err := debrepo.Available()
	if err != nil {
		return err
	}
	for _, text := range split(sizes) {
		n, err := strconv.Atoi(text)
		if err != nil {
			return err
		}
		if err := b.generated(list, n); err != nil {
			return err
		}
	}
	return nil
}

// generated compares on a repository of n packages.
func (b *bench) generated(list []debrepo.Package, n int) error {
	dir := filepath.Join(b.work, strconv.Itoa(n))
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := debrepo.Write(dir, list, n); err != nil {
		return err
	}
	set := b.pick(dir, list[:min(n, len(list))])
	if len(set) == 0 {
		return errors.New("no package of the repository can be installed")
	}
	return b.compare(strconv.Itoa(n), []string{dir}, set[:1], set)
}

// pick chooses up to 100 packages, spread over the list, that can be installed
// together.
func (b *bench) pick(dir string, list []debrepo.Package) []string {
	var set []string
	step := max(1, len(list)/150)
	for i := len(list) - 1; i >= 0 && len(set) < 100; i -= step {
		more := append(slices.Clone(set), list[i]["Package"])
		if _, err := measure(b.fimgCmd("cache-pick", []string{dir}, more)); err == nil {
			set = more
		}
	}
	return set
}

type bench struct {
	work, fimg string
	runs       int
}

// result is the best time and the largest memory of several runs.
type result struct {
	time   time.Duration
	memory int64 // KiB
}

func (r *result) add(one result) {
	if r.time == 0 || one.time < r.time {
		r.time = one.time
	}
	r.memory = max(r.memory, one.memory)
}

// compare runs the three cases and prints a line for each.
func (b *bench) compare(label string, dirs, one, set []string) error {
	for _, c := range []struct {
		name string
		cold bool
		args []string
	}{{"cold", true, one}, {"warm 1", false, one}, {"warm " + strconv.Itoa(len(set)), false, set}} {
		var fimg, dnf result
		for range b.runs {
			if c.cold {
				os.RemoveAll(filepath.Join(b.work, "cache"))
				os.RemoveAll(filepath.Join(b.work, "dnf"))
			}
			f, err := measure(b.fimgCmd("cache", dirs, c.args))
			if err != nil {
				return fmt.Errorf("fimg: %w", err)
			}
			d, err := measure(b.dnfCmd(dirs, c.args))
			var exit *exec.ExitError
			if err != nil && !errors.As(err, &exit) { // it ends with 1 when it may not install
				return fmt.Errorf("dnf: %w", err)
			}
			fimg.add(f)
			dnf.add(d)
		}
		fmt.Printf("%-12s %-10s %9.3f %9.3f %6.1fx %9d %9d\n", label, c.name, fimg.time.Seconds(), dnf.time.Seconds(),
			dnf.time.Seconds()/fimg.time.Seconds(), fimg.memory>>10, dnf.memory>>10)
	}
	return nil
}

func (b *bench) fimgCmd(cache string, dirs, args []string) *exec.Cmd {
	line := []string{"resolve", "--arch", "x86_64", "--json", "--cache-dir", filepath.Join(b.work, cache)}
	for _, d := range dirs {
		line = append(line, "--repo", d)
	}
	return exec.Command(b.fimg, append(line, args...)...)
}

func (b *bench) dnfCmd(dirs, args []string) *exec.Cmd {
	line := []string{"-q", "--installroot", filepath.Join(b.work, "root"), "--setopt=reposdir=/nonexistent",
		"--setopt=cachedir=" + filepath.Join(b.work, "dnf"), "--setopt=plugins=0", "--setopt=gpgcheck=0",
		"--releasever=9", "--forcearch=x86_64", "--assumeno"}
	for i, d := range dirs {
		line = append(line, fmt.Sprintf("--repofrompath=r%d,file://%s", i, d), fmt.Sprintf("--repo=r%d", i))
	}
	return exec.Command("dnf", append(append(line, "install"), args...)...)
}

// measure runs a command to its end.
func measure(cmd *exec.Cmd) (result, error) {
	start := time.Now()
	err := cmd.Run()
	took := time.Since(start)
	if cmd.ProcessState == nil {
		return result{}, err
	}
	return result{took, peak(cmd.ProcessState)}, err
}
