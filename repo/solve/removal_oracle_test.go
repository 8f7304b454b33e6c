package solve

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os/exec"
	"testing"

	"github.com/fimg/fimg/internal/testtool"
	"github.com/fimg/fimg/repo/pool"
	"github.com/fimg/fimg/repo/repodata"
)

//go:embed testdata/removals.py
var removalsScript string

// removalCase is a system and what is to be erased of it.
type removalCase struct {
	Packages []removalPackage `json:"packages"`
	Erase    []int            `json:"erase"`
	Wanted   []int            `json:"wanted"`
	Clean    bool             `json:"clean"`
}

type removalPackage struct {
	Name        string   `json:"name"`
	EVR         string   `json:"evr"`
	Arch        string   `json:"arch"`
	Provides    []string `json:"provides"`
	Requires    []string `json:"requires"`
	Recommends  []string `json:"recommends"`
	Supplements []string `json:"supplements"`
}

// TestRemoveOracle removes packages from random systems and compares what goes,
// and why, with libsolv.
func TestRemoveOracle(t *testing.T) {
	testtool.Need(t, "/usr/bin/python3") // Debian's, which has libsolv
	var cases []removalCase
	var in, out, errs bytes.Buffer
	for seed := range testtool.Sets(1500) {
		c := randomRemoval(rand.New(rand.NewPCG(seed, 11)))
		line, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		cases = append(cases, c)
		in.Write(append(line, '\n'))
	}
	cmd := exec.Command("/usr/bin/python3", "-c", removalsScript)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = &in, &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("libsolv: %v\n%s", err, errs.String())
	}
	answers, causes := json.NewDecoder(&out), map[string]int{}
	for i, c := range cases {
		var want map[string]string
		if err := answers.Decode(&want); err != nil {
			t.Fatal(err)
		}
		got := c.remove(t)
		if (got == nil) != (want == nil) || !maps.Equal(got, want) {
			line, _ := json.Marshal(c)
			t.Errorf("case %d: got %v, want %v\n%s", i, got, want, line)
		}
		for _, cause := range want {
			causes[cause]++
		}
	}
	t.Log(causes)
	if len(causes) != 3 {
		t.Errorf("the cases have only the causes %v", causes)
	}
}

// remove answers as the script does.
func (c *removalCase) remove(t *testing.T) map[string]string {
	b := pool.NewBuilder("")
	deps := func(list []string) (out []repodata.Dep) {
		for _, d := range list {
			if d[0] == '(' {
				out = append(out, repodata.Dep{Name: []byte(d)})
			} else {
				out = append(out, caseDep(d))
			}
		}
		return out
	}
	for _, p := range c.Packages {
		err := b.Add(&repodata.Package{Name: []byte(p.Name), Version: []byte(p.EVR[:1]), Release: []byte("1"), Arch: []byte(p.Arch),
			Provides: append(deps(p.Provides), caseDep(p.Name+" = "+p.EVR)), Requires: deps(p.Requires),
			Recommends: deps(p.Recommends), Supplements: deps(p.Supplements)})
		if err != nil {
			t.Fatal(err)
		}
	}
	u, err := pool.NewUniverse("x86_64", pool.Source{Index: b.Index(), Name: "@System", Installed: true})
	if err != nil {
		t.Fatal(err)
	}
	first, _ := u.Installed()
	r := Removal{Clean: c.Clean, Wanted: map[pool.ID]bool{}}
	for _, i := range c.Wanted {
		r.Wanted[first+pool.ID(i)] = true
	}
	for _, i := range c.Erase {
		r.Arguments = append(r.Arguments, c.Packages[i].Name)
	}
	gone, err := Remove(context.Background(), u, r)
	if err != nil {
		return nil
	}
	out := map[string]string{}
	for _, g := range gone {
		out[fmt.Sprint(g.ID-first)] = []string{"named", "in need", "unneeded"}[g.Cause]
	}
	return out
}

func randomRemoval(r *rand.Rand) (c removalCase) {
	count := 3 + r.IntN(14)
	name := func() string {
		if r.IntN(6) == 0 {
			return fmt.Sprintf("v%d", r.IntN(4))
		}
		return fmt.Sprintf("p%02d", r.IntN(count))
	}
	dep := func() string {
		switch r.IntN(8) {
		case 0:
			ops := []string{"and", "or", "if", "unless"}
			return "(" + name() + " " + ops[r.IntN(4)] + " " + name() + ")"
		case 1:
			return fmt.Sprintf("%s >= %d", name(), 1+r.IntN(3))
		}
		return name()
	}
	deps := func(chance int) []string {
		out := []string{}
		for r.IntN(chance) == 0 && len(out) < 4 {
			out = append(out, dep())
		}
		return out
	}
	for i := range count {
		p := removalPackage{Name: fmt.Sprintf("p%02d", i), EVR: fmt.Sprintf("%d-1", 1+r.IntN(3)), Arch: []string{"x86_64", "noarch"}[r.IntN(2)],
			Provides: []string{}, Requires: deps(2), Recommends: deps(4), Supplements: deps(6)}
		for r.IntN(4) == 0 {
			p.Provides = append(p.Provides, fmt.Sprintf("v%d", r.IntN(4)))
		}
		c.Packages = append(c.Packages, p)
		if r.IntN(3) == 0 {
			c.Wanted = append(c.Wanted, i)
		}
	}
	c.Wanted = append([]int{}, c.Wanted...)
	c.Erase = []int{r.IntN(count)}
	if other := r.IntN(count); other != c.Erase[0] && r.IntN(2) == 0 {
		c.Erase = append(c.Erase, other)
	}
	c.Clean = r.IntN(8) > 0
	return c
}
