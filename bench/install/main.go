// Command install puts a directory of RPMs into a new root and prints what each
// phase took, beside rpm or dnf doing the same in the same run.
//
//	install -packages DIR [-root DIR] [-store DIR] [-against rpm,dnf] [-noscripts]
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
	"strings"
	"syscall"
	"time"

	"github.com/fimg/fimg/assembler/install"
	"github.com/fimg/fimg/internal/event"
)

type options struct {
	packages, root, store, against string
	noScripts, verbose, keep       bool
	rounds                         int
}

func main() {
	var o options
	flag.StringVar(&o.packages, "packages", "", "directory of RPM files, searched recursively, or a file that lists them")
	flag.StringVar(&o.root, "root", "", "where roots are made (default: a temporary directory)")
	flag.StringVar(&o.store, "store", "", "store of unpacked packages (default: a new one)")
	flag.StringVar(&o.against, "against", "", "peers to run as well: rpm, dnf")
	flag.BoolVar(&o.noScripts, "noscripts", false, "run no scriptlets")
	flag.BoolVar(&o.verbose, "v", false, "print the output of scriptlets")
	flag.BoolVar(&o.keep, "keep", false, "keep the roots")
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
		if o.root, err = os.MkdirTemp("/var/tmp", "bench-install-"); err != nil {
			return err
		}
		defer os.RemoveAll(o.root)
	}
	if o.store == "" {
		o.store = filepath.Join(o.root, "store")
	}
	fmt.Printf("%d packages\n", len(files))
	times := map[string]time.Duration{}
	for i := range o.rounds {
		name := []string{"cold", "warm"}[min(i, 1)]
		if times[name], err = own(ctx, o, files, name); err != nil {
			return err
		}
	}
	for _, peer := range strings.FieldsFunc(o.against, func(r rune) bool { return r == ',' }) {
		took, err := peerRun(o, peer, files)
		if err != nil {
			return err
		}
		for _, name := range []string{"cold", "warm"} {
			if times[name] > 0 {
				fmt.Printf("%s / fimg %s: %.2f\n", peer, name, took.Seconds()/times[name].Seconds())
			}
		}
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
func own(ctx context.Context, o options, files []string, name string) (time.Duration, error) {
	root := filepath.Join(o.root, "fimg-"+name)
	if err := os.RemoveAll(root); err != nil {
		return 0, err
	}
	if err := os.MkdirAll(root, 0o755); err != nil {
		return 0, err
	}
	if !o.keep {
		defer os.RemoveAll(root)
	}
	var items []install.Item
	for _, f := range files {
		items = append(items, install.Item{Path: f})
	}
	start := time.Now()
	res, err := install.Run(ctx, root, items, install.Options{
		Store: o.store, NoScripts: o.noScripts, Time: time.Unix(1700000000, 0), Events: printer(o.verbose),
	})
	took := time.Since(start)
	if err != nil {
		return 0, err
	}
	report(name, took, res)
	return took, nil
}

func printer(verbose bool) event.Func {
	return func(e event.Event) {
		if e.Kind == event.Warning || verbose && e.Kind == event.Output {
			fmt.Printf("  %s %s: %s\n", e.Kind, e.Subject, e.Text)
		}
	}
}

func report(name string, took time.Duration, res install.Result) {
	fmt.Printf("fimg %s: %.2f s, of it scriptlets %.2f s; %d packages, %d from the store, %d files, %.0f MB\n", name,
		took.Seconds(), res.Scriptlet.Seconds(), len(res.Installed), res.FromStore, res.Files, float64(res.Bytes)/1e6)
	for _, p := range res.Times {
		fmt.Printf("  %-12s %7.3f s\n", p.Phase, p.Time.Seconds())
	}
	var use syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &use)
	fmt.Printf("  peak memory %.0f MB, CPU %.2f s user %.2f s system so far\n", float64(use.Maxrss)/1e3,
		time.Duration(use.Utime.Nano()).Seconds(), time.Duration(use.Stime.Nano()).Seconds())
}

// peerRun installs with rpm or dnf and returns the time.
func peerRun(o options, peer string, files []string) (time.Duration, error) {
	root := filepath.Join(o.root, peer)
	if err := os.RemoveAll(root); err != nil {
		return 0, err
	}
	if err := os.MkdirAll(root, 0o755); err != nil {
		return 0, err
	}
	if !o.keep {
		defer os.RemoveAll(root)
	}
	cmd := peerCommand(o, peer, root, files)
	start := time.Now()
	out, err := cmd.CombinedOutput()
	took := time.Since(start)
	if err != nil {
		return 0, fmt.Errorf("%s: %w\n%s", peer, err, out)
	}
	use := cmd.ProcessState
	fmt.Printf("%s: %.2f s, CPU %.2f s\n", peer, took.Seconds(), (use.UserTime() + use.SystemTime()).Seconds())
	return took, nil
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
		args = []string{"rpm", "--root", root, "--dbpath", "/usr/lib/sysimage/rpm", "-i", "--nosignature", "--ignorearch", "--ignoreos"}
		if o.noScripts {
			args = append(args, "--noscripts", "--notriggers")
		}
	}
	args = append(args, files...)
	return exec.Command(args[0], args[1:]...)
}
