package install

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fimg/fimg/internal/testtool"
)

// TestRandomFilesLikeRPM installs, updates and erases packages whose files are in
// each other's way, with changes of the user's between, and compares conflicts, the
// tree, the database and what file triggers are told. FIMG_RANDOM_SETS asks for more
// than eight sets.
func TestRandomFilesLikeRPM(t *testing.T) {
	for _, j := range judges(t) {
		for seed := range testtool.Sets(8) {
			t.Run(fmt.Sprint(filepath.Base(j.Root), "/", seed), func(t *testing.T) { j.randomFiles(t, seed) })
		}
	}
}

// metStep is one transaction.
type metStep struct {
	flag          string
	added, erased []string
}

func (j judge) randomFiles(t *testing.T, seed uint64) {
	m := newMetFiles(seed)
	var specs []string
	for i := range metSize {
		specs = append(specs, m.spec(i, 1), m.spec(i, 2))
	}
	built := j.buildAll(t, append(specs, m.watcher(j.AtLeast(t, 4, 20)))...)
	a, b := j.bareRoots(t)
	var first, second, third []string
	if m.chance(2) {
		first = append(first, built["watcher-1"])
	}
	for i := range metSize {
		name := fmt.Sprint("f", i)
		here := !m.chance(4)
		if here {
			first = append(first, built[name+"-1"])
		}
		if i < metStays && m.chance(2) {
			second = append(second, built[name+"-2"])
			here = true
		}
		if here && i < metStays && m.chance(2) {
			third = append(third, name)
		}
	}
	for i, step := range []metStep{{"-i", first, nil}, {"-U", second, nil}, {"-e", nil, third}} {
		if i > 0 || m.chance(4) {
			m.meddle(t, a, b)
		}
		if len(step.added)+len(step.erased) > 0 && !j.sameStep(t, m, a, b, step) {
			return
		}
	}
}

// sameStep carries out a step on both sides, and tells whether to go on.
func (j judge) sameStep(t *testing.T, m *metFiles, a, b string, step metStep) bool {
	t.Helper()
	for _, root := range []string{a, b} {
		write(t, root, "log", "")
	}
	before := j.versions(t, a)
	opts := Options{Time: time.Unix(1700000000, 0), Erase: step.erased, DBPath: dbPath}
	args := append([]string{step.flag}, step.added...)
	args = append(args, step.erased...)
	if step.flag != "-e" {
		if m.chance(4) {
			opts.NoDocs, args = true, append(args, "--excludedocs")
		}
		if m.chance(4) {
			opts.Langs, args = []string{"en_US", "C"}, append(args, "--define", "_install_langs en_US:C")
		}
		if m.chance(4) {
			opts.ExcludePaths, args = []string{"/f/p/u"}, append(args, "--excludepath", "/f/p/u")
		}
	}
	res, err := Run(t.Context(), a, items(step.added...), opts)
	said, failed := j.try(t, b, args...)
	var conflict *ConflictError
	if errors.As(err, &conflict) {
		sameConflicts(t, conflict, said)
		opts.ReplaceFiles = true
		res, err = Run(t.Context(), a, items(step.added...), opts)
		said, failed = j.try(t, b, append(args, "--replacefiles")...)
	}
	if err != nil && failed == nil && strings.Contains(err.Error(), "save as") && !j.AtLeast(t, 4, 20) {
		t.Logf("%s: %v; rpm before 4.20 goes on", step.flag, err)
		return false
	}
	if (err != nil) != (failed != nil) {
		t.Fatalf("%s: %v, rpm: %v\n%s", step.flag, err, failed, said)
	}
	if err != nil {
		t.Logf("%s: both fail: %v", step.flag, err)
		return false
	}
	if hollow(t, b) || strings.Contains(strings.Join(res.Warnings, "\n"), linkedOver) {
		t.Logf("%s: rpm leaves a file without content, or changes what a link leads to", step.flag)
		return false
	}
	j.sameRandomLog(t, a, b, before)
	same(t, a, b)
	j.sameDatabase(t, a, b)
	if t.Failed() {
		t.Fatalf("after %v\n%s", args, said)
	}
	return true
}

// hollow tells whether rpm has left a file as it opens one for writing: that is what
// comes of hard links when the name with the content is a configuration file of an
// older package and stays.
func hollow(t *testing.T, root string) bool {
	t.Helper()
	for _, p := range metPaths {
		info, err := os.Lstat(filepath.Join(root, p))
		if err == nil && info.Mode() == 0o200 && info.Size() == 0 {
			return true
		}
	}
	return false
}

// sameConflicts compares the paths in conflict.
func sameConflicts(t *testing.T, mine *ConflictError, said string) {
	t.Helper()
	var a, b []string
	for _, c := range mine.Conflicts {
		a = append(a, c.Path)
	}
	for line := range strings.Lines(said) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), "file "); ok && strings.Contains(rest, " conflicts ") {
			b = append(b, strings.Fields(rest)[0])
		}
	}
	slices.Sort(a)
	slices.Sort(b)
	if !slices.Equal(a, b) {
		t.Errorf("conflicts: %v, rpm: %v\n%s", a, b, said)
	}
}
