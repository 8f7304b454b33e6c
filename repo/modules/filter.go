package modules

import (
	"maps"
	"slices"
	"strings"
)

// selection turns the active builds into sets of packages: all versions of an
// active stream in its context are in, everything else that modules have is out.
func (c *chooser) selection() *Selection {
	s := &Selection{include: map[string]bool{}, exclude: map[string]bool{}, names: map[string]bool{}}
	for i := range c.set.Modules {
		m := &c.set.Modules[i]
		b := c.active[m.Name]
		active := b != nil && b.newest.Stream == m.Stream && b.context == m.Context && c.fits(m)
		for _, nevra := range m.Artifacts {
			if !active {
				s.exclude[nevra] = true
				continue
			}
			s.include[nevra] = true
			if name, ok := binaryName(nevra); ok {
				s.names[name] = true
			}
		}
	}
	for name, b := range c.active {
		for _, left := range b.newest.Demodularized {
			delete(s.names, left)
		}
		s.Active = append(s.Active, name+":"+b.newest.Stream+":"+b.context)
	}
	slices.Sort(s.Active)
	return s
}

// binaryName returns the name of a package that is not a source package.
func binaryName(nevra string) (string, bool) {
	if strings.HasSuffix(nevra, ".src") || strings.HasSuffix(nevra, ".nosrc") {
		return "", false
	}
	release := strings.LastIndexByte(nevra, '-')
	return nevra[:strings.LastIndexByte(nevra[:release], '-')], true
}

// Hides says whether the package is hidden; nevra is with an epoch. Packages that
// only provide a reserved name are found through Reserved.
func (s *Selection) Hides(nevra, name string) bool {
	return !s.include[nevra] && (s.exclude[nevra] || s.names[name])
}

// Names returns the names of all binary packages that Hides may be true for,
// sorted.
func (s *Selection) Names() []string {
	names := maps.Clone(s.names)
	for nevra := range s.exclude {
		if name, ok := binaryName(nevra); ok {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// Offers says whether the package belongs to an active stream, so that no other
// rule of modules hides it.
func (s *Selection) Offers(nevra string) bool { return s.include[nevra] }

// Reserved returns the names that only packages of active streams may have or
// provide, sorted.
func (s *Selection) Reserved() []string { return slices.Sorted(maps.Keys(s.names)) }

// Empty says that modules hide nothing.
func (s *Selection) Empty() bool { return len(s.exclude) == 0 && len(s.names) == 0 }
