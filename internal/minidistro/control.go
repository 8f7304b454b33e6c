package minidistro

import (
	"bufio"
	"bytes"
	"regexp"
	"slices"
	"strings"
)

// paragraph is a stanza of Debian control data (deb822(5)).
type paragraph map[string]string

// alternative is one of the packages a dependency accepts.
type alternative struct{ name, op, version string }

// index is the archive's list of packages.
type index struct {
	packages map[string]paragraph
	virtual  map[string][]string // who provides a name
}

func parseIndex(text []byte) *index {
	ix := &index{packages: map[string]paragraph{}, virtual: map[string][]string{}}
	scanner := bufio.NewScanner(bytes.NewReader(text))
	scanner.Buffer(nil, 1<<24)
	current, key := paragraph{}, ""
	for scanner.Scan() {
		line := scanner.Text()
		switch {
		case line == "":
			ix.add(current)
			current, key = paragraph{}, ""
		case line[0] == ' ' || line[0] == '\t':
			current[key] += "\n" + strings.TrimSpace(line)
		default:
			name, value, _ := strings.Cut(line, ":")
			key = name
			current[key] = strings.TrimSpace(value)
		}
	}
	ix.add(current)
	return ix
}

func (ix *index) add(p paragraph) {
	name := p["Package"]
	if name == "" {
		return
	}
	if _, again := ix.packages[name]; again {
		return
	}
	ix.packages[name] = p
	for _, alts := range parseDeps(p["Provides"]) {
		for _, a := range alts {
			ix.virtual[a.name] = append(ix.virtual[a.name], name)
		}
	}
}

var (
	depForm      = regexp.MustCompile(`^([A-Za-z0-9.+_-]+)(?::[a-z0-9]+)?\s*(?:\(([<>=]+)\s*([^)]+)\))?`)
	depCondition = regexp.MustCompile(`\[[^]]*\]|<[a-z!]+>`)
)

// parseDeps reads a relationship field: groups of alternatives.
func parseDeps(field string) [][]alternative {
	var out [][]alternative
	for group := range strings.SplitSeq(strings.ReplaceAll(field, "\n", " "), ",") {
		var alts []alternative
		for a := range strings.SplitSeq(group, "|") {
			a = strings.TrimSpace(depCondition.ReplaceAllString(strings.TrimSpace(a), ""))
			if f := depForm.FindStringSubmatch(a); f != nil {
				alts = append(alts, alternative{f[1], f[2], strings.TrimSpace(f[3])})
			}
		}
		if len(alts) > 0 {
			out = append(out, alts)
		}
	}
	return out
}

// depends are the hard dependencies of a package.
func (p paragraph) depends() [][]alternative {
	return parseDeps(p["Pre-Depends"] + "," + p["Depends"])
}

// closure adds what the seeds need, first alternative first.
func (m *maker) closure(seeds []string) []string {
	c := &closing{m: m, seen: map[string]bool{}, todo: slices.Clone(seeds)}
	for len(c.todo) > 0 {
		name := c.todo[0]
		c.todo = c.todo[1:]
		c.take(name)
	}
	return c.chosen
}

type closing struct {
	m      *maker
	seen   map[string]bool
	todo   []string
	chosen []string
}

func (c *closing) take(name string) {
	if c.seen[name] || c.m.skip[name] {
		return
	}
	c.seen[name] = true
	p, ok := c.m.index.packages[name]
	if !ok {
		c.m.log("  the archive has no package %s", name)
		return
	}
	c.chosen = append(c.chosen, name)
	for _, alts := range p.depends() {
		skipped := slices.ContainsFunc(alts, func(a alternative) bool { return c.m.skip[a.name] })
		if !skipped && !slices.ContainsFunc(alts, c.satisfied) {
			c.addFirst(alts)
		}
	}
}

func (c *closing) has(name string) bool { return c.seen[name] || slices.Contains(c.todo, name) }

func (c *closing) satisfied(a alternative) bool {
	if a.op == "<<" || a.op == "<=" {
		return false
	}
	return c.has(a.name) || slices.ContainsFunc(c.m.index.virtual[a.name], c.has)
}

func (c *closing) addFirst(alts []alternative) {
	for _, a := range alts {
		if _, real := c.m.index.packages[a.name]; real {
			c.todo = append(c.todo, a.name)
			return
		}
		for _, p := range c.m.index.virtual[a.name] {
			if !c.m.skip[p] {
				c.todo = append(c.todo, p)
				return
			}
		}
	}
}

// evr splits a Debian version into what rpm allows.
func evr(version string) (epoch, ver, release string) {
	version = strings.TrimSpace(version)
	if e, rest, ok := strings.Cut(version, ":"); ok {
		epoch, version = e, rest
	}
	if i := strings.LastIndex(version, "-"); i >= 0 {
		version, release = version[:i], version[i+1:]
	}
	if epoch == "0" {
		epoch = ""
	}
	return epoch, strings.ReplaceAll(version, "-", "."), strings.ReplaceAll(release, "-", ".")
}

// evrText is a Debian version in rpm's spelling, with the distribution's tag
// where an exact release is meant.
func (m *maker) evrText(version string, exact bool) string {
	epoch, v, r := evr(version)
	if epoch != "" {
		v = epoch + ":" + v
	}
	if r != "" {
		v += "-" + r
		if exact {
			v += m.dist
		}
	}
	return v
}
