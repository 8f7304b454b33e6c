package dnfstate

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fimg/fimg/internal/rpmtest"
	"github.com/fimg/fimg/internal/testtool"
	"github.com/fimg/fimg/repo/rpm"
)

// versions makes a repository of empty packages: "name version" and further lines
// of the preamble.
func versions(t *testing.T, o testtool.Oracle, packages ...string) string {
	t.Helper()
	dir := o.Dir(t)
	for _, p := range packages {
		head, more, _ := strings.Cut(p, "\n")
		name, version, _ := strings.Cut(head, " ")
		spec := "Name: " + name + "\nVersion: " + version + "\nRelease: 1\nSummary: s\nLicense: MIT\n" + more + "\n%description\nd\n%files\n"
		for _, file := range rpmtest.BuildSpec(t, spec, "gzip") {
			if !strings.HasSuffix(file, ".src.rpm") {
				testtool.Run(t, "cp", file, dir)
			}
		}
	}
	testtool.Run(t, "createrepo_c", "-q", dir)
	return dir
}

// TestGoesOnLikeDNF5 gives dnf5's own records of a first transaction what a second
// one did, without its reasons: what comes out is what dnf5 made of it. Some of the
// packages were not installed by dnf5.
func TestGoesOnLikeDNF5(t *testing.T) {
	o := testtool.DNF5(t)
	first := versions(t, o, "user 1\nRequires: dep", "dep 1", "outside 1", "foreign 1", "known 1", "old 1", "lost 1")
	second := versions(t, o, "user 2\nRequires: dep = 2", "dep 2", "foreign 2", "new 1\nObsoletes: old", "found 1\nObsoletes: lost",
		"asks 1\nRequires: new found foreign = 2")
	r := &testtool.Installroot{Oracle: o, Dir: filepath.Join(o.Dir(t), "root"), Cache: o.Dir(t), Repos: []string{first}}
	r.DNF5(t, true, "install", "user", "known", "old")
	inner := func(name string) string { return filepath.Join(first, name) }
	o.Run(t, "rpm", "--root", r.Dir, "-i", inner("outside-1.noarch.rpm"), inner("foreign-1.noarch.rpm"), inner("lost-1.noarch.rpm"))
	dir := filepath.Join(r.Dir, DNF5Dir)
	ours := filepath.Join(t.TempDir(), "state")
	if err := os.CopyFS(ours, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	testtool.Run(t, "sqlite3", filepath.Join(ours, DNF5History), "PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode=DELETE")
	r.Repos = []string{second}
	r.DNF5(t, true, "install", "asks", "known", "outside", "dep")
	r.DNF5(t, true, "upgrade", "user")

	s := told(t, filepath.Join(dir, DNF5History), dir)
	s.Transactions = s.Transactions[1:]
	for i := range s.Transactions {
		forget(s.Transactions[i].Items)
	}
	if len(s.Transactions[0].Again) != 1 {
		t.Errorf("dnf5 changed the reasons of %v", s.Transactions[0].Again)
	}
	if err := s.WriteDNF5(t.Context(), ours); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"packages", "nevras", "groups", "environments", "modules", "system"} {
		same(t, dir, ours, name+".toml")
	}
	query := func(dir string) string {
		return testtool.Run(t, "sqlite3", filepath.Join(dir, DNF5History), historyRows)
	}
	firstDifference(t, "history", query(ours), query(dir))
}

// forget leaves the reasons that items have by themselves: those of requests.
func forget(items []Item) {
	inbound := map[string]rpm.Identity{}
	for _, i := range items {
		if i.Action.inbound() {
			inbound[i.Package.Name] = i.Package
		}
	}
	for n := range items {
		i := &items[n]
		if by, ok := map[string]string{"old": "new", "lost": "found"}[i.Package.Name]; ok {
			i.Action, i.By = Obsoleted, inbound[by]
		}
		if i.Reason = Dependency; slices.Contains([]string{"asks", "user"}, i.Package.Name) && i.Action.inbound() {
			i.Reason = User
		}
	}
}
