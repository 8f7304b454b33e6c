package minidistro

import (
	"slices"
	"strings"
)

// operators maps Debian's relations to rpm's.
var operators = map[string]string{"<<": "<", "<=": "<=", "=": "=", ">=": ">=", ">>": ">", "<": "<=", ">": ">="}

// fromDebian makes a package of the named Debian packages with their
// dependencies translated.
func (m *maker) fromDebian(name string, debs []string) *pkg {
	lead := m.index.packages[debs[0]]
	epoch, version, release := evr(lead["Version"])
	if release == "" {
		release = "1"
	}
	arch := "noarch"
	for _, d := range debs {
		if m.index.packages[d]["Architecture"] != "all" {
			arch = m.arch.name
		}
	}
	source, _, _ := strings.Cut(lead["Source"]+" ", " ")
	if source == "" {
		source = debs[0]
	}
	p := m.newPkg(name, version, release+m.dist, epoch, arch, source)
	p.debs = debs
	p.description = lead["Description"]
	p.summary, _, _ = strings.Cut(p.description, "\n")
	for _, d := range debs {
		m.translate(p, d)
	}
	p.provides = unique(p.provides)
	return p
}

func unique(list []string) []string {
	var out []string
	seen := map[string]bool{}
	for _, s := range list {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}

// translate adds the relations of one Debian package.
func (m *maker) translate(p *pkg, deb string) {
	d := m.index.packages[deb]
	if deb != p.name {
		own := m.evrText(d["Version"], true)
		if !strings.Contains(own, "-") {
			own += "-1" + m.dist
		}
		p.provides = append(p.provides, deb+" = "+own)
	}
	for _, alts := range parseDeps(d["Provides"]) {
		for _, a := range alts {
			if a.version != "" {
				a.name += " = " + m.evrText(a.version, true)
			}
			p.provides = append(p.provides, a.name)
		}
	}
	for _, alts := range d.depends() {
		p.requires = append(p.requires, m.require(p, alts)...)
	}
	for _, alts := range parseDeps(d["Recommends"]) {
		if slices.ContainsFunc(alts, func(a alternative) bool { return m.skip[a.name] || !m.elsewhere(p, a) }) {
			continue
		}
		p.recommends = append(p.recommends, m.group(alts)...)
	}
	for _, alts := range parseDeps(d["Conflicts"] + "," + d["Breaks"]) {
		// Plain names are often virtual ones that conflict with themselves.
		if a := alts[0]; a.op != "" && m.rpmOf[a.name] != p.name && !m.skip[a.name] {
			p.conflicts = append(p.conflicts, m.dependency(a))
		}
	}
}

func (m *maker) elsewhere(p *pkg, a alternative) bool {
	r, ok := m.rpmOf[a.name]
	return ok && r != p.name
}

func (m *maker) require(p *pkg, alts []alternative) []string {
	if slices.ContainsFunc(alts, func(a alternative) bool { return m.rpmOf[a.name] == p.name }) {
		return nil
	}
	if alts[0].name == "adduser" {
		return []string{"shadow-utils"}
	}
	return m.group(alts)
}

// group makes one rpm dependency of alternatives, a rich one when there are
// several; none when nothing here could satisfy it.
func (m *maker) group(alts []alternative) []string {
	var names []string
	known := false
	for _, a := range alts {
		if m.skip[a.name] {
			continue
		}
		known = known || m.rpmOf[a.name] != "" || m.provided[a.name]
		names = append(names, m.dependency(a))
	}
	names = unique(names)
	switch {
	case !known:
		return nil
	case len(names) == 1:
		return names
	}
	return []string{"(" + strings.Join(names, " or ") + ")"}
}

// dependency spells one relation for rpm. A package that was merged into
// another is asked for by the name it provides.
func (m *maker) dependency(a alternative) string {
	name := a.name
	if r, ok := m.rpmOf[a.name]; ok {
		if lead := m.merge[r]; len(lead) == 0 && r == a.name || len(lead) > 0 && lead[0] == a.name {
			name = r
		}
	}
	if a.op == "" {
		return name
	}
	op := operators[a.op]
	if op == ">" && !strings.Contains(a.version, "-") {
		op = ">=" // for rpm 2.36-9 is not greater than 2.36
	}
	return name + " " + op + " " + m.evrText(a.version, a.op == "=")
}
