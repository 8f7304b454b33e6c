package install

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// randomSize is how many packages a random set has.
const randomSize = 18

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
}

func (r *randomSpec) addf(format string, args ...any) { fmt.Fprintf(r, format, args...) }
func (r *randomSpec) pkg() string                     { return fmt.Sprintf("r%d", r.IntN(randomSize)) }
func (r *randomSpec) chance(oneIn int) bool           { return r.IntN(oneIn) == 0 }

// script adds a scriptlet of package i; rest are its options and conditions.
func (r *randomSpec) script(i int, kind, options, conditions string) {
	name := fmt.Sprintf("r%d %s%s", i, kind, strings.ReplaceAll(conditions, "--", ""))
	prog, body := "", logging
	switch r.IntN(5) {
	case 0:
		prog, body = " -p <lua>", loggingLua
	case 1:
		prog = ` -p "/bin/sh -e"`
	}
	if strings.Contains(kind, "filetrigger") { // rpm before 4.20 gives them no numbers
		body = strings.NewReplacer(" $*", "", "tostring(arg[2]), tostring(arg[3])", "").Replace(body)
	}
	r.addf("%%%s -n r%d%s%s %s\n", kind, i, prog, options, conditions)
	r.addf(body, name)
}

func (r *randomSpec) head(i int) {
	r.addf("%%package -n r%d\nSummary: Random\nAutoReqProv: no\n", i)
	for range r.IntN(4) {
		kind := []string{"Requires", "Requires", "Requires(pre)", "Requires(post)", "Requires(preun)", "Requires(postun)",
			"OrderWithRequires", "Requires(meta)"}[r.IntN(8)]
		r.addf("%s: %s\n", kind, r.pkg())
	}
	r.addf("%%description -n r%d\nRandom.\n", i)
}

func (r *randomSpec) scripts(i int) {
	for _, kind := range []string{"pretrans", "pre", "post", "preun", "postun", "posttrans"} {
		if r.chance(3) {
			r.script(i, kind, "", "")
		}
	}
	for _, kind := range []string{"triggerprein", "triggerin", "triggerun", "triggerpostun"} {
		if r.chance(5) {
			r.script(i, kind, "", "-- "+strings.Join(r.distinct(r.pkg), ", "))
		}
	}
	for _, kind := range []string{"filetriggerin", "filetriggerun", "filetriggerpostun",
		"transfiletriggerin", "transfiletriggerun", "transfiletriggerpostun"} {
		if r.chance(5) {
			priority := []int{1, 100, 9999, 10000, 10001, 2000000}[r.IntN(6)]
			dir := func() string {
				return []string{"/opt/r1", "/opt/" + r.pkg(), "/opt/" + r.pkg() + "/b", "/usr/share/r"}[r.IntN(4)]
			}
			r.script(i, kind, fmt.Sprintf(" -P %d", priority), "-- "+strings.Join(r.distinct(dir), " "))
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
}

func newRandomSpec(seed uint64) string {
	r := &randomSpec{Rand: rand.New(rand.NewPCG(seed, 0))}
	r.addf("Name: random\nVersion: 1\nRelease: 1\nSummary: Random\nLicense: MIT\nBuildArch: noarch\n" +
		"%%global __os_install_post %%{nil}\n%%description\nRandom.\n")
	for _, part := range []func(int){r.head, r.scripts, r.files} {
		for i := range randomSize {
			part(i)
		}
	}
	r.addf("%%install\nmkdir -p %%{buildroot}/usr/share/r\nfor i in $(seq 0 %d); do mkdir -p %%{buildroot}/opt/r$i/dir\n"+
		"for f in a b bb dir/c; do echo $i > %%{buildroot}/opt/r$i/$f; done; echo $i > %%{buildroot}/usr/share/r/$i; done\n"+
		"find %%{buildroot} -mindepth 1 -exec touch -h -d @1234567890 {} +\n"+
		"%%define _unpackaged_files_terminate_build 0\n", randomSize-1)
	return r.String()
}

// TestRandomLikeRPM installs random packages beside rpm: the same scriptlets run in
// the same order, with the same arguments and input. Weak dependencies are left
// out: rpm before 4.20 lets them order packages.
func TestRandomLikeRPM(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			a, b := twoRoots(t)
			built := build(t, newRandomSpec(seed))
			var files []string
			for _, i := range rand.New(rand.NewPCG(seed, 1)).Perm(randomSize) {
				files = append(files, built[fmt.Sprintf("r%d", i)])
			}
			ours(t, a, Options{Time: time.Unix(1700000000, 0)}, files...)
			theirs(t, b, append([]string{"-i"}, files...)...)
			sameLog(t, a, b)
			same(t, a, b)
			sameDatabase(t, a, b)
		})
	}
}
