package assembler

import (
	"slices"

	"github.com/fimg/fimg/assembler/manifest"
	"github.com/fimg/fimg/description"
	"github.com/fimg/fimg/repo/pool"
	"github.com/fimg/fimg/repo/solve"
)

// removal finds what the description's uninstall and delete lists take away from
// the packages of both phases, those of the last phase first.
func (r *resolution) removal(all []picked) (manifest.Removal, error) {
	p := &r.plan.Image.Packages
	var out manifest.Removal
	if len(p.Uninstall)+len(p.Delete) == 0 || len(all) == 0 {
		return out, nil
	}
	u, err := r.system(all)
	if err != nil {
		return out, err
	}
	names := func(ids []pool.ID) (list []string) {
		for _, id := range ids {
			list = append(list, u.Package(id).NEVRA())
		}
		return list
	}
	gone := solve.Remove(u, solve.Removal{Arguments: description.Names(p.Uninstall), Clean: true, Wanted: wanted(u, all)})
	out.Uninstall = names(gone)
	out.Dependent = dependent(names(solve.Remove(u, solve.Removal{Arguments: description.Names(p.Uninstall)})), all)
	forced := solve.Remove(u, solve.Removal{Arguments: description.Names(p.Delete), Alone: true})
	out.Delete = slices.DeleteFunc(names(forced), func(n string) bool { return slices.Contains(out.Uninstall, n) })
	return out, nil
}

// dependent are the packages that dnf5 calls dependent where the given ones leave
// because others do: not those that were mere dependencies themselves.
func dependent(gone []string, all []picked) []string {
	for _, p := range all {
		if p.Reason == solve.Dependency {
			gone = slices.DeleteFunc(gone, func(n string) bool { return n == p.nevra() })
		}
	}
	return gone
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

// wanted are the packages that were asked for by name or group.
func wanted(u *pool.Universe, all []picked) map[pool.ID]bool {
	asked := map[string]bool{}
	for _, p := range all {
		if p.Reason == solve.User || p.Reason == solve.GroupMember {
			asked[p.nevra()] = true
		}
	}
	set := map[pool.ID]bool{}
	for id := range u.All() {
		if asked[u.Package(id).NEVRA()] {
			set[id] = true
		}
	}
	return set
}
