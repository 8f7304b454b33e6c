package golden_test

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"os/exec"
	"testing"

	"github.com/fimg/fimg/bench/resolve/debrepo"
	"github.com/fimg/fimg/bench/solve/golden"
	"github.com/fimg/fimg/internal/testtool"
)

const debianPackages = 60000

//go:embed testdata/dnf.py
var dnfScript string

// TestAgainstDNF asks dnf 4 and the resolver for the same on a repository of 60,000
// packages made from the Debian archive's index.
func TestAgainstDNF(t *testing.T) {
	testtool.Long(t)
	testtool.Need(t, "dnf", "apt-cache")
	list, err := debrepo.Available()
	if err != nil {
		t.Fatal(err)
	}
	if len(list) < debianPackages/2 {
		testtool.Missing(t, "the archive's index has %d packages: run apt-get update", len(list))
	}
	dir := t.TempDir()
	if err := debrepo.Write(dir, list, debianPackages); err != nil {
		t.Fatal(err)
	}
	w, err := golden.Load(context.Background(), "x86_64", t.TempDir(), []string{dir})
	if err != nil {
		t.Fatal(err)
	}
	jobs := newPicker(list, func(name string) bool {
		return w.Run(context.Background(), &golden.Job{Args: []string{name}}, golden.Variants[0]).OK
	}).jobs()
	want := askDNF(t, dir, jobs)
	refused, packages := 0, 0
	for i := range jobs {
		j := &jobs[i]
		answer, ok := want[j.ID]
		if !ok {
			t.Fatalf("dnf did not answer %s", j.ID)
		}
		if err := golden.Compare(answer, w.Run(context.Background(), &golden.Job{Args: j.Args, Exclude: j.Exclude}, j.Variant)); err != nil {
			t.Errorf("%s %s %q without %q: %v", j.ID, j.Variant, j.Args, j.Exclude, err)
		}
		packages += len(answer.Install)
		if !answer.OK {
			refused++
		}
	}
	t.Logf("%d jobs, of which dnf refuses %d; %d packages", len(jobs), refused, packages)
	if refused == 0 || refused == len(jobs) {
		t.Errorf("dnf refuses %d of %d jobs", refused, len(jobs))
	}
}

// askDNF answers all jobs in one process of the interpreter that has dnf's modules.
func askDNF(t *testing.T, dir string, jobs []job) map[string]golden.Result {
	t.Helper()
	request, err := json.Marshal(map[string]any{"arch": "x86_64", "root": t.TempDir(), "repositories": []string{dir}, "jobs": jobs})
	if err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	cmd := exec.Command("/usr/bin/python3", "-c", dnfScript)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(request), &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("dnf: %v\n%s", err, errs.String())
	}
	answers := map[string]golden.Result{}
	if err := json.Unmarshal(out.Bytes(), &answers); err != nil {
		t.Fatalf("dnf's answers: %v\n%s", err, errs.String())
	}
	return answers
}
