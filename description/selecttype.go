package description

import (
	"slices"
)

// activeType is a <type> with the section it stands in.
type activeType struct {
	*node
	by string // profile that made the section active
}

// types returns the types of all active preferences in document order.
func (d *Document) types(profiles []string, arch string) []activeType {
	var list []activeType
	set := choose(profiles)
	for _, s := range d.prefs {
		by, ok := s.active(set, arch)
		if !ok {
			continue
		}
		for _, k := range s.kids {
			if k.name == "type" {
				list = append(list, activeType{k, by})
			}
		}
	}
	return list
}

// chooseType picks the build type: the wanted one, else the first primary, else
// the first. It also returns all active types.
func (d *Document) chooseType(profiles []string, arch, want string) (activeType, []activeType, error) {
	all := d.types(profiles, arch)
	for _, t := range all {
		if want != "" && collapse(t.get("image")) == want {
			return t, all, nil
		}
	}
	if want == "" {
		for _, t := range all {
			if truth(t.get("primary")) {
				return t, all, nil
			}
		}
		if len(all) > 0 {
			return all[0], all, nil
		}
	}
	return activeType{}, nil, d.noType(profiles, arch, want, all)
}

// noType explains why there is no build type.
func (d *Document) noType(profiles []string, arch, want string, have []activeType) error {
	e := &TypeError{Type: want, Profiles: profiles, Arch: arch}
	for _, t := range have {
		e.Have = append(e.Have, collapse(t.get("image")))
	}
	if len(have) > 0 {
		return e
	}
	for _, other := range d.arches() {
		if other != arch && len(d.types(profiles, other)) > 0 {
			e.Arches = append(e.Arches, other)
		}
	}
	for name := range d.available(arch) {
		list, err := d.resolve([]string{name}, arch)
		if err != nil || len(d.types(list, arch)) == 0 {
			continue
		}
		if len(profiles) == 0 || slices.ContainsFunc(profiles, func(p string) bool { return slices.Contains(list, p) }) {
			e.UsedBy = append(e.UsedBy, name)
		}
	}
	slices.Sort(e.UsedBy)
	return e
}
