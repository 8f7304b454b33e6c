// Command install puts a directory of RPMs into a new root and prints what each
// phase took, beside rpm or dnf doing the same in the same run.
//
//	install -packages DIR [-root DIR] [-store DIR] [-against rpm,dnf] [-noscripts] [-repeat N]
//
// Scriptlets are the same programs whoever runs them, and most of the time: so
// the ratios are printed with their time and without (for rpm it is in --stats;
// dnf does not tell, use -noscripts).
package main

import (
	"context"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/fimg/fimg/assembler/install"
	"github.com/fimg/fimg/bench/settle"
	"github.com/fimg/fimg/event"
	"github.com/fimg/fimg/tree/rootfs"
)

type options struct {
	packages, root, store, against string
	noScripts, verbose, keep       bool
	rounds, repeat                 int
}

func main() {
	var o options
	flag.StringVar(&o.packages, "packages", "", "directory of RPM files, searched recursively, or a file that lists them")
	flag.StringVar(&o.root, "root", "", "where roots are made (default: a temporary directory)")
	flag.StringVar(&o.store, "store", "", "store of unpacked packages (default: a new one)")
	flag.StringVar(&o.against, "against", "", "peers to run as well: rpm, dnf")
	flag.IntVar(&o.repeat, "repeat", 1, "how often all sides are run in turn; ratios are those of the medians")
	flag.BoolVar(&o.noScripts, "noscripts", false, "run no scriptlets")
	flag.BoolVar(&o.verbose, "v", false, "print the output of scriptlets")
	flag.BoolVar(&o.keep, "keep", false, "keep the roots, so that fimg copies what it keeps in its store instead of moving it there")
	flag.IntVar(&o.rounds, "rounds", 2, "how often fimg installs: the first time with a cold store")
	flag.Parse()
	if err := run(context.Background(), o); err != nil {
		fmt.Fprintln(os.Stderr, "install:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	files, err := find(o.packages)
	if err != nil {
		return err
	}
	if o.root == "" {
		o.root = "/var/tmp"
	}
	if o.root, err = os.MkdirTemp(o.root, "bench-install-"); err != nil {
		return err
	}
	// Roots are removed when everything was measured, which would disturb it.
	if !o.keep {
		defer os.RemoveAll(o.root)
	}
	fmt.Printf("%d packages\n", len(files))
	var sides series
	for range o.repeat {
		if err := once(ctx, o, files, &sides); err != nil {
			return err
		}
	}
	sides.compare()
	return nil
}

// once runs every side once.
func once(ctx context.Context, o options, files []string, sides *series) (err error) {
	if o.store == "" {
		// As the trees: not among what an earlier run removed.
		if o.store, err = rootfs.MakeApart(o.root, "store-"); err != nil {
			return err
		}
	}
	for i := range o.rounds {
		s, err := own(ctx, o, files, []string{"cold", "warm"}[min(i, 1)], i)
		if err != nil {
			return err
		}
		sides.add(s)
	}
	for _, peer := range strings.FieldsFunc(o.against, func(r rune) bool { return r == ',' }) {
		s, err := peerRun(o, peer, files)
		if err != nil {
			return err
		}
		sides.add(s)
	}
	return nil
}

// find returns the package files below a directory, or those a file lists.
func find(where string) ([]string, error) {
	info, err := os.Stat(where)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		data, err := os.ReadFile(where)
		return strings.Fields(string(data)), err
	}
	var files []string
	err = filepath.WalkDir(where, func(p string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(p, ".rpm") {
			files = append(files, p)
		}
		return err
	})
	slices.Sort(files)
	return files, err
}

// own installs with fimg.
func own(ctx context.Context, o options, files []string, name string, round int) (spent, error) {
	root, err := rootfs.MakeApart(o.root, fmt.Sprintf("fimg-%d-", round))
	if err != nil {
		return spent{}, err
	}
	var items []install.Item
	for _, f := range files {
		items = append(items, install.Item{Path: f})
	}
	defer settle.Machine()()
	before := usage()
	start := time.Now()
	opts := install.Options{Store: o.store, NoScripts: o.noScripts, Time: time.Unix(1700000000, 0), Events: printer(o.verbose)}
	var handover install.Handover
	if !o.keep { // as builds do
		opts.Handover = &handover
	}
	res, err := install.Run(ctx, root, items, opts)
	took := time.Since(start)
	if err != nil {
		return spent{}, err
	}
	if err := handover.Store(ctx, root); err != nil {
		return spent{}, err
	}
	after := time.Since(start) - took
	res.Times = append(res.Times, install.PhaseTime{Phase: "to the store", Time: after})
	report(name, took, res, before)
	return spent{"fimg " + name, took, res.Scriptlet, after}, nil
}

func printer(verbose bool) event.Func {
	return func(e event.Event) {
		if e.Kind == event.Warning || verbose && e.Kind == event.Output {
			fmt.Printf("  %s %s: %s\n", e.Kind, e.Subject, e.Text)
		}
	}
}

// usage is what this process and the programs it waited for have used.
func usage() (u cost) {
	var self, children syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &self)
	syscall.Getrusage(syscall.RUSAGE_CHILDREN, &children)
	return cost{
		user:   time.Duration(self.Utime.Nano() + children.Utime.Nano()),
		system: time.Duration(self.Stime.Nano() + children.Stime.Nano()),
		memory: max(self.Maxrss, children.Maxrss),
	}
}

type cost struct {
	user, system time.Duration
	memory       int64 // peak, in KiB
}

func report(name string, took time.Duration, res install.Result, before cost) {
	fmt.Printf("fimg %s: %.2f s, of it scriptlets %.2f s, without %.2f s; %d packages, %d from the store, %d files, %.0f MB\n", name,
		took.Seconds(), res.Scriptlet.Seconds(), (took - res.Scriptlet).Seconds(), len(res.Installed), res.FromStore, res.Files, float64(res.Bytes)/1e6)
	for _, p := range res.Times {
		fmt.Printf("  %-12s %7.3f s\n", p.Phase, p.Time.Seconds())
	}
	use := usage()
	fmt.Printf("  peak memory %.0f MB, CPU %.2f s user %.2f s system\n", float64(use.memory)/1e3,
		(use.user - before.user).Seconds(), (use.system - before.system).Seconds())
}

// peerRun installs with rpm or dnf.
func peerRun(o options, peer string, files []string) (spent, error) {
	root, err := rootfs.MakeApart(o.root, peer+"-")
	if err != nil {
		return spent{}, err
	}
	cmd := peerCommand(o, peer, root, files)
	defer settle.Machine()()
	start := time.Now()
	out, err := cmd.CombinedOutput()
	s := spent{name: peer, whole: time.Since(start), scriptlets: scriptletTime(string(out))}
	if err != nil {
		return spent{}, fmt.Errorf("%s: %w\n%s", peer, err, out)
	}
	use := cmd.ProcessState
	fmt.Printf("%s: %.2f s", peer, s.whole.Seconds())
	if s.scriptlets > 0 {
		fmt.Printf(", of it scriptlets %.2f s, without %.2f s", s.scriptlets.Seconds(), s.rest().Seconds())
	}
	fmt.Printf("; CPU %.2f s\n", (use.UserTime() + use.SystemTime()).Seconds())
	return s, nil
}

// scriptletTime finds the line "scriptlets: COUNT SIZE MB TIME secs" of --stats.
func scriptletTime(out string) time.Duration {
	for line := range strings.Lines(out) {
		f := strings.Fields(line)
		if len(f) == 6 && f[0] == "scriptlets:" {
			secs, _ := strconv.ParseFloat(f[4], 64)
			return time.Duration(secs * float64(time.Second))
		}
	}
	return 0
}

func peerCommand(o options, peer, root string, files []string) *exec.Cmd {
	var args []string
	if peer == "dnf" {
		args = []string{"dnf", "-y", "--installroot", root, "--disablerepo=*", "--nogpgcheck", "--setopt=install_weak_deps=0", "--setopt=keepcache=1"}
		if o.noScripts {
			args = append(args, "--setopt=tsflags=noscripts")
		}
		args = append(args, "install")
	} else {
		args = []string{"rpm", "--root", root, "--dbpath", "/usr/lib/sysimage/rpm", "-i", "--stats", "--nosignature", "--ignorearch", "--ignoreos"}
		if o.noScripts {
			args = append(args, "--noscripts", "--notriggers")
		}
	}
	args = append(args, files...)
	return exec.Command(args[0], args[1:]...)
}
