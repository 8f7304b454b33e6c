package description

import (
	"slices"
	"strings"
)

// section is a part of the description that profiles and architecture make active.
type section struct {
	*node
	profiles []string // none: always
	arch     []string // none: any
}

// profile is one declaration of a profile.
type profile struct {
	node              *node
	name, description string
	arch              []string
	imported          bool
	requires          []require
}

type require struct {
	name string
	arch []string
}

// commas splits as kiwi does: blanks belong to the names, nothing is no list.
func commas(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ",")
}

// archOf is the list of architectures of a node.
func archOf(n *node) []string { return commas(collapse(n.get("arch"))) }

func matches(list []string, arch string) bool { return len(list) == 0 || slices.Contains(list, arch) }

// index prepares the document for many selections.
func (d *Document) index() {
	lists := map[string]*[]*section{
		"preferences": &d.prefs, "packages": &d.packages, "repository": &d.repos, "users": &d.users,
		"drivers": &d.drivers, "strip": &d.strip, "containers": &d.containers, "certificates": &d.cas,
	}
	for k := range d.root.kids() {
		if list := lists[k.name()]; list != nil {
			*list = append(*list, newSection(k))
		}
	}
	for k := range d.root.every("profiles") {
		for p := range k.every("profile") {
			d.profiles = append(d.profiles, newProfile(p))
		}
	}
	d.arches = d.findArches()
	d.byArch = make(map[string]map[string]*profile, len(d.arches))
	for _, arch := range d.arches {
		d.byArch[arch] = d.available(arch)
	}
}

func newSection(k *node) *section {
	return &section{node: k, profiles: commas(k.get("profiles")), arch: archOf(k)}
}

func newProfile(n *node) *profile {
	p := &profile{node: n, name: n.get("name"), description: n.get("description"), arch: archOf(n)}
	p.imported = truth(n.get("import"))
	for r := range n.every("requires") {
		p.requires = append(p.requires, require{r.get("profile"), archOf(r)})
	}
	return p
}

func truth(s string) bool { return s == "true" || s == "1" }

// chosen is a set of resolved profiles.
type chosen map[string]bool

func choose(profiles []string) chosen {
	set := make(chosen, len(profiles))
	for _, p := range profiles {
		set[p] = true
	}
	return set
}

// active tells whether the section counts for the resolved profiles, and which
// profile made it so.
func (s *section) active(profiles chosen, arch string) (string, bool) {
	if !matches(s.arch, arch) {
		return "", false
	}
	if len(s.profiles) == 0 {
		return "", true
	}
	for _, p := range s.profiles {
		if profiles[p] {
			return p, true
		}
	}
	return "", false
}
