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
		for k := range s.every("type") {
			list = append(list, activeType{k, by})
		}
	}
	return list
}

// pickType picks the build type: the wanted one, else the first primary, else the
// first.
func pickType(all []activeType, want string) (activeType, bool) {
	for _, t := range all {
		if want != "" && collapse(t.get("image")) == want || want == "" && truth(t.get("primary")) {
			return t, true
		}
	}
	if want != "" || len(all) == 0 {
		return activeType{}, false
	}
	return all[0], true
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
	for _, other := range d.arches {
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
