package solve_test

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/fimg/fimg/internal/testtool"
	"github.com/fimg/fimg/repo/pool"
	"github.com/fimg/fimg/repo/repodata"
	"github.com/fimg/fimg/repo/solve"
)

// testPackage is a package in the notation of the experiments.
type testPackage struct {
	N, E, V, R, A                               string
	Requires, Provides, Conflicts, Obsoletes    []string
	Recommends, Suggests, Supplements, Enhances []string
	Files                                       []string
}

type testRepo struct {
	Name     string
	Packages []testPackage
}

func (r *testRepo) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, &[]any{&r.Name, &r.Packages})
}

type experiment struct {
	Title string
	Args  []string
	Repos []testRepo
	Got   string
	Opts  struct {
		Weak, Best *bool
		Exclude    []string
		System     []testPackage
		Opts       map[string]struct{ Priority, Cost *int }
	}
}

// testDeps parses dependencies written as "name >= e:v-r".
func testDeps(list []string) (out []repodata.Dep) {
	for _, text := range list {
		var d repodata.Dep
		f := strings.Fields(text)
		if strings.HasPrefix(text, "(") || len(f) != 3 {
			d.Name = []byte(text)
		} else {
			d.Name = []byte(f[0])
			for _, c := range f[1] {
				d.Flags |= map[rune]repodata.Flags{'<': repodata.Less, '>': repodata.Greater, '=': repodata.Equal}[c]
			}
			if e, rest, ok := strings.Cut(f[2], ":"); ok {
				d.Epoch, f[2] = []byte(e), rest
			}
			v, r, _ := strings.Cut(f[2], "-")
			d.Version, d.Release = []byte(v), []byte(r)
		}
		out = append(out, d)
	}
	return out
}

func testIndex(t testing.TB, packages []testPackage) *pool.Index {
	t.Helper()
	b := pool.NewBuilder("")
	for _, p := range packages {
		q := repodata.Package{Name: []byte(p.N), Epoch: []byte(p.E), Version: []byte(p.V), Release: []byte(p.R), Arch: []byte(p.A),
			Requires: testDeps(p.Requires), Provides: testDeps(p.Provides), Conflicts: testDeps(p.Conflicts), Obsoletes: testDeps(p.Obsoletes),
			Recommends: testDeps(p.Recommends), Suggests: testDeps(p.Suggests), Supplements: testDeps(p.Supplements), Enhances: testDeps(p.Enhances)}
		for _, f := range p.Files {
			q.Files = append(q.Files, repodata.File{Path: []byte(f)})
		}
		if err := b.Add(&q); err != nil {
			t.Fatal(err)
		}
	}
	x := b.Index()
	return x
}

func readGz(t testing.TB, path string, into any) {
	t.Helper()
	f, err := os.Open(testtool.Shared(t, path))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err == nil {
		err = json.NewDecoder(z).Decode(into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestExperiments(t *testing.T) {
	var list []experiment
	readGz(t, "golden/solver/experiments.json.gz", &list)
	for _, e := range list {
		t.Run(e.Title, func(t *testing.T) { e.run(t) })
	}
}

func (e *experiment) universe(t *testing.T) *pool.Universe {
	var sources []pool.Source
	if e.Opts.System != nil {
		sources = append(sources, pool.Source{Index: testIndex(t, e.Opts.System), Name: "@System", Installed: true, Priority: 99, Cost: 1000})
	}
	for _, r := range e.Repos {
		s := pool.Source{Index: testIndex(t, r.Packages), Name: r.Name, Priority: 99, Cost: 1000}
		if o := e.Opts.Opts[r.Name]; o.Priority != nil {
			s.Priority = *o.Priority
		}
		if o := e.Opts.Opts[r.Name]; o.Cost != nil {
			s.Cost = *o.Cost
		}
		sources = append(sources, s)
	}
	u, err := pool.NewUniverse("x86_64", sources...)
	if err != nil {
		t.Fatal(err)
	}
	solve.Exclude(u, e.Opts.Exclude)
	return u
}

func (e *experiment) run(t *testing.T) {
	u := e.universe(t)
	jobs, err := solve.Jobs(u, solve.Request{Install: e.Args, NoBest: e.Opts.Best != nil && !*e.Opts.Best})
	var got *solve.Transaction
	if err == nil {
		got, err = solve.Solve(context.Background(), u, jobs, solve.Options{NoWeak: e.Opts.Weak != nil && !*e.Opts.Weak})
	}
	if strings.HasPrefix(e.Got, "ERROR") || err != nil {
		if (err != nil) != strings.HasPrefix(e.Got, "ERROR") {
			t.Fatalf("got error %v, want %q", err, e.Got)
		}
		return
	}
	var have []string
	for _, it := range got.Install {
		have = append(have, name(u, it.ID))
	}
	want, gone, _ := strings.Cut(strings.TrimPrefix(e.Got, "["), " removed/replaced ")
	same(t, "install", have, want)
	have = nil
	for _, id := range append(got.Remove, got.Replace...) {
		have = append(have, name(u, id))
	}
	same(t, "remove", have, gone)
}

// name holds everything by which an experiment may call a package.
func name(u *pool.Universe, id pool.ID) string {
	p := u.Package(id)
	nvra := p.Name + "-" + p.Version + "-" + p.Release + "." + p.Arch
	return fmt.Sprint(p.Name, " ", nvra, " ", nvra+"@"+u.Source(id).Name, " ", p.Name+"-"+p.Version+"-"+p.Release,
		" ", p.Name+"-"+p.Epoch+":"+p.Version+"-"+p.Release+"."+p.Arch)
}

func same(t *testing.T, what string, have []string, want string) {
	t.Helper()
	list := strings.Fields(strings.Trim(want, "[]"))
	rest := slices.Clone(have)
	for _, w := range list {
		i := slices.IndexFunc(rest, func(h string) bool { return slices.Contains(strings.Fields(h), w) })
		if i < 0 {
			t.Errorf("%s: %s is missing of %s in %q", what, w, want, have)
			return
		}
		rest = slices.Delete(rest, i, i+1)
	}
	if len(rest) > 0 {
		t.Errorf("%s: %q too much, want %s", what, rest, want)
	}
}
