package assembler

import (
	"context"
	"fmt"
	"slices"

	"github.com/fimg/fimg/assembler/manifest"
	"github.com/fimg/fimg/description"
	"github.com/fimg/fimg/repo"
	"github.com/fimg/fimg/repo/comps"
	"github.com/fimg/fimg/repo/modules"
	"github.com/fimg/fimg/repo/pool"
	"github.com/fimg/fimg/repo/solve"
)

// picked is a package of a phase with the universe that its number belongs to.
type picked struct {
	solve.Item
	in *pool.Universe
	// first is the number of the first repository among the universe's sources:
	// 1 behind an installed system, else 0.
	first int
	base  bool // part of the container this one builds on
}

// nevra is the package's name as the lock has it.
func (p picked) nevra() string { return p.in.Package(p.ID).NEVRA() }

// phase resolves one of kiwi's two transactions; before is the system that the
// first one leaves. Of that, it returns what stays.
func (r *resolution) phase(ctx context.Context, want *description.Phase, before []picked) (chosen, kept []picked, err error) {
	if len(want.Packages)+len(want.Collections) == 0 {
		return nil, before, nil
	}
	u, first, err := r.join(ctx, before)
	if err != nil {
		return nil, nil, err
	}
	jobs, err := r.jobs(u, want)
	if err != nil {
		return nil, nil, err
	}
	t, err := solve.Solve(ctx, u, jobs, solve.Options{NoWeak: !want.Recommended})
	if err != nil {
		return nil, nil, err
	}
	for _, item := range t.Install {
		chosen = append(chosen, picked{Item: item, in: u, first: first})
	}
	gone := map[string]bool{}
	for _, id := range slices.Concat(t.Remove, t.Replace) {
		gone[u.Package(id).NEVRA()] = true
	}
	kept = slices.DeleteFunc(slices.Clone(before), func(p picked) bool { return gone[p.nevra()] })
	return chosen, kept, nil
}

// jobs are what a phase wants of a universe, from which it also hides what is
// excluded and what no module stream offers.
func (r *resolution) jobs(u *pool.Universe, want *description.Phase) ([]solve.Job, error) {
	p := &r.plan.Image.Packages
	selection, err := repo.FilterModules(u, r.repos, modules.Request{Arch: r.plan.Image.Arch, Enable: p.EnableModules, Disable: p.DisableModules})
	if err != nil {
		return nil, err
	}
	r.modules = lockedModules(selection, p.DisableModules)
	solve.Exclude(u, description.Names(want.Ignore))
	request := solve.Request{Install: description.Names(want.Packages), KeepInstalled: r.plan.Image.Preferences.PackageManager == "dnf5"}
	if request.Group, err = r.groupPackages(want); err != nil {
		return nil, err
	}
	return solve.Jobs(u, request)
}

// lockedModules are the decisions about modules, if there are any.
func lockedModules(s *modules.Selection, disabled []string) (out manifest.Modules) {
	if len(s.Enabled)+len(disabled) == 0 {
		return out
	}
	out.Disabled, out.All = disabled, s.Known
	for _, e := range s.Enabled {
		out.Enabled = append(out.Enabled, manifest.EnabledModule{Name: e.Name, Stream: e.Stream, With: e.With})
	}
	return out
}

// again are the packages of the base that the description asks for once more.
func (r *resolution) again() (list []string, err error) {
	if len(r.base) == 0 {
		return nil, nil
	}
	u, err := r.system(r.base)
	if err != nil {
		return nil, err
	}
	p := &r.plan.Image.Packages
	for _, id := range solve.Installed(u, slices.Concat(description.Names(p.Bootstrap.Packages), description.Names(p.Image.Packages))) {
		list = append(list, u.Package(id).NEVRA())
	}
	return list, nil
}

// join makes one universe of all repositories, behind the packages that are
// already there.
func (r *resolution) join(ctx context.Context, before []picked) (*pool.Universe, int, error) {
	var list []pool.Source
	if len(before) > 0 {
		in := before[len(before)-1].in
		installed, err := pool.Subset(in, idsIn(in, before))
		if err != nil {
			return nil, 0, err
		}
		list = append(list, pool.Source{Index: installed, Name: "@System", Installed: true})
	}
	first := len(list)
	for _, one := range r.repos {
		list = append(list, one.PoolSource(ctx))
	}
	u, err := pool.NewUniverse(r.plan.Image.Arch, list...)
	return u, first, err
}

// idsIn are packages as a universe numbers them that has them all: what a base
// container holds is installed in every later one.
func idsIn(in *pool.Universe, list []picked) []pool.ID {
	installed := map[string]pool.ID{}
	for first, end := in.Installed(); first < end; first++ {
		installed[in.Package(first).NEVRA()] = first
	}
	ids := make([]pool.ID, len(list))
	for i, p := range list {
		if ids[i] = p.ID; p.in != in {
			ids[i] = installed[p.nevra()]
		}
	}
	return ids
}

// groupPackages expands the collections of a phase.
func (r *resolution) groupPackages(want *description.Phase) ([]solve.GroupPackage, error) {
	manager := comps.Manager(r.plan.Image.Preferences.PackageManager)
	wanted, err := r.comps.Expand(description.Names(want.Collections),
		comps.Request{Kinds: comps.Kinds(manager, want.Recommended), Offered: comps.TakesOffered(manager)})
	if err != nil {
		return nil, fmt.Errorf("expand collections: %w", err)
	}
	list := make([]solve.GroupPackage, len(wanted))
	for i, w := range wanted {
		list[i] = solve.GroupPackage{Name: w.Name, Requires: w.Requires, BaseArch: w.BaseArchOnly, Group: w.Group}
	}
	return list, nil
}

// locked is a package as the lock names it.
func (r *resolution) locked(p picked, phase string) (manifest.LockedPackage, error) {
	source := r.repos[p.in.SourceOf(p.ID)-p.first]
	d := p.in.Details(p.ID)
	ref, err := source.Ref(p.nevra(), d)
	if err != nil {
		return manifest.LockedPackage{}, err
	}
	return manifest.LockedPackage{NEVRA: p.nevra(), Checksum: ref.Checksum.String(), Size: ref.Size, Installed: int64(d.InstalledSize),
		Repo: source.Source.ID, Location: ref.Location, Base: ref.Base, Phase: phase, BuildTime: int64(d.BuildTime), Reason: p.reason()}, nil
}

// reason is why a package is in the image, in words.
func (p picked) reason() string {
	text := string(p.Reason) + ": " + p.Because
	if p.By > pool.System {
		text += " of " + p.in.Package(p.By).Name
	}
	return text
}
