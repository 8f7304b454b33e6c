package minidistro

import (
	"fmt"
	"strings"
)

// comps is the groups file: the groups of data/comps.txt that have members here,
// and the environments.
func (m *maker) comps() string {
	var b strings.Builder
	b.WriteString("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" +
		"<!DOCTYPE comps PUBLIC '-//Red Hat, Inc.//DTD Comps info//EN' 'comps.dtd'>\n<comps>\n")
	open := false
	closeGroup := func() {
		if open {
			b.WriteString("    </packagelist>\n  </group>\n")
		}
	}
	for _, line := range m.lines("comps.txt") {
		if strings.HasPrefix(line, "[") {
			closeGroup()
			open = true
			id, rest, _ := strings.Cut(line[1:], "] ")
			name, text, _ := strings.Cut(rest, "; ")
			fmt.Fprintf(&b, "  <group>\n    <id>%s</id>\n    <name>%s</name>\n    <name xml:lang=\"de\">%s</name>\n"+
				"    <description>%s</description>\n    <default>false</default>\n    <uservisible>false</uservisible>\n    <packagelist>\n",
				id, name, name, text)
			if id == "core" {
				b.WriteString("      <packagereq type=\"conditional\" requires=\"systemd\">systemd-pam</packagereq>\n")
			}
			continue
		}
		kind, names, _ := strings.Cut(line, ": ")
		m.compsMembers(&b, kind, names)
	}
	closeGroup()
	b.WriteString(m.file("comps-tail.xml"))
	return b.String()
}

func (m *maker) compsMembers(b *strings.Builder, kind, names string) {
	for _, n := range strings.Fields(names) {
		name := strings.TrimSuffix(n, "?")
		if _, ok := m.pkgs[name]; ok {
			fmt.Fprintf(b, "      <packagereq type=%q>%s</packagereq>\n", kind, name)
		}
	}
}
