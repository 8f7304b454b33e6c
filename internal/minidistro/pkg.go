package minidistro

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// node is what %files says of one path.
type node struct {
	kind        byte // f, d or l
	mode        uint32
	user, group string
	caps        string
}

// script is a scriptlet: the header line of its section and the body.
type script struct{ header, body string }

// account is a system user that a package makes.
type account struct{ gecos, home, uid string }

// pkg is an RPM to be: a staged tree and what its spec file says.
type pkg struct {
	name, epoch, version, release, arch, source string
	summary, description, license               string

	requires, recommends, suggests, provides, conflicts []string
	preRequires                                         [][2]string // qualifier, dependency
	scripts                                             []script
	nodes                                               map[string]node
	extraFiles                                          []string // lines of %files, mostly ghosts
	users                                               map[string]account
	groups                                              map[string]string // name to id
	debs                                                []string
	elfProvides, elfRequires, fileRequires              []string

	stage string
	built string // file of the unsigned package
}

func (m *maker) newPkg(name, version, release, epoch, arch, source string) *pkg {
	p := &pkg{name: name, version: version, release: release, epoch: epoch, arch: arch, source: source,
		summary: name, description: name, license: "GPL-2.0-or-later AND MIT",
		nodes: map[string]node{}, users: map[string]account{}, groups: map[string]string{},
		stage: m.path("stage/" + name)}
	m.pkgs[name] = p
	os.MkdirAll(p.stage, 0o755)
	return p
}

// full is the package's epoch, version and release.
func (p *pkg) full() string {
	s := p.version + "-" + p.release
	if p.epoch != "" {
		s = p.epoch + ":" + s
	}
	return s
}

func (p *pkg) path(name string) string { return filepath.Join(p.stage, name) }

func (p *pkg) has(name string) bool { _, ok := p.nodes[name]; return ok }

// paths returns the node names in order.
func (p *pkg) paths() []string { return sortedKeys(p.nodes) }

func (p *pkg) mkdir(name string, mode uint32) { p.mkdirOwned(name, mode, "root", "root") }

func (p *pkg) mkdirOwned(name string, mode uint32, user, group string) {
	os.MkdirAll(p.path(name), 0o755)
	p.nodes[name] = node{kind: 'd', mode: mode, user: user, group: group}
}

func (p *pkg) write(name, text string, mode uint32) { p.writeOwned(name, text, mode, "root", "root") }

func (p *pkg) writeOwned(name, text string, mode uint32, user, group string) {
	os.MkdirAll(filepath.Dir(p.path(name)), 0o755)
	os.Remove(p.path(name))
	// Unreadable files are staged readable: %attr gives them their mode.
	os.WriteFile(p.path(name), []byte(text), fs.FileMode(mode|0o600))
	setBuildTime(p.path(name))
	p.nodes[name] = node{kind: 'f', mode: mode, user: user, group: group}
}

func setBuildTime(path string) { os.Chtimes(path, buildTime, buildTime) }

var buildTime = time.Unix(BuildTime, 0)

func (p *pkg) symlink(name, target string) {
	os.MkdirAll(filepath.Dir(p.path(name)), 0o755)
	os.Remove(p.path(name))
	os.Symlink(target, p.path(name))
	p.nodes[name] = node{kind: 'l', mode: 0o777, user: "root", group: "root"}
}

// remove drops every node that matches a pattern; * matches slashes too.
func (p *pkg) remove(pattern string) {
	match := glob(pattern)
	for _, name := range p.paths() {
		if !match.MatchString(name) {
			continue
		}
		if p.nodes[name].kind != 'd' {
			os.Remove(p.path(name))
		}
		delete(p.nodes, name)
	}
}

func (p *pkg) rename(from, to string) {
	os.MkdirAll(filepath.Dir(p.path(to)), 0o755)
	if os.Rename(p.path(from), p.path(to)) == nil {
		p.nodes[to] = p.nodes[from]
		delete(p.nodes, from)
	}
}

func (p *pkg) read(name string) string {
	b, _ := os.ReadFile(p.path(name))
	return string(b)
}

// edit replaces regular expressions in a staged file.
func (p *pkg) edit(name string, pairs ...string) {
	info, err := os.Lstat(p.path(name))
	if err != nil || !info.Mode().IsRegular() {
		return
	}
	text := p.read(name)
	for pair := range slices.Chunk(pairs, 2) {
		text = regexp.MustCompile(pair[0]).ReplaceAllString(text, pair[1])
	}
	os.WriteFile(p.path(name), []byte(text), info.Mode())
	setBuildTime(p.path(name))
}

func (p *pkg) script(header, body string) { p.scripts = append(p.scripts, script{header, body}) }

func (p *pkg) ghost(attributes, name string) {
	p.extraFiles = append(p.extraFiles, "%ghost "+attributes+" /"+name)
}

// glob translates a shell pattern in which * matches everything.
func glob(pattern string) *regexp.Regexp {
	expr := regexp.QuoteMeta(pattern)
	expr = strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(expr)
	return regexp.MustCompile("^" + expr + "$")
}

func matchAny(patterns []*regexp.Regexp, name string) bool {
	return slices.ContainsFunc(patterns, func(r *regexp.Regexp) bool { return r.MatchString(name) })
}

func globs(patterns []string) []*regexp.Regexp {
	out := make([]*regexp.Regexp, len(patterns))
	for i, p := range patterns {
		out[i] = glob(p)
	}
	return out
}

// splitOff moves matching files of p's stage into to's, with their directories.
func (m *maker) splitOff(p, to *pkg, patterns, except []string) {
	take, keep := globs(patterns), globs(except)
	for _, name := range p.paths() {
		if p.nodes[name].kind == 'd' || !matchAny(take, name) || matchAny(keep, name) {
			continue
		}
		os.MkdirAll(filepath.Dir(to.path(name)), 0o755)
		if os.Rename(p.path(name), to.path(name)) != nil {
			continue
		}
		to.nodes[name] = p.nodes[name]
		delete(p.nodes, name)
		for d := path.Dir(name); d != "."; d = path.Dir(d) {
			if _, fixed := m.dirs[d]; fixed {
				break
			}
			if n, ok := p.nodes[d]; ok && !to.has(d) {
				to.nodes[d] = n
			}
		}
	}
	dropEmpty(p, func(d string) bool { return to.has(d) })
}

// dropEmpty forgets directories without content for which drop holds.
func dropEmpty(p *pkg, drop func(string) bool) {
	used := map[string]bool{}
	for name, n := range p.nodes {
		if n.kind != 'd' {
			for d := path.Dir(name); d != "."; d = path.Dir(d) {
				used[d] = true
			}
		}
	}
	for _, name := range p.paths() {
		if p.nodes[name].kind == 'd' && !used[name] && drop(name) {
			delete(p.nodes, name)
		}
	}
}
