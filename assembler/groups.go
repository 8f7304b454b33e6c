package assembler

import (
	"slices"

	"github.com/fimg/fimg/assembler/manifest"
	"github.com/fimg/fimg/description"
	"github.com/fimg/fimg/repo/comps"
)

// lockedGroups are the groups and environments that a phase asks for.
func (r *resolution) lockedGroups(want *description.Phase) ([]manifest.LockedGroup, error) {
	manager := comps.Manager(r.plan.Image.Preferences.PackageManager)
	kinds, offered := comps.Kinds(manager, want.Recommended), comps.TakesOffered(manager)
	choice, err := r.comps.Choose(description.Names(want.Collections), offered)
	if err != nil {
		return nil, err
	}
	var list []manifest.LockedGroup
	for _, g := range choice.Groups {
		locked := manifest.LockedGroup{ID: g.ID, Name: g.Name, Part: choice.Part[g.ID], Description: g.Description,
			Default: g.Default, Visible: g.Visible, Order: g.Order, LangOnly: g.LangOnly,
			Repository: r.firstWith(func(c *comps.Comps) bool {
				return slices.ContainsFunc(c.Groups, func(o comps.Group) bool { return o.ID == g.ID })
			})}
		for _, k := range kinds {
			locked.Kinds = append(locked.Kinds, string(k))
		}
		for _, p := range g.Packages {
			locked.Members = append(locked.Members, manifest.LockedMember{Name: p.Name, Kind: string(p.Kind),
				Wanted: slices.Contains(kinds, p.Kind), Requires: p.Requires})
		}
		list = append(list, locked)
	}
	for _, e := range choice.Environments {
		locked := manifest.LockedGroup{ID: e.ID, Name: e.Name, Environment: true, Description: e.Description, Order: e.Order,
			Repository: r.firstWith(func(c *comps.Comps) bool {
				return slices.ContainsFunc(c.Environments, func(o comps.Environment) bool { return o.ID == e.ID })
			})}
		for _, id := range e.Groups {
			locked.Members = append(locked.Members, manifest.LockedMember{Name: id, Kind: string(comps.Mandatory), Wanted: true})
		}
		for _, o := range e.Options {
			kind := comps.Optional
			if o.Default {
				kind = comps.Default
			}
			locked.Members = append(locked.Members, manifest.LockedMember{Name: o.ID, Kind: string(kind),
				Wanted: o.Default && offered == comps.DefaultOffered})
		}
		list = append(list, locked)
	}
	return list, nil
}

// firstWith is the repository that dnf5 says a group is from: of those that have it
// the first by name.
func (r *resolution) firstWith(has func(*comps.Comps) bool) string {
	first := ""
	for _, one := range r.repos {
		if id := one.Source.ID; one.Comps != nil && has(one.Comps) && (first == "" || id < first) {
			first = id
		}
	}
	return first
}

// lockGroups notes the groups of both phases, each once.
func (r *resolution) lockGroups(lock *manifest.Lock) error {
	for _, phase := range []*description.Phase{&r.plan.Image.Packages.Bootstrap, &r.plan.Image.Packages.Image} {
		groups, err := r.lockedGroups(phase)
		if err != nil {
			return err
		}
		for _, g := range groups {
			known := slices.ContainsFunc(lock.Groups, func(o manifest.LockedGroup) bool {
				return o.ID == g.ID && o.Environment == g.Environment
			})
			if !known {
				lock.Groups = append(lock.Groups, g)
			}
		}
	}
	return nil
}
