// Package resolve answers a "dnf install" command line from loaded repositories:
// it joins them to a universe, applies module streams and excludes, expands
// groups and hands the rest to the resolver.
package resolve

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/fimg/fimg/repo"
	"github.com/fimg/fimg/repo/comps"
	"github.com/fimg/fimg/repo/modules"
	"github.com/fimg/fimg/repo/pool"
	"github.com/fimg/fimg/repo/solve"
)

// Request is a command line.
type Request struct {
	Arch string
	// Install are package arguments as solve.Request has them; "@ID" is a group or
	// environment, "@MODULE[:STREAM][/PROFILE]" the profile of a module.
	Install []string
	Exclude []string // NEVRA forms and globs
	NoWeak  bool     // without recommended and supplementing packages
	NoBest  bool     // accept something else than the best candidate of an argument
	// Kinds are the package kinds taken from groups; nil means dnf's default.
	Kinds []comps.Kind
	// EnableModules, DisableModules and Platform are those of modules.Request.
	EnableModules, DisableModules []string
	Platform                      string
}

// Answer is a resolved transaction and what its numbers refer to.
type Answer struct {
	Universe    *pool.Universe
	Transaction *solve.Transaction
	Modules     *modules.Selection
	Repos       []*repo.Repository // by source of the universe
}

// Resolve finds the packages to install. Errors are *solve.NoMatch,
// *comps.UnknownError or *modules.Error for arguments that mean nothing,
// *solve.Unsolvable where no set of packages fits, and what loading file lists
// may give.
func Resolve(ctx context.Context, repos []*repo.Repository, r Request) (*Answer, error) {
	a := &Answer{Repos: repos}
	sources := make([]pool.Source, len(repos))
	for i, one := range repos {
		sources[i] = one.PoolSource(ctx)
	}
	var err error
	if a.Universe, err = pool.NewUniverse(r.Arch, sources...); err != nil {
		return nil, err
	}
	want, err := a.request(&r)
	if err != nil {
		return nil, err
	}
	jobs, err := solve.Jobs(a.Universe, want)
	if err != nil {
		return nil, err
	}
	a.Transaction, err = solve.Solve(ctx, a.Universe, jobs, solve.Options{NoWeak: r.NoWeak})
	return a, err
}

// request sorts the arguments, hides what modules and excludes hide, and expands
// what stands for several packages.
func (a *Answer) request(r *Request) (solve.Request, error) {
	want := solve.Request{NoBest: r.NoBest}
	all := a.modules()
	var groups, profiles []string
	for _, arg := range r.Install {
		name, isGroup := strings.CutPrefix(arg, "@")
		switch {
		case !isGroup:
			want.Install = append(want.Install, arg)
		case all.Has(name):
			profiles = append(profiles, name)
		default:
			groups = append(groups, name)
		}
	}
	enable := slices.Concat(r.EnableModules, profiles)
	var err error
	a.Modules, err = repo.FilterModules(a.Universe, a.Repos, modules.Request{
		Platform: r.Platform, Arch: r.Arch, Enable: enable, Disable: r.DisableModules,
	})
	if err != nil {
		return want, err
	}
	solve.Exclude(a.Universe, r.Exclude)
	for _, p := range profiles {
		if err := a.profile(all, p, &want); err != nil {
			return want, err
		}
	}
	return want, a.groups(groups, r.Kinds, &want)
}

// modules returns the modules of all repositories.
func (a *Answer) modules() *modules.Set {
	all := &modules.Set{}
	for _, r := range a.Repos {
		if r.Modules != nil {
			all.Merge(r.Modules)
		}
	}
	return all
}

// profile adds the packages of a module's profile.
func (a *Answer) profile(all *modules.Set, spec string, want *solve.Request) error {
	names, err := all.Profile(a.Modules, spec)
	if err != nil {
		return err
	}
	for _, name := range names {
		if !a.exists(name) {
			return &modules.Error{Spec: spec, Reason: "there is no package " + name}
		}
		want.Profile = append(want.Profile, solve.GroupPackage{Name: name, Group: spec})
	}
	return nil
}

func (a *Answer) exists(name string) bool {
	number, ok := a.Universe.Lookup(name)
	return ok && slices.ContainsFunc(a.Universe.Named(number), func(id pool.ID) bool {
		return a.Universe.Installable(id) && !a.Universe.Excluded(id)
	})
}

// groups adds the packages of groups.
func (a *Answer) groups(ids []string, kinds []comps.Kind, want *solve.Request) error {
	if len(ids) == 0 {
		return nil
	}
	wanted, err := repo.Groups(a.Repos).Expand(ids, comps.Request{Kinds: kinds})
	if err != nil {
		return fmt.Errorf("expand groups: %w", err)
	}
	for _, w := range wanted {
		want.Group = append(want.Group, solve.GroupPackage{
			Name: w.Name, Requires: w.Requires, BaseArch: w.BaseArchOnly, Group: w.Group,
		})
	}
	return nil
}

// NEVRAs returns the packages to install as name-epoch:version-release.arch,
// sorted.
func (a *Answer) NEVRAs() []string {
	names := make([]string, len(a.Transaction.Install))
	for i, item := range a.Transaction.Install {
		names[i] = a.Universe.Package(item.ID).NEVRA()
	}
	slices.Sort(names)
	return names
}
