package install

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fimg/fimg/internal/testtool"
)

// A random set has randomSize packages, of which those from randomStays on are
// never updated, but may be obsoleted.
const (
	randomSize  = 18
	randomStays = 14
)

// logging is a scriptlet that notes its name, its arguments and its input.
const logging = "echo \"%[1]s $*\" >> /log\nwhile read -r f; do echo \"%[1]s < $f\" >> /log; done\n"

const loggingLua = `local l = io.open("/log", "a")
l:write("%[1]s ", table.concat({tostring(arg[2]), tostring(arg[3])}, " "), "\n")
if rpm.next_file then for f in rpm.next_file do l:write("%[1]s < ", f, "\n") end end
l:close()
`

// randomSpec writes packages that depend on each other, in circles too, with
// scriptlets and triggers of all kinds.
type randomSpec struct {
	*rand.Rand
	strings.Builder
	version int
	modern  bool // what rpm before 4.20 does not have
}

func (r *randomSpec) addf(format string, args ...any) { fmt.Fprintf(r, format, args...) }
func (r *randomSpec) pkg() string                     { return fmt.Sprintf("r%d", r.IntN(randomSize)) }
func (r *randomSpec) chance(oneIn int) bool           { return r.IntN(oneIn) == 0 }

// condition is about a version, or not.
func (r *randomSpec) condition() string {
	return []string{"", "", "", " < 2", " > 1", " = 1-1", " >= 2~rc", " <= 1^git", " < 1:1", " > 1~"}[r.IntN(10)]
}

// script adds a scriptlet of package i; rest are its options and conditions.
func (r *randomSpec) script(i int, kind, options, conditions string) {
	name := fmt.Sprintf("r%d-%d %s%s", i, r.version, kind, strings.ReplaceAll(conditions, "--", ""))
	prog, body := "", logging
	switch n := r.IntN(5); {
	case n == 0:
		prog, body = " -p <lua>", loggingLua
	case n == 1 && !strings.Contains(kind, "trigger"): // an argument not allowed since rpm 4.20
		prog = ` -p "/bin/sh -e"`
	}
	if strings.Contains(kind, "filetrigger") && !r.modern { // rpm before 4.20 gives them no numbers
		body = strings.NewReplacer(" $*", "", "tostring(arg[2]), tostring(arg[3])", "").Replace(body)
	}
	r.addf("%%%s -n r%d%s%s %s\n", kind, i, prog, options, conditions)
	r.addf(body, name)
}

func (r *randomSpec) head(i int) {
	r.addf("%%package -n r%d\nSummary: Random\nAutoReqProv: no\n", i)
	if r.version > 1 && r.chance(5) {
		r.addf("Obsoletes: r%d%s\n", randomStays+r.IntN(randomSize-randomStays), r.condition())
	}
	for range r.IntN(4) {
		kind := []string{"Requires", "Requires", "Requires(pre)", "Requires(post)", "Requires(preun)", "Requires(postun)",
			"OrderWithRequires", "Requires(meta)"}[r.IntN(8)]
		r.addf("%s: %s\n", kind, r.pkg())
	}
	if r.modern && r.chance(2) {
		r.addf("%s: %s\n", []string{"Recommends", "Suggests", "Supplements", "Enhances"}[r.IntN(4)], r.pkg())
	}
	if r.modern && r.chance(4) {
		op := []string{"and", "or", "if", "unless", "with", "without"}[r.IntN(6)]
		kind := []string{"Requires", "Recommends"}[r.IntN(2)]
		if op == "unless" {
			kind = "Conflicts"
		}
		r.addf("%s: (%s %s %s)\n", kind, r.pkg(), op, r.pkg())
	}
	r.addf("%%description -n r%d\nRandom.\n", i)
}

func (r *randomSpec) scripts(i int) {
	kinds := []string{"pretrans", "pre", "post", "preun", "postun", "posttrans"}
	if r.modern {
		kinds = append(kinds, "preuntrans", "postuntrans")
	}
	for _, kind := range kinds {
		if r.chance(3) {
			r.script(i, kind, "", "")
		}
	}
	for _, kind := range []string{"triggerprein", "triggerin", "triggerun", "triggerpostun"} {
		if r.chance(5) {
			names := r.distinct(r.pkg)
			for n := range names {
				names[n] += r.condition()
			}
			r.script(i, kind, "", "-- "+strings.Join(names, ", "))
		}
	}
	for _, kind := range []string{"filetriggerin", "filetriggerun", "filetriggerpostun",
		"transfiletriggerin", "transfiletriggerun", "transfiletriggerpostun"} {
		if r.chance(5) {
			priority := []int{1, 100, 9999, 10000, 10001, 2000000}[r.IntN(6)]
			dir := func() string {
				return []string{"/opt/r1", "/opt/" + r.pkg(), "/opt/" + r.pkg() + "/b", "/usr/share/r"}[r.IntN(4)]
			}
			dirs := r.distinct(dir)
			if kind == "transfiletriggerpostun" && !r.modern { // rpm before 4.20 looks at the first only
				dirs = dirs[:1]
			}
			r.script(i, kind, fmt.Sprintf(" -P %d", priority), "-- "+strings.Join(dirs, " "))
		}
	}
}

// distinct draws one to three values.
func (r *randomSpec) distinct(draw func() string) []string {
	list := []string{draw()}
	for range r.IntN(3) {
		list = append(list, draw())
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func (r *randomSpec) files(i int) {
	r.addf("%%files -n r%d\n", i)
	if !r.chance(6) {
		r.addf("/opt/r%d\n", i)
	}
	if r.chance(2) {
		r.addf("/usr/share/r/%d\n", i)
	}
	if r.chance(4) {
		r.addf("/usr/share/r/common\n%%dir /usr/share/r\n")
	}
	if r.chance(4) {
		r.addf("%%config(noreplace) /opt/r%d/dir/c\n%%ghost /opt/r%d/ghost\n", i, i)
	}
}

// newRandomSpec writes a version of the packages: names and files of both are much
// the same, all else is drawn anew.
func newRandomSpec(seed uint64, version int, modern bool) string {
	r := &randomSpec{Rand: rand.New(rand.NewPCG(seed, uint64(version)<<8)), version: version, modern: modern}
	r.addf("Name: random\nVersion: %d\nRelease: 1\nSummary: Random\nLicense: MIT\nBuildArch: noarch\n"+
		"%%global __os_install_post %%{nil}\n%%description\nRandom.\n", version)
	for _, part := range []func(int){r.head, r.scripts, r.files} {
		for i := range randomSize {
			part(i)
		}
	}
	r.addf("%%install\nmkdir -p %%{buildroot}/usr/share/r\nfor i in $(seq 0 %d); do mkdir -p %%{buildroot}/opt/r$i/dir\n"+
		"for f in a b bb dir/c v%%{version}; do echo $i > %%{buildroot}/opt/r$i/$f; done; echo $i > %%{buildroot}/usr/share/r/$i\n"+
		"echo %%{version} > %%{buildroot}/opt/r$i/dir/c; : > %%{buildroot}/opt/r$i/ghost; done; echo common > %%{buildroot}/usr/share/r/common\n"+
		"find %%{buildroot} -mindepth 1 -exec touch -h -d @1234567890 {} +\n"+
		"%%define _unpackaged_files_terminate_build 0\n", randomSize-1)
	return r.String()
}

// TestRandomLikeRPM installs random packages beside rpm, then updates some, which
// obsolete others, adds others and erases some: the same scriptlets run in the same
// order, with the same arguments and input. Weak and rich dependencies are left to rpm
// since 4.20: before, they order packages otherwise. FIMG_RANDOM_SETS asks for more than eight.
func TestRandomLikeRPM(t *testing.T) {
	for _, j := range judges(t) {
		for seed := range testtool.Sets(8) {
			t.Run(fmt.Sprint(filepath.Base(j.Root), "/", seed), func(t *testing.T) { j.random(t, seed) })
		}
	}
}

func (j judge) random(t *testing.T, seed uint64) {
	modern := j.AtLeast(t, 4, 20)
	one, two := j.build(t, newRandomSpec(seed, 1, modern)), j.build(t, newRandomSpec(seed, 2, modern))
	a, b := j.roots(t)
	draw := rand.New(rand.NewPCG(seed, 1))
	var first, second, third []string
	for n, i := range draw.Perm(randomSize) {
		name := fmt.Sprintf("r%d", i)
		switch {
		case n < 13:
			first = append(first, one[name])
		case n < 16 && i < randomStays: // what is obsoleted by others of the set, rpm leaves out
			second = append(second, one[name])
		}
		if i < randomStays && draw.IntN(2) == 0 && n < 13 {
			second = append(second, two[name])
		} else if n < 13 && i < randomStays && draw.IntN(2) == 0 {
			third = append(third, name)
		}
	}
	for _, step := range []struct {
		flag          string
		added, erased []string
	}{{"-i", first, nil}, {"-U", second, nil}, {"-e", nil, third}} {
		if len(step.added)+len(step.erased) == 0 {
			continue
		}
		before := j.versions(t, a)
		ours(t, a, Options{Time: time.Unix(1700000000, 0), Erase: step.erased}, step.added...)
		j.rpm(t, b, append(append([]string{step.flag}, step.added...), step.erased...)...)
		j.sameRandomLog(t, a, b, before)
		same(t, a, b)
		j.sameDatabase(t, a, b)
		if t.Failed() {
			t.Fatalf("after %s %v %v", step.flag, step.added, step.erased)
		}
	}
}

// versions are the packages in a tree as their scriptlets call themselves.
func (j judge) versions(t testing.TB, root string) []string {
	t.Helper()
	return strings.Fields(j.rpm(t, root, "-qa", "--qf", "%{NAME}-%{VERSION} "))
}

// sameRandomLog compares what scriptlets wrote. Rpm before 6 also runs the file
// triggers of packages that go (on installation and after erasure) and of those
// that have come (before erasure): these are left out of what it wrote.
func (j judge) sameRandomLog(t *testing.T, a, b string, before []string) {
	t.Helper()
	after := j.versions(t, b)
	mine, rpms := read(t, a, "log"), read(t, b, "log")
	if !j.AtLeast(t, 6, 0) {
		rpms = strings.Join(slices.DeleteFunc(strings.SplitAfter(rpms, "\n"), func(line string) bool {
			owner, rest, _ := strings.Cut(line, " ")
			gone, come := !slices.Contains(after, owner), !slices.Contains(before, owner)
			return gone && strings.HasPrefix(rest, "filetriggerin") || gone && strings.HasPrefix(rest, "filetriggerpostun") ||
				come && strings.HasPrefix(rest, "filetriggerun")
		}), "")
	}
	if mine != rpms {
		t.Error(firstDifference(mine, rpms))
	}
	os.Remove(filepath.Join(a, "log"))
	os.Remove(filepath.Join(b, "log"))
}

// firstDifference shows where two logs part.
func firstDifference(mine, rpms string) string {
	a, b := strings.SplitAfter(mine, "\n"), strings.SplitAfter(rpms, "\n")
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	show := func(list []string) string { return strings.Join(list[max(0, n-3):min(len(list), n+8)], "") }
	return fmt.Sprintf("scriptlets differ at line %d:\n%s\nrpm:\n%s", n+1, show(a), show(b))
}
