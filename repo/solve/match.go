package solve

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/fimg/fimg/repo/pool"
	"github.com/fimg/fimg/repo/pool/evr"
)

// matcher finds the packages that an argument means.
type matcher struct{ u *pool.Universe }

// visible packages are those a user can name.
func (m *matcher) visible(id pool.ID) bool { return m.u.IsInstalled(id) || m.u.Installable(id) }

// The forms of a NEVRA, most specific first as dnf tries them. Names are greedy:
// the last hyphens separate version and release.
var forms = []*regexp.Regexp{
	regexp.MustCompile(`^([^:(/=<> ]+)-(?:([0-9]+):)?([^-:(/=<> ]+)-([^-:(/=<> ]+)\.([^-:.(/=<> ]+)$`),
	regexp.MustCompile(`^([^:(/=<> ]+)()()()\.([^-:.(/=<> ]+)$`),
	regexp.MustCompile(`^([^:(/=<> ]+)()()()()$`),
	regexp.MustCompile(`^([^:(/=<> ]+)-(?:([0-9]+):)?([^-:(/=<> ]+)-([^-:(/=<> ]+)()$`),
	regexp.MustCompile(`^([^:(/=<> ]+)-(?:([0-9]+):)?([^-:(/=<> ]+)()()$`),
}

// form is how an argument was understood as a NEVRA.
type form struct {
	justName bool // it is a bare name
	allArchs bool // its architecture is a glob
}

// byNEVRA tries the forms in turn and then the whole as a glob.
func (m *matcher) byNEVRA(arg string) (ids []pool.ID, is form) {
	for i, re := range forms {
		parts := re.FindStringSubmatch(arg)
		if parts == nil {
			continue
		}
		if ids := m.byParts(parts); len(ids) > 0 {
			return ids, form{justName: i == 2, allArchs: isGlob(parts[5])}
		}
	}
	if isGlob(arg) {
		ids = m.wholeGlob(arg)
	}
	return ids, form{}
}

// wholeGlob finds the packages whose NEVRA matches a glob: with its epoch, even
// zero, where the glob has a colon, else without it.
func (m *matcher) wholeGlob(arg string) []pool.ID {
	tail := arg[strings.LastIndexAny(arg, `*?[]\`)+1:]
	mayEnd := m.remember(m.u.Arch0, func(arch string) bool {
		return strings.HasSuffix("."+arch, tail) || strings.HasSuffix(tail, "."+arch)
	})
	withEpoch := strings.Contains(arg, ":")
	return m.scan(func(id pool.ID) bool {
		if !mayEnd(id) {
			return false
		}
		p := m.u.Package(id)
		if withEpoch {
			return pool.Glob(arg, p.NEVRA())
		}
		return pool.Glob(arg, p.Name+"-"+p.Version+"-"+p.Release+"."+p.Arch)
	})
}

// remember makes a test of packages of a test of one of their strings, which is
// made once for each string.
func (m *matcher) remember(of func(pool.ID) pool.Str, test func(string) bool) func(pool.ID) bool {
	known := map[pool.Str]bool{}
	return func(id pool.ID) bool {
		number := of(id)
		answer, ok := known[number]
		if !ok {
			answer = test(m.u.String(number))
			known[number] = answer
		}
		return answer
	}
}

// byParts finds the packages that match name, epoch, version, release and
// architecture, each of which may be a glob or empty.
func (m *matcher) byParts(parts []string) []pool.ID {
	arch := m.remember(m.u.Arch0, func(arch string) bool { return part(parts[5], arch) })
	version := m.remember(m.u.EVR0, func(text string) bool {
		epoch, version, release := evr.Split(text)
		return (parts[2] == "" || evr.Version(parts[2], cmp.Or(epoch, "0")) == 0) &&
			part(parts[3], version) && part(parts[4], release)
	})
	anyVersion := parts[2]+parts[3]+parts[4] == ""
	keep := func(id pool.ID) bool { return arch(id) && (anyVersion || version(id)) }
	if isGlob(parts[1]) {
		return m.scanNames(parts[1], keep)
	}
	name, ok := m.u.Lookup(parts[1])
	if !ok {
		return nil
	}
	var out []pool.ID
	for _, id := range m.u.Named(name) {
		if m.visible(id) && keep(id) {
			out = append(out, id)
		}
	}
	return out
}

// scanNames finds the packages whose name matches a glob, looking at each name
// once.
func (m *matcher) scanNames(pattern string, keep func(pool.ID) bool) []pool.ID {
	name := m.remember(m.u.Name0, func(name string) bool { return pool.Glob(pattern, name) })
	return m.scan(func(id pool.ID) bool { return name(id) && keep(id) })
}

func part(pattern, value string) bool {
	return pattern == "" || pattern == value || isGlob(pattern) && pool.Glob(pattern, value)
}

func (m *matcher) scan(f func(pool.ID) bool) (out []pool.ID) {
	for id := range m.u.All() {
		if m.visible(id) && f(id) {
			out = append(out, id)
		}
	}
	return out
}

var provideForm = regexp.MustCompile(`^([^ \t<>=]+)[ \t]*(<=|>=|=|<|>)[ \t]*([^ \t]+)$`)

// byProvide finds the packages that provide the argument, which may have a
// version range, or a name that matches it as a glob.
func (m *matcher) byProvide(arg string) (out []pool.ID) {
	if strings.HasPrefix(arg, "(") {
		if d, err := m.u.Parse(arg); err == nil {
			return m.onlyVisible(m.u.Providers(d))
		}
		return nil
	}
	name, op, version := arg, evr.Op(0), ""
	if f := provideForm.FindStringSubmatch(arg); f != nil {
		name, version = f[1], f[3]
		for o := evr.GT; o < evr.Any; o++ {
			if o.String() == f[2] {
				op = o
			}
		}
	}
	names := []string{name}
	if isGlob(name) {
		names = m.u.ProvideNames(func(n string) bool { return pool.Glob(name, n) })
	}
	for _, n := range names {
		for _, id := range m.u.ProvidersOf(n, pool.Op(op), version) {
			if m.visible(id) && (!strings.HasPrefix(n, "/") || m.u.Provides(id, n)) {
				out = append(out, id)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// byFile finds the packages that own a file whose path matches.
func (m *matcher) byFile(arg string) []pool.ID { return m.onlyVisible(m.u.Owners(arg, isGlob(arg))) }

func (m *matcher) onlyVisible(ids []pool.ID) (out []pool.ID) {
	for _, id := range ids {
		if m.visible(id) {
			out = append(out, id)
		}
	}
	return out
}

func isGlob(s string) bool { return strings.ContainsAny(s, "*?[") }

// isFilePattern reports whether an argument may be a path.
func isFilePattern(s string) bool { return strings.HasPrefix(s, "/") || strings.HasPrefix(s, "*/") }

// near are up to three names of the universe that resemble the argument.
func (m *matcher) near(arg string) []string {
	arg = strings.ToLower(arg)
	best := map[string]int{}
	for id := range m.u.All() {
		n := m.u.String(m.u.Name0(id))
		if _, ok := best[n]; ok || !m.visible(id) || abs2(len(n)-len(arg)) > 3 && !strings.HasPrefix(strings.ToLower(n), arg) {
			continue
		}
		if d := distance(arg, strings.ToLower(n)); d <= 1+len(arg)/4 {
			best[n] = d
		} else if strings.HasPrefix(strings.ToLower(n), arg) {
			best[n] = 1 + len(arg)/4
		}
	}
	names := make([]string, 0, len(best))
	for n := range best {
		names = append(names, n)
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(best[a], best[b]), cmp.Compare(a, b)) })
	return names[:min(3, len(names))]
}

// elsewhere are the architectures, none of them the machine's, that have a package
// of exactly that name.
func (m *matcher) elsewhere(name string) []string {
	var arches []string
	for id := range m.u.All() {
		if m.u.ArchScore(id) == 0 && m.u.String(m.u.Name0(id)) == name {
			arches = append(arches, m.u.String(m.u.Arch0(id)))
		}
	}
	slices.Sort(arches)
	return slices.Compact(arches)
}

func abs2(n int) int { return max(n, -n) }

// distance is the number of characters to insert, delete or replace.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			d := diagonal
			if a[i-1] != b[j-1] {
				d = 1 + min(diagonal, row[j-1], row[j])
			}
			diagonal, row[j] = row[j], d
		}
	}
	return row[len(b)]
}
