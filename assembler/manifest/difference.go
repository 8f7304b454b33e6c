package manifest

import (
	"cmp"
	"slices"
	"strings"
)

// Change of a package between two sets.
type PackageChange struct {
	Name string `json:"name"` // with architecture
	Old  string `json:"old,omitempty"`
	New  string `json:"new,omitempty"`
	// Kind is added, removed, upgraded, downgraded or changed (same version,
	// other content).
	Kind string `json:"kind"`
}

// Compare tells what differs between two sets of packages given by NEVRA, with
// checksums where they are known. Versions are compared by newer, which returns
// a negative number when its first argument is older.
func Compare(old, new map[string]string, newer func(a, b string) int) []PackageChange {
	before, after := byName(old), byName(new)
	var list []PackageChange
	for name, evrs := range after {
		for _, evr := range evrs {
			if !slices.Contains(before[name], evr) {
				list = append(list, change(name, before[name], evr, newer))
			} else if a, b := old[join(name, evr)], new[join(name, evr)]; a != b && a != "" && b != "" {
				list = append(list, PackageChange{name, evr, evr, "changed"})
			}
		}
	}
	for name, evrs := range before {
		for _, evr := range evrs {
			if len(after[name]) == 0 {
				list = append(list, PackageChange{name, evr, "", "removed"})
			}
		}
	}
	slices.SortFunc(list, func(a, b PackageChange) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.New, b.New)) })
	return list
}

func change(name string, before []string, evr string, newer func(a, b string) int) PackageChange {
	if len(before) == 0 {
		return PackageChange{name, "", evr, "added"}
	}
	last := slices.MaxFunc(before, newer)
	kind := "upgraded"
	if newer(evr, last) < 0 {
		kind = "downgraded"
	}
	return PackageChange{name, last, evr, kind}
}

// byName groups the versions of a set by name and architecture.
func byName(set map[string]string) map[string][]string {
	names := map[string][]string{}
	for nevra := range set {
		name, evr := split(nevra)
		names[name] = append(names[name], evr)
	}
	for _, evrs := range names {
		slices.Sort(evrs)
	}
	return names
}

// split takes name-epoch:version-release.arch apart. A name that is not of that
// form, as that of a public key without architecture, is all there is.
func split(nevra string) (name, evr string) {
	dot := strings.LastIndex(nevra, ".")
	release := strings.LastIndex(nevra[:max(dot, 0)], "-")
	version := strings.LastIndex(nevra[:max(release, 0)], "-")
	if version < 0 {
		return nevra, ""
	}
	return nevra[:version] + nevra[dot:], nevra[version+1 : dot]
}

func join(name, evr string) string {
	dot := strings.LastIndex(name, ".")
	if dot < 0 || evr == "" {
		return name
	}
	return name[:dot] + "-" + evr + name[dot:]
}
