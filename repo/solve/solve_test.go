package solve_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/fimg/fimg/repo/pool"
	"github.com/fimg/fimg/repo/solve"
)

func pkg(name string, mod ...func(*testPackage)) testPackage {
	p := testPackage{N: name, E: "0", V: "1", R: "1", A: "noarch"}
	for _, m := range mod {
		m(&p)
	}
	return p
}

func requires(d ...string) func(*testPackage) { return func(p *testPackage) { p.Requires = d } }
func recommends(d ...string) func(*testPackage) {
	return func(p *testPackage) { p.Recommends = d }
}
func conflicts(d ...string) func(*testPackage) { return func(p *testPackage) { p.Conflicts = d } }
func provides(d ...string) func(*testPackage)  { return func(p *testPackage) { p.Provides = d } }

func universe(t testing.TB, sources ...pool.Source) *pool.Universe {
	t.Helper()
	u, err := pool.NewUniverse("x86_64", sources...)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func available(t testing.TB, packages ...testPackage) pool.Source {
	return pool.Source{Index: testIndex(t, packages), Name: "fedora", Priority: 99, Cost: 1000}
}

func system(t testing.TB, packages ...testPackage) pool.Source {
	return pool.Source{Index: testIndex(t, packages), Name: "@System", Installed: true, Priority: 99, Cost: 1000}
}

func names(u *pool.Universe, ids []pool.ID) (out []string) {
	for _, id := range ids {
		out = append(out, u.Package(id).Name)
	}
	return out
}

func transaction(t testing.TB, u *pool.Universe, args ...string) (*solve.Transaction, error) {
	t.Helper()
	jobs, err := solve.Jobs(u, solve.Request{Install: args})
	if err != nil {
		return nil, err
	}
	return solve.Solve(context.Background(), u, jobs, solve.Options{})
}

func TestReasonsAndOrder(t *testing.T) {
	u := universe(t, available(t, pkg("app", requires("lib"), recommends("extra")), pkg("lib", requires("base")),
		pkg("base"), pkg("extra", requires("base"))))
	got, err := transaction(t, u, "app")
	if err != nil {
		t.Fatal(err)
	}
	var order, reasons []string
	for _, it := range got.Install {
		order = append(order, u.Package(it.ID).Name)
		reasons = append(reasons, string(it.Reason)+" "+it.Because)
	}
	if want := []string{"base", "lib", "app", "extra"}; !slices.Equal(order, want) {
		t.Errorf("order %q, want %q", order, want)
	}
	if want := []string{"dependency base", "dependency lib", "user app", "weak extra"}; !slices.Equal(reasons, want) {
		t.Errorf("reasons %q, want %q", reasons, want)
	}
	var chain []string
	for _, it := range got.Why(got.Install[0].ID) {
		chain = append(chain, u.Package(it.ID).Name)
	}
	if want := []string{"base", "lib", "app"}; !slices.Equal(chain, want) {
		t.Errorf("why %q, want %q", chain, want)
	}
}

func TestExplanations(t *testing.T) {
	for _, c := range []struct {
		name     string
		packages []testPackage
		args     []string
		want     []string
	}{
		{"missing", []testPackage{pkg("app", requires("lib >= 2")), pkg("lib", provides("lib = 1-1"))}, []string{"app"}, []string{
			"app is asked for: app-1-1.noarch from fedora",
			"app-1-1.noarch from fedora requires lib >= 2, which nothing provides; there is lib-1-1.noarch from fedora"}},
		{"conflict", []testPackage{pkg("a", requires("c")), pkg("b", conflicts("c")), pkg("c"), pkg("d")}, []string{"a", "b", "d"}, []string{
			"a is asked for: a-1-1.noarch from fedora",
			"b is asked for: b-1-1.noarch from fedora",
			"a-1-1.noarch from fedora requires c, provided by c-1-1.noarch from fedora",
			"b-1-1.noarch from fedora conflicts with c, provided by c-1-1.noarch from fedora"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := transaction(t, universe(t, available(t, c.packages...)), c.args...)
			var e *solve.Unsolvable
			if !errors.As(err, &e) {
				t.Fatalf("got %v", err)
			}
			slices.Sort(e.Facts)
			slices.Sort(c.want)
			if !slices.Equal(e.Facts, c.want) {
				t.Errorf("got  %s\nwant %s", strings.Join(e.Facts, "\n     "), strings.Join(c.want, "\n     "))
			}
		})
	}
}

func TestNoMatchHint(t *testing.T) {
	u := universe(t, available(t, pkg("dracut"), pkg("kernel")))
	_, err := transaction(t, u, "dracat", "kernel")
	var e *solve.NoMatch
	if !errors.As(err, &e) || !slices.Equal(e.Arguments, []string{"dracat"}) || !strings.Contains(e.Hint(), "dracut") {
		t.Errorf("got %v with hint %q", err, e.Hint())
	}
}

// What another architecture has is no package with a similar name.
func TestNoMatchOfArch(t *testing.T) {
	foreign := func(p *testPackage) { p.A = "s390x" }
	u := universe(t, available(t, pkg("bash", foreign), pkg("bash2"), pkg("bash3", foreign)))
	_, err := transaction(t, u, "bash")
	var e *solve.NoMatch
	if !errors.As(err, &e) || e.Hint() != "the repositories have bash for s390x, not for x86_64" || !slices.Equal(e.Near["bash"], []string{"bash2"}) {
		t.Errorf("got %v, near %q, with hint %q", err, e.Near, e.Hint())
	}
}

func TestTwoPhases(t *testing.T) {
	repo := available(t, pkg("base", provides("cap")), pkg("aaa", provides("cap")), pkg("app", requires("cap", "lib")), pkg("lib"))
	u := universe(t, repo)
	first, err := transaction(t, u, "base")
	if err != nil {
		t.Fatal(err)
	}
	var ids []pool.ID
	for _, it := range first.Install {
		ids = append(ids, it.ID)
	}
	x, err := pool.Subset(u, ids)
	if err != nil {
		t.Fatal(err)
	}
	u = universe(t, pool.Source{Index: x, Name: "@System", Installed: true}, repo)
	second, err := transaction(t, u, "app")
	if err != nil {
		t.Fatal(err)
	}
	ids = nil
	for _, it := range second.Install {
		ids = append(ids, it.ID)
	}
	if got := names(u, ids); !slices.Equal(got, []string{"lib", "app"}) {
		t.Errorf("second phase installs %q", got)
	}
}

func TestRemove(t *testing.T) {
	u := universe(t, system(t, pkg("app", requires("lib", "shared")), pkg("lib", requires("deep")), pkg("deep"),
		pkg("shared"), pkg("other", requires("shared")), pkg("user", requires("app"))))
	all := map[string]solve.Removal{
		"lib app user":      {Arguments: []string{"lib"}},
		"app":               {Arguments: []string{"app"}, Alone: true},
		"user app":          {Arguments: []string{"app"}},
		"user app lib deep": {Arguments: []string{"app"}, Clean: true},
		"user app lib":      {Arguments: []string{"app"}, Clean: true, Wanted: wanted(u, "deep")},
	}
	for want, r := range all {
		got := removed(t, u, r)
		list := strings.Fields(want)
		slices.Sort(list)
		sorted := slices.Sorted(slices.Values(got))
		if !slices.Equal(sorted, list) {
			t.Errorf("%+v removes %q, want %q", r, got, list)
		}
	}
	if got := removed(t, u, all["user app lib deep"]); !slices.Equal(got, []string{"user", "app", "lib", "deep"}) {
		t.Errorf("order %q", got)
	}
}

func removed(t *testing.T, u *pool.Universe, r solve.Removal) []string {
	t.Helper()
	gone, err := solve.Remove(context.Background(), u, r)
	if err != nil {
		t.Fatal(err)
	}
	var ids []pool.ID
	for _, g := range gone {
		ids = append(ids, g.ID)
	}
	return names(u, ids)
}

func wanted(u *pool.Universe, name string) map[pool.ID]bool {
	out := map[pool.ID]bool{}
	for id := range u.All() {
		out[id] = u.Package(id).Name == name
	}
	return out
}

func second(p *testPackage) { p.V = "2" }

// TestKeepInstalled asks for packages of which older versions are installed: dnf5 has
// what it wants, dnf4 takes the newer ones. Seen with dnf5 5.4.6.
func TestKeepInstalled(t *testing.T) {
	old, repo := system(t, pkg("a"), pkg("b")), available(t, pkg("a", second), pkg("b", second), pkg("c", second))
	for keep, want := range map[bool][]string{true: {"c"}, false: {"a", "b", "c"}} {
		u := universe(t, old, repo)
		jobs, err := solve.Jobs(u, solve.Request{Install: []string{"a*", "c"}, Group: []solve.GroupPackage{{Name: "b", Group: "@g"}}, KeepInstalled: keep})
		if err != nil {
			t.Fatal(err)
		}
		got, err := solve.Solve(t.Context(), u, jobs, solve.Options{})
		if err != nil {
			t.Fatal(err)
		}
		var list []string
		for _, it := range got.Install {
			list = append(list, u.Package(it.ID).Name)
		}
		if slices.Sort(list); !slices.Equal(list, want) {
			t.Errorf("keep %v: installs %q, want %q", keep, list, want)
		}
	}
	u := universe(t, old, repo)
	jobs, err := solve.Jobs(u, solve.Request{Install: []string{"a-2"}, KeepInstalled: true})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := solve.Solve(t.Context(), u, jobs, solve.Options{}); err != nil || len(got.Install) != 1 {
		t.Errorf("a version by name: %v, %v", got, err)
	}
}
