package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fimg/fimg/fault"
	"github.com/fimg/fimg/repo"
	"github.com/fimg/fimg/repo/comps"
	"github.com/fimg/fimg/repo/pool"
	"github.com/fimg/fimg/repo/resolve"
)

// resolveFlags are the flags of the verb resolve.
type resolveFlags struct {
	selection
	excludes             []string
	enable, disable      []string
	releasever, platform string
	manager              string
	why, lock            string
	weak, best, required bool
	cacheDir, proxy      string
	offline              bool
	jobs                 int
}

func newResolveCmd(a *app) *cobra.Command {
	var f resolveFlags
	cmd := &cobra.Command{
		Use:   "resolve [flags] [ARG…]",
		Short: "Find the packages of an image, or those that ARG needs",
		Long: "Without ARG, resolve finds the packages of the image that the description means.\n" +
			"With ARG it finds what \"dnf install ARG…\" would install from the repositories given by\n" +
			"--repo into an empty root. ARG is a package name, NEVRA or part of one, a provide, an\n" +
			"absolute file name, a glob of these, @GROUP, or @MODULE:STREAM/PROFILE.",
		Example: "  fimg resolve --profile Cloud-Base-Generic --lock fimg.lock\n" +
			"  fimg resolve --repo ./packages --arch aarch64 --why zlib bash @core",
		RunE: func(cmd *cobra.Command, args []string) error {
			defer steadyHeap()()
			if len(args) == 0 {
				return f.image(cmd.Context(), a)
			}
			return f.arguments(cmd.Context(), a, args)
		},
	}
	f.add(cmd)
	return cmd
}

func (f *resolveFlags) add(cmd *cobra.Command) {
	f.selection.add(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.releasever, "releasever", "", "value of $releasever in addresses")
	flags.StringArrayVar(&f.excludes, "exclude", nil, "leave out packages of that name, NEVRA or glob; repeatable")
	flags.BoolVar(&f.weak, "weak", true, "take in recommended packages")
	flags.BoolVar(&f.best, "best", true, "accept only the best candidate of an argument")
	flags.StringVar(&f.manager, "package-manager", "dnf4", "whose rules apply to groups: dnf4 or dnf5")
	flags.BoolVar(&f.required, "only-required", false, "kiwi's onlyRequired: no weak dependencies and, with dnf5, mandatory group members only")
	flags.StringArrayVar(&f.enable, "enable-module", nil, "enable a module stream, NAME:STREAM; repeatable")
	flags.StringArrayVar(&f.disable, "disable-module", nil, "disable a module; repeatable")
	flags.StringVar(&f.platform, "module-platform", "", "platform of modules, such as el9 (default: what the release package says)")
	flags.StringVar(&f.why, "why", "", "print the chain from a request to the package of that name")
	flags.StringVar(&f.lock, "lock", "", "write the lock to this file")
	flags.StringVar(&f.cacheDir, "cache-dir", "", "directory of verified downloads (default: fimg in the user's cache directory)")
	flags.StringVar(&f.proxy, "proxy", "", "proxy URL, or none")
	flags.BoolVar(&f.offline, "offline", false, "never touch the network")
	numberVar(flags, &f.jobs, "jobs", 0, 0, "transfers at a time")
}

// arguments resolves what the command line names.
func (f *resolveFlags) arguments(ctx context.Context, a *app, args []string) error {
	if len(f.repos) == 0 {
		return usageError{errors.New("resolve with arguments needs at least one --repo")}
	}
	answer, err := f.resolve(ctx, a, args)
	if err != nil {
		return err
	}
	if f.lock != "" {
		if err := f.writeLock(answer); err != nil {
			return err
		}
	}
	if f.why != "" {
		return a.printWhy(answer, f.why)
	}
	return a.printInstall(answer.NEVRAs())
}

// The collector starts when the heap has grown by gcPercent, which trades a little
// of its time for memory; heapFloor bytes that are never touched count as heap, so
// that a small one is not collected every megabyte.
const (
	gcPercent = 20
	heapFloor = 20 << 20
)

// steadyHeap sets the collector up for this process and returns a function to call
// at the end.
func steadyHeap() func() {
	debug.SetGCPercent(gcPercent)
	floor := make([]byte, heapFloor)
	return func() { runtime.KeepAlive(floor) }
}

// resolve loads the repositories and asks the resolver.
func (f *resolveFlags) resolve(ctx context.Context, a *app, args []string) (*resolve.Answer, error) {
	if f.manager != string(comps.DNF4) && f.manager != string(comps.DNF5) {
		return nil, usageError{fmt.Errorf("package manager %q: want dnf4 or dnf5", f.manager)}
	}
	if !pool.KnownArch(f.arch) {
		return nil, usageError{fmt.Errorf("architecture %q is not known: want one of rpm's, such as x86_64, aarch64, ppc64le or s390x", f.arch)}
	}
	client, err := repo.New(repo.Options{
		CacheDir: f.cacheDir, Arch: f.arch, Releasever: f.releasever, Offline: f.offline, Jobs: f.jobs, Proxy: f.proxy, Log: a.log,
	})
	if err != nil {
		return nil, err
	}
	defer client.Close()
	sources, err := f.sources()
	if err != nil {
		return nil, err
	}
	repos, err := client.LoadAll(ctx, sources)
	if err != nil {
		return nil, err
	}
	return resolve.Resolve(ctx, repos, resolve.Request{
		Arch: f.arch, Install: args, Exclude: f.excludes, NoWeak: !f.weak || f.required, NoBest: !f.best,
		Kinds:         comps.Kinds(comps.Manager(f.manager), !f.required),
		EnableModules: f.enable, DisableModules: f.disable, Platform: strings.TrimPrefix(f.platform, "platform:"),
	})
}

// sources makes the sources of the --repo flags. A directory may be relative.
func (f *resolveFlags) sources() ([]*repo.Source, error) {
	var sources []*repo.Source
	keys, err := f.signingKeys()
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for i, address := range f.repos {
		if !strings.Contains(address, ":/") {
			abs, err := filepath.Abs(address)
			if err != nil {
				return nil, err
			}
			address = abs
		}
		id := filepath.Base(strings.TrimRight(address, "/"))
		if seen[id] {
			id = fmt.Sprintf("%s-%d", id, i+1)
		}
		seen[id] = true
		sources = append(sources, &repo.Source{
			ID: id, BaseURLs: []string{address}, Keys: keys, RepoGPGCheck: len(keys) > 0,
		})
	}
	return sources, nil
}

func (a *app) printInstall(install []string) error {
	if a.json {
		return json.NewEncoder(a.out).Encode(map[string][]string{"install": install})
	}
	for _, nevra := range install {
		fmt.Fprintln(a.out, nevra)
	}
	return nil
}

// noPackage says that --why asked for what is not installed.
type noPackage struct{ name string }

func (e noPackage) Error() string           { return fmt.Sprintf("package %s is not in the transaction", e.name) }
func (e noPackage) FaultClass() fault.Class { return fault.Unsolvable }

func (a *app) printWhy(answer *resolve.Answer, name string) error {
	chain := answer.Why(name)
	if chain == nil {
		return noPackage{name}
	}
	if a.json {
		return json.NewEncoder(a.out).Encode(map[string][]resolve.Step{"why": chain})
	}
	for i, step := range chain {
		fmt.Fprintf(a.out, "%s%s\n", strings.Repeat("  ", i), step)
	}
	return nil
}
