package minidistro

import (
	"embed"
	"strconv"
	"strings"
)

//go:embed data
var data embed.FS

// text returns an embedded file with {releasever}, {triplet}, {arch}, {deb}
// and {efi} filled in.
func (m *maker) text(name string) string {
	b, err := data.ReadFile("data/" + name)
	if err != nil {
		return ""
	}
	r := strings.NewReplacer("{releasever}", m.opts.Releasever, "{triplet}", m.arch.triplet, "{arch}", m.arch.name,
		"{deb}", m.arch.deb, "{efi}", m.arch.efi)
	return r.Replace(string(b))
}

func (m *maker) file(name string) string { return m.text("files/" + name) }

// lines returns the lines of a data file that say something.
func (m *maker) lines(name string) []string {
	var out []string
	for line := range strings.Lines(m.text(name)) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			out = append(out, line)
		}
	}
	return out
}

func (m *maker) loadData() {
	m.skip = map[string]bool{}
	for _, line := range m.lines("skip.txt") {
		for _, n := range strings.Fields(line) {
			m.skip[n] = true
		}
	}
	m.merge = map[string][]string{}
	for _, line := range m.lines("merge.txt") {
		name, debs, _ := strings.Cut(line, ":")
		m.merge[name] = strings.Fields(debs)
	}
	m.dirs = map[string]uint32{}
	for _, line := range m.lines("directories.txt") {
		mode, dir, _ := strings.Cut(line, " ")
		v, _ := strconv.ParseUint(mode, 8, 32)
		m.dirs[dir] = uint32(v)
	}
	m.users, m.groups = accountNames(m.file("passwd")), accountNames(m.file("group"))
}

func accountNames(text string) map[string]bool {
	names := map[string]bool{}
	for line := range strings.Lines(text) {
		name, _, _ := strings.Cut(line, ":")
		names[name] = true
	}
	return names
}

// seeds are the packages the closure starts from on this architecture.
func (m *maker) seeds() []string {
	var out []string
	wanted := true
	for _, line := range m.lines("seeds.txt") {
		if strings.HasPrefix(line, "[") {
			wanted = line == "["+m.arch.deb+"]"
			continue
		}
		if wanted {
			out = append(out, strings.Fields(line)...)
		}
	}
	return out
}
