// Command resolve compares "fimg resolve" with dnf 4, from the start of the
// process to the answer: with no cache, and with a warm one for a single package
// and for a set of 100. It runs both in turn on repositories made from the Debian
// archive's index and on those given, and prints seconds, memory and ratios (dnf
// divided by fimg).
//
//	go run ./bench/resolve [-sizes 1000,60000] [-runs 3] [-dir WORK] [-real DIR,DIR] [-args NAME,NAME…]
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
	realDirs := flag.String("real", shared(), "directories of one more set of repositories (default: those below FIMG_SHARED)")
	args := flag.String("args", "nginx,vim-enhanced,httpd,git-core,php-cli,mariadb-server,tmux,rsync,gcc,make",
		"packages to install from them: one, then those of a set")
	generated := flag.Int("generate", 0, "only make a repository of that many packages in -dir")
	flag.Parse()
	if *generated > 0 {
		if err := generate(*work, *generated); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if err := run(*sizes, *runs, *work, split(*realDirs), split(*args)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// shared returns the real metadata that may lie beside the project.
func shared() string {
	dir := os.Getenv("FIMG_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "shared")
	}
	var found []string
	for _, name := range []string{"baseos", "appstream"} {
		path, err := filepath.Abs(filepath.Join(dir, "repodata", name))
		if _, statErr := os.Stat(path); err != nil || statErr != nil {
			return ""
		}
		found = append(found, path)
	}
	return strings.Join(found, ",")
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
	fmt.Printf("%-9s %-9s %8s %8s %7s %9s %9s %7s %8s %8s\n", "packages", "case", "fimg s", "dnf s", "ratio",
		"fimg cpu", "dnf cpu", "ratio", "fimg MB", "dnf MB")
	if len(realDirs) > 0 && len(args) > 0 {
		set := b.pick(realDirs, args)
		if len(set) == 0 {
			return errors.New("none of the packages can be installed from the given repositories")
		}
		if err := b.compare("given", realDirs, set[:1], set); err != nil {
			return err
		}
	}
	for _, size := range split(sizes) {
		if err := b.generated(size); err != nil {
			return err
		}
	}
	return nil
}

// generated compares on a repository of that many packages. It is made by another
// process: one that starts out large would pass its size on to those it measures.
func (b *bench) generated(size string) error {
	dir := filepath.Join(b.work, size)
	cmd := exec.Command(os.Args[0], "-generate", size, "-dir", dir)
	cmd.Stderr = os.Stderr
	names, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("generate %s packages: %w", size, err)
	}
	set := b.pick([]string{dir}, strings.Fields(string(names)))
	if len(set) == 0 {
		return errors.New("no package of the repository can be installed")
	}
	return b.compare(size, []string{dir}, set[:1], set)
}

// generate makes a repository of n packages and prints the names of some.
func generate(dir string, n int) error {
	list, err := debrepo.Available()
	if err != nil {
		return err
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := debrepo.Write(dir, list, n); err != nil {
		return err
	}
	fmt.Println(strings.Join(spread(list[:min(n, len(list))]), "\n"))
	return nil
}

// spread returns the names of 150 packages from all over the list.
func spread(list []debrepo.Package) (names []string) {
	step := max(1, len(list)/150)
	for i := len(list) - 1; i >= 0; i -= step {
		names = append(names, list[i]["Package"])
	}
	return names
}

// pick chooses up to 100 of the names that can be installed together.
func (b *bench) pick(dirs, names []string) (set []string) {
	for _, name := range names {
		more := append(slices.Clone(set), name)
		if _, err := measure(b.fimgCmd("cache-pick", dirs, more)); err == nil && len(set) < 100 {
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
		fmt.Printf("%-9s %-9s %8.3f %8.3f %6.1fx %9.3f %9.3f %6.1fx %8d %8d\n", label, c.name,
			fimg.time.Seconds(), dnf.time.Seconds(), dnf.time.Seconds()/fimg.time.Seconds(),
			fimg.cpu.Seconds(), dnf.cpu.Seconds(), dnf.cpu.Seconds()/fimg.cpu.Seconds(), fimg.memory>>10, dnf.memory>>10)
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
	s := cmd.ProcessState
	return result{took, s.UserTime() + s.SystemTime(), peak(s)}, err
}
