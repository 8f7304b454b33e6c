package assembler

import (
	"context"
	"slices"

	"github.com/fimg/fimg/assembler/manifest"
	"github.com/fimg/fimg/description"
	"github.com/fimg/fimg/repo/pool"
	"github.com/fimg/fimg/repo/solve"
)

// removal finds what the description's uninstall and delete lists take away from
// the packages of both phases, those of the last phase first.
func (r *resolution) removal(ctx context.Context, all []picked, groups []manifest.LockedGroup) (manifest.Removal, error) {
	p := &r.plan.Image.Packages
	var out manifest.Removal
	if len(p.Uninstall)+len(p.Delete) == 0 || len(all) == 0 {
		return out, nil
	}
	u, err := r.system(all)
	if err != nil {
		return out, err
	}
	gone, err := solve.Remove(ctx, u, solve.Removal{Arguments: description.Names(p.Uninstall), Clean: true, Wanted: r.wanted(u, all, groups)})
	if err != nil {
		return out, err
	}
	for _, g := range gone {
		nevra := u.Package(g.ID).NEVRA()
		out.Uninstall = append(out.Uninstall, nevra)
		switch g.Cause {
		case solve.InNeed:
			out.Dependent = append(out.Dependent, nevra)
		case solve.Unneeded:
			out.Unneeded = append(out.Unneeded, nevra)
		}
	}
	forced, err := solve.Remove(ctx, u, solve.Removal{Arguments: description.Names(p.Delete), Alone: true})
	for _, g := range forced {
		if nevra := u.Package(g.ID).NEVRA(); !slices.Contains(out.Uninstall, nevra) {
			out.Delete = append(out.Delete, nevra)
		}
	}
	return out, err
}

// system is a universe of nothing but the image's packages, as installed.
func (r *resolution) system(all []picked) (*pool.Universe, error) {
	in := all[0].in
	byName := map[string]pool.ID{}
	for id := range in.All() {
		byName[in.Package(id).NEVRA()] = id
	}
	var ids []pool.ID
	for _, p := range all {
		ids = append(ids, byName[p.nevra()])
	}
	slices.Sort(ids)
	index, err := pool.Subset(in, slices.Compact(ids))
	if err != nil {
		return nil, err
	}
	return pool.NewUniverse(r.plan.Image.Arch, pool.Source{Index: index, Name: "@System", Installed: true})
}

// wanted are the packages that were asked for by name or group; for dnf5 also those
// that came as dependencies and belong to a group.
func (r *resolution) wanted(u *pool.Universe, all []picked, groups []manifest.LockedGroup) map[pool.ID]bool {
	asked, present := map[string]bool{}, map[string]bool{}
	for _, p := range all {
		asked[p.nevra()] = p.Reason == solve.User || p.Reason == solve.GroupMember
		present[p.in.Package(p.ID).Name] = true
	}
	claimed := map[string]bool{}
	if r.plan.Image.Preferences.PackageManager == "dnf5" {
		claimed = claims(recordedGroups(groups, present))
	}
	set := map[pool.ID]bool{}
	for id := range u.All() {
		if p := u.Package(id); asked[p.NEVRA()] || claimed[p.Name] {
			set[id] = true
		}
	}
	return set
}
