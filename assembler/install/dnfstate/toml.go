package dnfstate

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// tomlVersion is the version of dnf5's state files.
const tomlVersion = "1.0"

// maxLine is the longest list on a line, in bytes.
const maxLine = 80

// quote writes a basic TOML string (toml.io v1.0.0). Package names and versions
// are printable; anything else is escaped.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < 0x20 || r == 0x7f:
			fmt.Fprintf(&b, "\\u%04X", r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

func quoteAll(list []string) string {
	quoted := make([]string, len(list))
	for i, s := range list {
		quoted[i] = quote(s)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// file writes one state file: a table of tables by key.
func file[V any](name string, rows map[string]V, row func(b *bytes.Buffer, key string, v V)) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "version = %s\n\n[%s]\n", quote(tomlVersion), name)
	for _, key := range slices.Sorted(maps.Keys(rows)) {
		row(&b, key, rows[key])
	}
	if len(rows) > 0 && !bytes.HasSuffix(b.Bytes(), []byte("\n\n")) {
		b.WriteByte('\n')
	}
	return b.Bytes()
}

// tomlFiles returns dnf5's state files by name.
func (s *State) tomlFiles() map[string][]byte {
	sum := s.summarize()
	return map[string][]byte{
		"packages.toml": file("packages", sum.reasons, func(b *bytes.Buffer, key string, r Reason) {
			fmt.Fprintf(b, "%s = {reason = %s}\n", quote(key), quote(r.String()))
		}),
		"nevras.toml": file("nevras", sum.repos, func(b *bytes.Buffer, key, repo string) {
			fmt.Fprintf(b, "%s = {from_repo = %s}\n", quote(key), quote(repo))
		}),
		"groups.toml":       file("groups", sum.groups, groupRow),
		"environments.toml": file("environments", sum.environ, environmentRow),
		"modules.toml":      file("modules", s.modules(), moduleRow),
		"system.toml":       fmt.Appendf(nil, "version = %s\nsystem = {rpmdb_cookie = %s}\n", quote(tomlVersion), quote(sum.cookie)),
	}
}

func groupRow(b *bytes.Buffer, key string, g groupState) {
	fmt.Fprintf(b, "[groups.%s]\npackage_types = %s\npackages = %s\nuserinstalled = %s\n\n",
		bareKey(key), quoteAll(g.Types.names()), lines(g.packages), strconv.FormatBool(g.Reason == User))
}

// lines writes a list in one line, or where it would be long, one item a line.
func lines(list []string) string {
	short := quoteAll(list)
	if len(short) <= maxLine {
		return short
	}
	var b strings.Builder
	b.WriteString("[\n")
	for _, s := range list {
		b.WriteString("    " + quote(s) + ",\n")
	}
	return b.String() + "]"
}

// bareKey writes a key, without quotes where TOML needs none.
func bareKey(key string) string {
	plain := func(r rune) bool {
		return r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
	}
	if key == "" || strings.ContainsFunc(key, func(r rune) bool { return !plain(r) }) {
		return quote(key)
	}
	return key
}

func environmentRow(b *bytes.Buffer, key string, g Group) {
	groups := []string{}
	for _, m := range g.dnf5Members() {
		if m.Type&(Mandatory|Default) != 0 {
			groups = append(groups, m.Name)
		}
	}
	fmt.Fprintf(b, "%s = {groups = %s}\n", bareKey(key), quoteAll(groups))
}

func moduleRow(b *bytes.Buffer, key string, m Module) {
	fmt.Fprintf(b, "[modules.%s]\nenabled_stream = %s\ninstalled_profiles = %s\nstate = %s\n\n",
		bareKey(key), quote(m.Stream), quoteAll(m.Profiles), quote(string(m.State)))
}
