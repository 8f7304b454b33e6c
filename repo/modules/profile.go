package modules

import (
	"maps"
	"slices"
	"strings"
)

// Has says whether "name[:stream[:…]][/profile]" speaks of a known module.
func (s *Set) Has(spec string) bool {
	name, _, _ := strings.Cut(spec, "/")
	name, _, _ = strings.Cut(name, ":")
	return slices.ContainsFunc(s.Modules, func(m Module) bool { return m.Name == name })
}

// Profile returns the names of the packages of a profile, sorted: the one that
// spec ("name[:stream][/profile]") names, else the default profiles of the stream
// that the selection has active.
func (s *Set) Profile(active *Selection, spec string) ([]string, error) {
	module, profile, _ := strings.Cut(spec, "/")
	name, _, _ := strings.Cut(module, ":")
	m := s.newest(active, name)
	if m == nil {
		return nil, &Error{spec, "no stream of it is active"}
	}
	profiles := []string{profile}
	if profile == "" {
		if profiles = s.Defaults[name].Profiles[m.Stream]; len(profiles) == 0 {
			return nil, &Error{spec, "the stream has no default profile, only " + m.profileNames()}
		}
	}
	packages := map[string]bool{}
	for _, p := range profiles {
		names, ok := m.Profiles[p]
		if !ok {
			return nil, &Error{spec, "there is no profile " + p + ", only " + m.profileNames()}
		}
		for _, n := range names {
			packages[n] = true
		}
	}
	return slices.Sorted(maps.Keys(packages)), nil
}

func (m *Module) profileNames() string {
	return strings.Join(slices.Sorted(maps.Keys(m.Profiles)), ", ")
}

// newest returns the newest version of a module's active stream.
func (s *Set) newest(active *Selection, name string) (newest *Module) {
	for i := range s.Modules {
		m := &s.Modules[i]
		id := m.NameStream() + ":" + m.Context
		if m.Name != name || !slices.Contains(active.Active, id) {
			continue
		}
		if newest == nil || m.Version > newest.Version {
			newest = m
		}
	}
	return newest
}
