package minidistro

import (
	"fmt"
	"regexp"
	"strings"
)

var (
	localeDir = regexp.MustCompile(`^usr/share/locale/([^/]+)/`)
	manDir    = regexp.MustCompile(`^usr/share/man/([a-z][a-z](?:_[A-Z]+)?(?:\.[^/]+)?)/man`)
	unsafe    = regexp.MustCompile("[\\\\\\[\\]{}*\"%\\s$'`]")
)

// spec is the package's spec file.
func (m *maker) spec(p *pkg) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("Name: %s", p.name)
	if p.epoch != "" {
		line("Epoch: %s", p.epoch)
	}
	summary, _, _ := strings.Cut(p.summary, "\n")
	line("Version: %s\nRelease: %s\nSummary: %s\nLicense: %s", p.version, p.release, escape(summary[:min(len(summary), 120)]), p.license)
	line("URL: https://example.invalid/%s\nVendor: Fimg Test Project\nPackager: Fimg Test Project <nobody@example.invalid>", p.name)
	line("Group: Unspecified\nAutoReqProv: no")
	if p.arch == "noarch" {
		line("BuildArch: noarch")
	}
	m.relations(p, line)
	line("\n%%description\n%s\n", escape(p.description))
	line("%%install\nrm -rf %%{buildroot}\nmkdir -p $(dirname %%{buildroot})\nmv %s %%{buildroot}\n", p.stage)
	scriptSections(p, line)
	line("%%files")
	for _, name := range p.paths() {
		if p.nodes[name].kind == 'd' && p.name != "filesystem" {
			if _, fixed := m.dirs[name]; fixed {
				continue
			}
		}
		line("%s", fileLine(p, name))
	}
	for _, e := range p.extraFiles {
		line("%s", e)
	}
	line("\n%%changelog\n* Tue May 20 2025 Fimg Test Project <nobody@example.invalid> - %s\n- Made from Debian packages: %s", p.full(), m.origins(p))
	return b.String()
}

func escape(s string) string { return strings.ReplaceAll(s, "%", "%%") }

func (m *maker) origins(p *pkg) string {
	if len(p.debs) == 0 {
		return "none"
	}
	return strings.Join(p.debs, " ")
}

func (m *maker) relations(p *pkg, line func(string, ...any)) {
	provides := unique(append(append([]string{}, p.provides...), p.elfProvides...))
	if p.arch != "noarch" {
		provides = append(provides, p.name+"("+m.arch.isa+") = "+p.full())
	}
	requires := append(append(append([]string{}, p.requires...), p.elfRequires...), p.fileRequires...)
	for _, r := range []struct {
		tag  string
		list []string
	}{{"Provides", provides}, {"Requires", unique(requires)}, {"Recommends", unique(p.recommends)},
		{"Suggests", unique(p.suggests)}, {"Conflicts", unique(p.conflicts)}} {
		for _, d := range r.list {
			line("%s: %s", r.tag, d)
		}
	}
	seen := map[[2]string]bool{}
	for _, r := range p.preRequires {
		if !seen[r] {
			seen[r] = true
			line("Requires(%s): %s", r[0], r[1])
		}
	}
}

// scriptSections joins the scriptlets of one kind, in the order they were added.
func scriptSections(p *pkg, line func(string, ...any)) {
	bodies := map[string]string{}
	var order []string
	for _, s := range p.scripts {
		if _, ok := bodies[s.header]; !ok {
			order = append(order, s.header)
		}
		bodies[s.header] += s.body
	}
	for _, h := range order {
		line("%s\n%s", h, escape(bodies[h]))
	}
}

// fileLine is a path's line in %files with its attributes.
func fileLine(p *pkg, name string) string {
	n := p.nodes[name]
	safe := unsafe.ReplaceAllString(name, "?")
	if n.kind == 'd' {
		return fmt.Sprintf("%%dir %%attr(%04o,%s,%s) /%s", n.mode, n.user, n.group, safe)
	}
	prefix := filePrefix(p, name, n)
	if n.kind == 'l' {
		return fmt.Sprintf("%s%%attr(-,%s,%s) /%s", prefix, n.user, n.group, safe)
	}
	return fmt.Sprintf("%s%%attr(%04o,%s,%s) /%s", prefix, n.mode, n.user, n.group, safe)
}

func filePrefix(p *pkg, name string, n node) string {
	prefix := ""
	if strings.HasPrefix(name, "etc/") && n.kind == 'f' {
		prefix += "%config(noreplace) "
	}
	for _, dir := range []*regexp.Regexp{localeDir, manDir} {
		if f := dir.FindStringSubmatch(name); f != nil && p.name != "filesystem" {
			prefix += "%lang(" + f[1] + ") "
		}
	}
	switch {
	case strings.HasPrefix(name, "usr/share/man/"), strings.HasPrefix(name, "usr/share/info/"):
		prefix += "%doc "
	case strings.HasPrefix(name, "usr/share/doc/") && strings.HasSuffix(name, "/copyright"):
		prefix += "%license "
	case strings.HasPrefix(name, "usr/share/doc/"):
		prefix += "%doc "
	}
	if n.caps != "" {
		prefix += "%caps(" + n.caps + ") "
	}
	return prefix
}
