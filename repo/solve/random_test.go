package solve

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/fimg/fimg/repo/pool"
	"github.com/fimg/fimg/repo/repodata"
)

// TestRandomUniverses solves small random problems and checks that every answer
// keeps every dependency, twice alike.
func TestRandomUniverses(t *testing.T) {
	solved := 0
	for seed := range uint64(1200) {
		r := rand.New(rand.NewPCG(seed, 5))
		x := randomIndex(t, r)
		first, u, err := randomSolve(t, x, seed)
		again, _, err2 := randomSolve(t, x, seed)
		if fmt.Sprint(first, err) != fmt.Sprint(again, err2) {
			t.Fatalf("seed %d: two runs differ", seed)
		}
		if err != nil {
			continue
		}
		solved++
		if broken := check(u, first); broken != "" {
			t.Errorf("seed %d: %s", seed, broken)
		}
	}
	if solved < 300 {
		t.Errorf("only %d problems have a solution", solved)
	}
}

func randomIndex(t *testing.T, r *rand.Rand) *pool.Index {
	b := pool.NewBuilder("")
	name := func() string { return fmt.Sprintf("p%d", r.IntN(14)) }
	dep := func() repodata.Dep {
		switch r.IntN(8) {
		case 0:
			ops := []string{"and", "or", "if", "unless", "with", "without"}
			return repodata.Dep{Name: []byte("(" + name() + " " + ops[r.IntN(6)] + " " + name() + ")")}
		case 1:
			return repodata.Dep{Name: []byte(name()), Flags: repodata.Flags(1 + r.IntN(6)), Version: []byte(fmt.Sprint(1 + r.IntN(3)))}
		}
		return repodata.Dep{Name: []byte(name())}
	}
	deps := func(chance int) (out []repodata.Dep) {
		for r.IntN(chance) == 0 && len(out) < 4 {
			out = append(out, dep())
		}
		return out
	}
	for range 30 {
		p := &repodata.Package{Name: []byte(name()), Arch: []byte([]string{"x86_64", "x86_64", "noarch", "i686"}[r.IntN(4)]),
			Version: []byte(fmt.Sprint(1 + r.IntN(3))), Release: []byte("1"),
			Requires: deps(2), Conflicts: deps(6), Recommends: deps(3), Supplements: deps(6), Suggests: deps(6), Enhances: deps(8)}
		for _, d := range deps(8) {
			if d.Name[0] != '(' {
				p.Obsoletes = append(p.Obsoletes, d)
			}
		}
		if r.IntN(3) == 0 {
			p.Provides = append(p.Provides, repodata.Dep{Name: []byte(name())})
		}
		if err := b.Add(p); err != nil {
			t.Fatal(err)
		}
	}
	x := b.Index()
	return x
}

func randomSolve(t *testing.T, x *pool.Index, seed uint64) ([]pool.ID, *pool.Universe, error) {
	r := rand.New(rand.NewPCG(seed, 9))
	u, err := pool.NewUniverse("x86_64", pool.Source{Index: x, Name: "r"})
	if err != nil {
		t.Fatal(err)
	}
	jobs, err := Jobs(u, Request{Install: []string{fmt.Sprintf("p%d", r.IntN(14)), fmt.Sprintf("p%d", r.IntN(14))}, NoBest: r.IntN(2) == 0})
	if err != nil {
		return nil, u, err
	}
	tr, err := Solve(context.Background(), u, jobs, Options{NoWeak: r.IntN(3) == 0})
	if err != nil {
		return nil, u, err
	}
	var ids []pool.ID
	for _, it := range tr.Install {
		ids = append(ids, it.ID)
	}
	return ids, u, nil
}

// check names a dependency that a set of packages breaks.
func check(u *pool.Universe, ids []pool.ID) string {
	in := func(p pool.ID) bool { return slices.Contains(ids, p) }
	s := newSolver(context.Background(), u, nil, Options{})
	for _, p := range ids {
		for d := range u.List(p, pool.Requires).All() {
			if !holds(u, d, in) && !contains(u.Providers(d), p) {
				return fmt.Sprintf("%s lacks %s", nevra(u, p), u.Text(d))
			}
		}
		for d := range u.List(p, pool.Conflicts).All() {
			others := func(q pool.ID) bool { return q != p && in(q) }
			if !u.Rich(d) && slices.ContainsFunc(u.Providers(d), others) {
				return fmt.Sprintf("%s conflicts with %s", nevra(u, p), u.Text(d))
			}
		}
		for _, q := range ids {
			if p != q && (s.obsoletes(p, q) || s.name(p) == s.name(q) && s.sameColor(p, q)) {
				return fmt.Sprintf("%s beside %s", nevra(u, p), nevra(u, q))
			}
		}
	}
	return ""
}

// TestRandomSecondPhase solves a second request on top of the answer to a first
// and checks the system that results.
func TestRandomSecondPhase(t *testing.T) {
	solved := 0
	for seed := range uint64(800) {
		x := randomIndex(t, rand.New(rand.NewPCG(seed, 6)))
		first, u, err := randomSolve(t, x, seed)
		if err != nil || len(first) == 0 {
			continue
		}
		base, err := pool.Subset(u, first)
		if err != nil {
			t.Fatal(err)
		}
		u, err = pool.NewUniverse("x86_64", pool.Source{Index: base, Name: "@System", Installed: true}, pool.Source{Index: x, Name: "r"})
		if err != nil {
			t.Fatal(err)
		}
		jobs, err := Jobs(u, Request{Install: []string{fmt.Sprintf("p%d", seed%14)}})
		if err != nil {
			continue
		}
		tr, err := Solve(context.Background(), u, jobs, Options{AllowErasing: seed%2 == 0})
		if err != nil {
			continue
		}
		solved++
		gone := slices.Concat(tr.Remove, tr.Replace)
		var ids []pool.ID
		for p := range u.All() {
			if u.IsInstalled(p) && !slices.Contains(gone, p) || slices.ContainsFunc(tr.Install, func(it Item) bool { return it.ID == p }) {
				ids = append(ids, p)
			}
		}
		if broken := check(u, ids); broken != "" {
			t.Errorf("seed %d: %s", seed, broken)
		}
	}
	if solved < 100 {
		t.Errorf("only %d problems have a solution", solved)
	}
}

// holds evaluates a dependency for the packages that in accepts.
func holds(u *pool.Universe, d pool.Ref, in func(pool.ID) bool) bool {
	if u.Rich(d) {
		op, _, _, a, b := u.Rel(d)
		bop, _, _, cond, other := u.Rel(b)
		hasElse := bop == pool.Else
		if !hasElse {
			cond = b
		}
		switch op {
		case pool.And:
			return holds(u, a, in) && holds(u, b, in)
		case pool.Or:
			return holds(u, a, in) || holds(u, b, in)
		case pool.If, pool.Unless:
			if holds(u, cond, in) == (op == pool.If) {
				return holds(u, a, in)
			}
			return hasElse && holds(u, other, in) || !hasElse && op == pool.If
		}
	}
	return slices.ContainsFunc(u.Providers(d), in)
}
