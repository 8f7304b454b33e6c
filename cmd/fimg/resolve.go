package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fimg/fimg/internal/fault"
	"github.com/fimg/fimg/repo"
	"github.com/fimg/fimg/repo/comps"
	"github.com/fimg/fimg/repo/resolve"
)

// resolveFlags are the flags of the verb resolve.
type resolveFlags struct {
	repos, excludes, keys   []string
	enable, disable         []string
	releasever, platform    string
	arch, cacheDir, manager string
	why                     string
	weak, best, required    bool
	offline                 bool
	jobs                    int
}

func newResolveCmd(a *app) *cobra.Command {
	var f resolveFlags
	cmd := &cobra.Command{
		Use:   "resolve [flags] ARG…",
		Short: "Find the packages that an installation of ARG needs",
		Long: "resolve finds the packages that \"dnf install ARG…\" would install into an empty root.\n" +
			"ARG is a package name, NEVRA or part of one, a provide, an absolute file name, a glob\n" +
			"of these, @GROUP, or @MODULE:STREAM/PROFILE.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 || len(f.repos) == 0 {
				return usageError{errors.New("resolve needs at least one --repo and one argument")}
			}
			answer, err := f.resolve(cmd.Context(), a, args)
			if err != nil {
				return err
			}
			if f.why != "" {
				return a.printWhy(answer, f.why)
			}
			return a.printAnswer(answer)
		},
	}
	f.add(cmd)
	return cmd
}

func (f *resolveFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringArrayVar(&f.repos, "repo", nil, "directory or URL of a repository (repeatable)")
	flags.StringArrayVar(&f.keys, "signing-key", nil, "file or URL of an OpenPGP key; metadata must be signed by one (repeatable)")
	flags.StringVar(&f.arch, "arch", machine(), "architecture of the system to install")
	flags.StringVar(&f.releasever, "releasever", "", "value of $releasever in addresses")
	flags.StringArrayVar(&f.excludes, "exclude", nil, "leave out packages of that name, NEVRA or glob (repeatable)")
	flags.BoolVar(&f.weak, "weak", true, "take in recommended packages")
	flags.BoolVar(&f.best, "best", true, "accept only the best candidate of an argument")
	flags.StringVar(&f.manager, "package-manager", "dnf4", "whose rules apply to groups: dnf4 or dnf5")
	flags.BoolVar(&f.required, "only-required", false, "kiwi's onlyRequired: no weak dependencies and, with dnf5, mandatory group members only")
	flags.StringArrayVar(&f.enable, "enable-module", nil, "enable a module stream, NAME:STREAM (repeatable)")
	flags.StringArrayVar(&f.disable, "disable-module", nil, "disable a module (repeatable)")
	flags.StringVar(&f.platform, "module-platform", "", "platform of modules, such as el9 (default: what the release package says)")
	flags.StringVar(&f.why, "why", "", "print the chain from a request to the package of that name")
	flags.StringVar(&f.cacheDir, "cache-dir", "", "directory of the cache (default: below the user's cache directory)")
	flags.BoolVar(&f.offline, "offline", false, "use only local repositories and the cache")
	flags.IntVar(&f.jobs, "jobs", 0, "transfers at a time")
}

// gcPercent trades a little time of the collector, which has few pointers to
// follow in an index, for memory.
const gcPercent = 25

// resolve loads the repositories and asks the resolver.
func (f *resolveFlags) resolve(ctx context.Context, a *app, args []string) (*resolve.Answer, error) {
	if f.manager != string(comps.DNF4) && f.manager != string(comps.DNF5) {
		return nil, usageError{fmt.Errorf("package manager %q: want dnf4 or dnf5", f.manager)}
	}
	debug.SetGCPercent(gcPercent)
	client, err := repo.New(repo.Options{
		CacheDir: f.cacheDir, Arch: f.arch, Releasever: f.releasever, Offline: f.offline, Jobs: f.jobs, Log: a.log,
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
			ID: id, BaseURLs: []string{address}, Keys: f.keys, RepoGPGCheck: len(f.keys) > 0,
		})
	}
	return sources, nil
}

func (a *app) printAnswer(answer *resolve.Answer) error {
	install := answer.NEVRAs()
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
