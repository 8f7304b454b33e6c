package golden_test

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fimg/fimg/bench/solve/golden"
	"github.com/fimg/fimg/internal/testtool"
)

//go:embed testdata/dnf5.py
var dnf5Script string

// TestAgainstDNF5 asks dnf5 what the recorded jobs asked dnf 4, each in one variant.
func TestAgainstDNF5(t *testing.T) {
	testtool.Long(t)
	o := testtool.DNF5(t)
	file, w := load(t, "cs9.json.gz")
	file.Jobs = slices.DeleteFunc(file.Jobs, modular)
	var jobs []map[string]any
	t.Logf("%d jobs", len(file.Jobs))
	for i := range file.Jobs {
		j, v := &file.Jobs[i], golden.Variants[i%len(golden.Variants)]
		jobs = append(jobs, map[string]any{"id": j.ID, "args": j.Args, "exclude": j.Exclude, "modules": j.Modules, "variant": v})
	}
	want := askDNF5(t, o, file, jobs)
	for i := range file.Jobs {
		j, v := &file.Jobs[i], golden.Variants[i%len(golden.Variants)]
		theirs, ours := want[j.ID], w.Run(context.Background(), j, v)
		// What is excluded by name is missed by dnf 4 (and fimg) when the request is
		// read, and by dnf5 when it is solved.
		if !theirs.OK && !ours.OK {
			theirs.Stage = ours.Stage
		}
		if err := golden.Compare(theirs, ours); err != nil {
			t.Errorf("%s %s %q without %q: %v", j.ID, v, j.Args, j.Exclude, err)
		}
	}
}

// modular tells whether a job is about modules: dnf5 installs no profiles of them, and
// hides what a stream that is enabled takes the place of only in the next transaction.
func modular(j golden.Job) bool {
	return len(j.Modules) > 0 || strings.HasPrefix(j.ID, "module")
}

// askDNF5 answers all jobs in one process of the root's interpreter.
func askDNF5(t *testing.T, o testtool.Oracle, file *golden.File, jobs []map[string]any) map[string]golden.Result {
	t.Helper()
	dir := o.Dir(t)
	var repositories []string
	for _, r := range file.Meta.Repositories {
		at := filepath.Join(dir, r)
		if err := os.CopyFS(at, os.DirFS(testtool.Shared(t, "repodata/"+r))); err != nil {
			t.Fatal(err)
		}
		repositories = append(repositories, at[len(o.Root):])
	}
	request, err := json.Marshal(map[string]any{"arch": file.Meta.Arch, "platform": "platform:el9", "root": dir[len(o.Root):], "repositories": repositories, "jobs": jobs})
	if err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	cmd := o.Command("python3", "-c", dnf5Script)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(request), &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("dnf5: %v\n%s", err, errs.String())
	}
	answers := map[string]golden.Result{}
	if err := json.Unmarshal(out.Bytes(), &answers); err != nil {
		t.Fatalf("dnf5's answers: %v\n%s", err, errs.String())
	}
	return answers
}
