package assembler

import (
	"context"
	"fmt"
	"slices"

	"github.com/fimg/fimg/assembler/manifest"
	"github.com/fimg/fimg/description"
	"github.com/fimg/fimg/repo/comps"
	"github.com/fimg/fimg/repo/pool"
	"github.com/fimg/fimg/repo/solve"
)

// phase resolves one of kiwi's two transactions. The packages of the one before
// stay as they are.
func (r *resolution) phase(ctx context.Context, want *description.Phase, before []solve.Item) ([]solve.Item, error) {
	if len(want.Packages)+len(want.Collections) == 0 {
		return nil, nil
	}
	u, err := r.join(ctx)
	if err != nil {
		return nil, err
	}
	solve.Exclude(u, description.Names(want.Ignore))
	request := solve.Request{Install: description.Names(want.Packages)}
	if request.Group, err = r.groupPackages(want); err != nil {
		return nil, err
	}
	jobs, err := solve.Jobs(u, request)
	if err != nil {
		return nil, err
	}
	jobs = slices.Concat(keep(before), jobs)
	t, err := solve.Solve(ctx, u, jobs, solve.Options{NoWeak: !want.Recommended})
	if err != nil {
		return nil, err
	}
	r.universe = u
	return slices.DeleteFunc(t.Install, func(i solve.Item) bool { return contains(before, i.ID) }), nil
}

// keep are jobs that hold packages of an earlier transaction in place.
func keep(items []solve.Item) []solve.Job {
	jobs := make([]solve.Job, len(items))
	for i, item := range items {
		jobs[i] = solve.Job{Action: solve.Install, Any: []pool.ID{item.ID}, SetArch: true, Request: item.Because}
	}
	return jobs
}

func contains(items []solve.Item, id pool.ID) bool {
	return slices.ContainsFunc(items, func(i solve.Item) bool { return i.ID == id })
}

// groupPackages expands the collections of a phase.
func (r *resolution) groupPackages(want *description.Phase) ([]solve.GroupPackage, error) {
	kinds := comps.Kinds(comps.Manager(r.plan.Image.Preferences.PackageManager), want.Recommended)
	wanted, err := r.comps.Expand(description.Names(want.Collections), comps.Request{Kinds: kinds})
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
func (r *resolution) locked(item solve.Item, phase string) (manifest.LockedPackage, error) {
	source := r.repos[r.universe.SourceOf(item.ID)]
	d := r.universe.Details(item.ID)
	nevra := r.universe.Package(item.ID).NEVRA()
	ref, err := source.Ref(nevra, d)
	if err != nil {
		return manifest.LockedPackage{}, err
	}
	p := manifest.LockedPackage{NEVRA: nevra, Checksum: ref.Checksum.String(), Size: ref.Size, Installed: int64(d.InstalledSize),
		Repo: source.Source.ID, Location: ref.Location, Base: ref.Base, Phase: phase, BuildTime: int64(d.BuildTime), Reason: r.reason(item)}
	if d.BuildTime == 0 && d.PackageSize == 0 {
		return p, fmt.Errorf("lock %s: the metadata has no size", nevra)
	}
	return p, nil
}

// reason is why a package is in the image, in words.
func (r *resolution) reason(item solve.Item) string {
	text := string(item.Reason) + ": " + item.Because
	if item.By > pool.System {
		text += " of " + r.universe.Package(item.By).Name
	}
	return text
}
