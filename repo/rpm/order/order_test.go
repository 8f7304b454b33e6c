package order

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/fimg/fimg/internal/rpmtest"
	"github.com/fimg/fimg/internal/testtool"
	"github.com/fimg/fimg/repo/rpm"
)

// randomPackages builds packages that need one another in every way there is.
func randomPackages(t *testing.T, seed uint64) []string {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	const n = 40
	tags := []string{"Requires", "Requires", "Requires", "Requires(pre)", "Requires(post)", "Requires(preun)", "Requires(postun)",
		"Requires(meta)", "Requires(pretrans)", "OrderWithRequires", "Recommends", "Supplements", "Requires(pre,post)"}
	var b strings.Builder
	b.WriteString("Name: base\nVersion: 1\nRelease: 1\nSummary: x\nLicense: x\nBuildArch: noarch\n%description\nx\n")
	for i := range n {
		fmt.Fprintf(&b, "%%package -n p%02d\nSummary: x\nProvides: virtual(%d) = %d\n", i, i%7, i)
		for range r.IntN(4) {
			to := r.IntN(n)
			dep := fmt.Sprintf("p%02d", to)
			switch r.IntN(8) {
			case 0:
				dep = fmt.Sprintf("virtual(%d)", to%7)
			case 1:
				dep = fmt.Sprintf("virtual(%d) >= %d", to%7, to)
			case 2:
				dep = fmt.Sprintf("(p%02d and p%02d)", to, r.IntN(n))
			case 3:
				dep = fmt.Sprintf("(p%02d if p%02d else p%02d)", to, r.IntN(n), r.IntN(n))
			case 4:
				dep = fmt.Sprintf("/opt/p%02d", to)
			}
			tag := tags[r.IntN(len(tags))]
			if strings.HasPrefix(dep, "(") && (tag == "OrderWithRequires" || tag == "Supplements") {
				continue // where not every one is allowed
			}
			fmt.Fprintf(&b, "%s: %s\n", tag, dep)
		}
		fmt.Fprintf(&b, "%%description -n p%02d\nx\n%%files -n p%02d\n%%dir /opt/p%02d\n", i, i, i)
	}
	b.WriteString("%install\n")
	for i := range n {
		fmt.Fprintf(&b, "mkdir -p %%{buildroot}/opt/p%02d\n", i)
	}
	return rpmtest.BuildSpec(t, b.String(), "none")
}

// rpmOrder asks the real rpm for the order, which its debugging output has.
func rpmOrder(t *testing.T, sign string, args ...string) []string {
	t.Helper()
	all := []string{"--define", "_db_backend sqlite", "--nodeps", "--force-debian", "--test", "-vv"}
	if sign == "+" {
		all = append(all, "--ignorearch", "--ignoreos", "--nosignature")
	}
	out, _ := exec.Command("rpm", append(all, args...)...).CombinedOutput()
	var names []string
	for _, m := range regexp.MustCompile(`(?m)^D:\s+\d+\s+-?\d+\s+-?\d+\s+\d+\s+\`+sign+`(\S+)`).FindAllStringSubmatch(string(out), -1) {
		names = append(names, m[1])
	}
	return names
}

func load(t *testing.T, files []string, erase bool) []Element {
	t.Helper()
	var out []Element
	for _, path := range files {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		p, err := rpm.ReadPackage(f)
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, Element{p.Header, erase})
	}
	return out
}

func compare(t *testing.T, what string, elements []Element, want []string) {
	t.Helper()
	var got []string
	for _, i := range Order(elements, Options{weakOrders: true}) {
		got = append(got, elements[i].Header.Identity().NEVRA())
	}
	if len(want) == 0 || !slices.Equal(got, want) {
		t.Errorf("%s: order is\n%v, rpm has\n%v", what, got, want)
	}
}

// TestLikeRPM orders random transactions, with loops, as rpm does.
func TestLikeRPM(t *testing.T) {
	testtool.Need(t, "rpm", "rpmbuild")
	for seed := range uint64(4) {
		files := slices.DeleteFunc(randomPackages(t, seed), func(f string) bool { return strings.HasSuffix(f, ".src.rpm") })
		db := t.TempDir()
		compare(t, fmt.Sprint("installation ", seed), load(t, files, false),
			rpmOrder(t, "+", append([]string{"--dbpath", db, "-i"}, files...)...))
		testtool.Run(t, "rpm", append([]string{"--dbpath", db, "--define", "_db_backend sqlite", "--nodeps", "--justdb", "--noorder",
			"--ignorearch", "--ignoreos", "--nosignature", "--force-debian", "-i"}, files...)...)
		var names []string
		for _, e := range load(t, files, true) {
			names = append(names, e.Header.String(rpm.TagName))
		}
		compare(t, fmt.Sprint("erasure ", seed), load(t, files, true),
			rpmOrder(t, "-", append([]string{"--dbpath", db, "-e"}, names...)...))
	}
}

// TestGivenPackages orders the packages of a directory as rpm does.
func TestGivenPackages(t *testing.T) {
	testtool.Need(t, "rpm")
	dir := os.Getenv("FIMG_TEST_RPMS")
	if dir == "" {
		return // TestLikeRPM has made its own
	}
	files := rpmtest.Find(t, dir)
	compare(t, dir, load(t, files, false), rpmOrder(t, "+", append([]string{"--dbpath", t.TempDir(), "-i"}, files...)...))
}

func header(t testing.TB, name string, deps ...rpm.Dependency) *rpm.Header {
	t.Helper()
	entries := []rpm.Entry{rpm.StringEntry(rpm.TagName, name), rpm.StringEntry(rpm.TagVersion, "1"), rpm.StringEntry(rpm.TagRelease, "1"),
		rpm.StringEntry(rpm.TagSourceRPM, "x"), rpm.StringsEntry(rpm.TagProvideName, name)}
	var names, versions []string
	var flags []uint32
	for _, d := range deps {
		names, versions, flags = append(names, d.Name), append(versions, d.Version), append(flags, uint32(d.Flags))
	}
	if len(deps) > 0 {
		entries = append(entries, rpm.StringsEntry(rpm.TagRequireName, names...), rpm.StringsEntry(rpm.TagRequireVersion, versions...),
			rpm.Uint32Entry(rpm.TagRequireFlags, flags...))
	}
	h, err := rpm.NewHeader(rpm.RegionImmutable, entries...)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// TestLoop breaks a loop so that a scriptlet finds what it needs.
func TestLoop(t *testing.T) {
	elements := []Element{
		{Header: header(t, "a", rpm.Dependency{Name: "b", Flags: rpm.SensePre})},
		{Header: header(t, "b", rpm.Dependency{Name: "a"})},
		{Header: header(t, "old"), Erase: true},
	}
	if got := Order(elements, Options{}); !slices.Equal(got, []int{1, 0, 2}) {
		t.Errorf("order is %v", got)
	}
}

// TestEveryElementOnce orders what makes no sense.
func TestEveryElementOnce(t *testing.T) {
	var elements []Element
	for i := range 50 {
		elements = append(elements, Element{Header: header(t, fmt.Sprint("p", i%20),
			rpm.Dependency{Name: fmt.Sprint("p", (i*7)%20)}, rpm.Dependency{Name: "(("},
			rpm.Dependency{Name: "(p1 or p2 or p3)", Flags: rpm.SensePost}), Erase: i%3 == 0})
	}
	got := Order(elements, Options{Color: 3})
	slices.Sort(got)
	for i := range elements {
		if i >= len(got) || got[i] != i {
			t.Fatalf("element %d is missing or twice: %v", i, got)
		}
	}
}

func FuzzRich(f *testing.F) {
	f.Add("(a and b)")
	f.Add("((a or b) if c else (d with e >= 1))")
	f.Fuzz(func(t *testing.T, name string) {
		splitRich(dependency{Dependency: rpm.Dependency{Name: name}})
	})
}
