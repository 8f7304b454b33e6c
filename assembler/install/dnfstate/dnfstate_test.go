package dnfstate

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fimg/fimg/assembler/install/rpmdb"
	"github.com/fimg/fimg/internal/testtool"
	"github.com/fimg/fimg/repo/rpm"
)

// root is a root tree with an rpm database of made-up packages.
type root struct {
	dir, db string
	before  string
}

func newRoot(t *testing.T) *root {
	t.Helper()
	dir := t.TempDir()
	path := strings.TrimSpace(testtool.Run(t, "rpm", "--eval", "%_dbpath"))
	return &root{dir, filepath.Join(dir, path), rpmdb.EmptyCookie}
}

// pkg makes a package with requirements.
func pkg(t *testing.T, name string, requires ...string) *rpm.Header {
	t.Helper()
	entries := []rpm.Entry{
		rpm.StringEntry(rpm.TagName, name), rpm.StringEntry(rpm.TagVersion, "1"), rpm.StringEntry(rpm.TagRelease, "2"),
		rpm.StringEntry(rpm.TagArch, "noarch"), rpm.StringEntry(rpm.TagOS, "linux"), rpm.StringEntry(rpm.TagSourceRPM, name+"-1-2.src.rpm"),
		rpm.StringEntry(rpm.TagSummary, "Test"), rpm.StringEntry(rpm.TagDescription, "Test"), rpm.StringEntry(rpm.TagLicense, "MIT"),
		rpm.StringEntry(rpm.TagVendor, "Test"), rpm.Uint32Entry(rpm.TagSize, 0), rpm.Uint32Entry(rpm.TagBuildTime, 1700000000),
		rpm.StringsEntry(rpm.TagProvideName, name), rpm.StringsEntry(rpm.TagProvideVersion, "1-2"),
		rpm.Uint32Entry(rpm.TagProvideFlags, uint32(rpm.SenseEqual)),
	}
	if len(requires) > 0 {
		entries = append(entries, rpm.StringsEntry(rpm.TagRequireName, requires...),
			rpm.StringsEntry(rpm.TagRequireVersion, make([]string, len(requires))...),
			rpm.Uint32Entry(rpm.TagRequireFlags, make([]uint32, len(requires))...))
	}
	h, err := rpm.NewHeader(rpm.RegionImmutable, entries...)
	if err != nil {
		t.Fatal(err)
	}
	h, err = h.With(rpm.Uint32Entry(rpm.TagInstallTime, 1700000000), rpm.Uint32Entry(rpm.TagInstallTID, 1700000000))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// install adds packages and returns the transaction.
func (r *root) install(t *testing.T, reasons map[string]Reason, headers ...*rpm.Header) Transaction {
	t.Helper()
	ctx := context.Background()
	db, err := rpmdb.Open(ctx, r.db, rpmdb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	tr := Transaction{Begin: 1700000000, End: 1700000100, Before: r.before, ReleaseVer: "42", Command: "install -y things", User: 0}
	for _, h := range headers {
		if _, err := db.Add(ctx, h); err != nil {
			t.Fatal(err)
		}
		tr.Items = append(tr.Items, Item{h.Identity(), "fedora", Install, reasons[h.String(rpm.TagName)], rpm.Identity{}})
	}
	if tr.After, err = db.Cookie(ctx); err != nil {
		t.Fatal(err)
	}
	if err := db.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	r.before = tr.After
	return tr
}

// state makes a root with two transactions and a group.
func state(t *testing.T) (*root, *State) {
	r := newRoot(t)
	first := r.install(t, map[string]Reason{"app": User, "lib": Dependency, "weak": WeakDependency, "orphan": Dependency},
		pkg(t, "app", "lib"), pkg(t, "lib"), pkg(t, "weak"), pkg(t, "orphan"))
	second := r.install(t, map[string]Reason{"member": GroupMember}, pkg(t, "member"))
	second.Groups = []Group{
		{ID: "core", Name: "Core", Repo: "fedora", Types: Mandatory | Default | Conditional, Action: Install, Reason: User,
			Members: []Member{{Name: "member", Type: Mandatory, Installed: true}, {Name: "other", Type: Optional}}},
		{ID: "cloud-env", Name: "Cloud", Repo: "fedora", Types: Mandatory, Action: Install, Reason: User, Environment: true,
			Members: []Member{{Name: "core", Type: Mandatory, Installed: true}, {Name: "extra", Type: Optional}}},
	}
	modules := Transaction{Begin: first.Begin, End: first.Begin, Before: first.Before, After: first.Before, ReleaseVer: "42",
		Command: "module enable nodejs:18", Modules: []Module{{Name: "nodejs", Stream: "18", State: ModuleEnabled, Profiles: []string{"common"}}}}
	return r, &State{Transactions: []Transaction{modules, first, second}}
}

// dnf runs the real dnf4 on the root, without repositories.
func (r *root) dnf(t *testing.T, args ...string) string {
	t.Helper()
	args = append([]string{"--installroot=" + r.dir, "--releasever=42", "--disablerepo=*", "--setopt=reposdir=/nonexistent",
		"--setopt=module_platform_id=platform:f42", "--noplugins", "--assumeno"}, args...)
	out, _ := exec.Command(testtool.Need(t, "dnf")[0], args...).CombinedOutput()
	return string(out)
}

func contains(t *testing.T, text string, want, not []string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(text, w) {
			t.Errorf("%q is missing in\n%s", w, text)
		}
	}
	for _, n := range not {
		if strings.Contains(text, n) {
			t.Errorf("%q is in\n%s", n, text)
		}
	}
}

// TestDNF4Answers asks the real dnf4 about a system it has not installed.
func TestDNF4Answers(t *testing.T) {
	testtool.Need(t, "dnf", "rpm", "createrepo_c")
	r, s := state(t)
	err := s.WriteDNF4(context.Background(), filepath.Join(r.dir, DNF4Dir), filepath.Join(r.dir, DNF4ModulesDir))
	if err != nil {
		t.Fatal(err)
	}
	contains(t, r.dnf(t, "repoquery", "--userinstalled"), []string{"app-"}, []string{"lib-", "orphan-", "weak-"})
	contains(t, r.dnf(t, "repoquery", "--installed", "--qf", "%{name} %{reason} %{from_repo}"),
		[]string{"app user fedora", "lib dependency fedora", "weak weak-dependency fedora", "member group fedora"}, nil)
	contains(t, r.dnf(t, "autoremove"), []string{"orphan", "weak"}, []string{" app ", " lib ", " member "})
	list := r.dnf(t, "history", "list")
	contains(t, list, []string{"install -y things", "2023-11-14"}, []string{"**", "<", ">"})
	contains(t, r.dnf(t, "history", "info", "1"),
		[]string{"app-1-2.noarch", "orphan-1-2.noarch", "Success", "@fedora", "install -y things"}, []string{"member"})
	empty := t.TempDir() // dnf lists groups only when a repository has some
	groups := "<comps><group><id>core</id><name>Core</name><description/><uservisible>true</uservisible><packagelist/></group>" +
		"<environment><id>cloud-env</id><name>Cloud</name><description/><grouplist/></environment></comps>"
	if err := os.WriteFile(filepath.Join(empty, "comps.xml"), []byte(groups), 0o644); err != nil {
		t.Fatal(err)
	}
	testtool.Run(t, "createrepo_c", "-q", "-g", "comps.xml", empty)
	contains(t, r.dnf(t, "--repofrompath=empty,"+empty, "--nogpgcheck", "group", "list", "--installed"), []string{"Core", "Cloud"}, nil)
}

// TestDNF5Files compares the state files with what dnf5 writes.
func TestDNF5Files(t *testing.T) {
	testtool.Need(t, "rpm")
	r, s := state(t)
	old := pkg(t, "lib").Identity()
	new := old
	new.Version = "2"
	s.Transactions = append(s.Transactions, Transaction{Before: r.before, After: "cookie", Items: []Item{
		{new, "updates", Upgrade, Dependency, rpm.Identity{}}, {old, "@System", Replaced, Dependency, rpm.Identity{}},
		{pkg(t, "weak").Identity(), "@System", Remove, User, rpm.Identity{}},
	}})
	dir := filepath.Join(r.dir, DNF5Dir)
	if err := s.WriteDNF5(context.Background(), dir); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"packages.toml": "version = \"1.0\"\n\n[packages]\n\"app.noarch\" = {reason = \"User\"}\n" +
			"\"lib.noarch\" = {reason = \"Dependency\"}\n\"orphan.noarch\" = {reason = \"Dependency\"}\n\n",
		"nevras.toml": "version = \"1.0\"\n\n[nevras]\n\"app-1-2.noarch\" = {from_repo = \"fedora\"}\n" +
			"\"lib-2-2.noarch\" = {from_repo = \"updates\"}\n\"member-1-2.noarch\" = {from_repo = \"fedora\"}\n" +
			"\"orphan-1-2.noarch\" = {from_repo = \"fedora\"}\n\n",
		"groups.toml": "version = \"1.0\"\n\n[groups]\n[groups.core]\npackage_types = [\"mandatory\", \"default\", \"conditional\"]\n" +
			"packages = [\"member\"]\nuserinstalled = true\n\n",
		"environments.toml": "version = \"1.0\"\n\n[environments]\ncloud-env = {groups = [\"core\"]}\n\n",
		"modules.toml": "version = \"1.0\"\n\n[modules]\n[modules.nodejs]\nenabled_stream = \"18\"\n" +
			"installed_profiles = [\"common\"]\nstate = \"Enabled\"\n\n",
		"system.toml": "version = \"1.0\"\nsystem = {rpmdb_cookie = \"cookie\"}\n",
	} {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || string(got) != want {
			t.Errorf("%s is\n%s, want\n%s (%v)", name, got, want, err)
		}
	}
	xml, err := os.ReadFile(filepath.Join(dir, "comps_groups/groups/core.xml"))
	if err != nil || !strings.Contains(string(xml), `<packagereq type="mandatory">member</packagereq>`) {
		t.Errorf("%s %v", xml, err)
	}
	got := testtool.Run(t, "sqlite3", filepath.Join(dir, "transaction_history.sqlite"),
		"SELECT t.id, n.name, a.name, r.name, p.repoid FROM trans_item t JOIN rpm USING (item_id) JOIN pkg_name n ON n.id=name_id "+
			"JOIN trans_item_action a ON a.id=action_id JOIN trans_item_reason r ON r.id=reason_id JOIN repo p ON p.id=repo_id "+
			"WHERE trans_id=4; SELECT trans_item_id, by_trans_item_id FROM item_replaced_by")
	want := "8|lib|Replaced|Dependency|@System\n9|lib|Upgrade|Dependency|updates\n10|weak|Remove|User|@System\n"
	if got != want {
		t.Errorf("history is\n%s, want\n%s", got, want)
	}
}

// TestHostileNames keeps names from outside inside the directory.
func TestHostileNames(t *testing.T) {
	for _, id := range []string{"../../x", "", "..", "a/b"} {
		s := &State{Transactions: []Transaction{{Groups: []Group{{ID: id, Action: Install}}}}}
		if s.WriteDNF5(context.Background(), t.TempDir()) == nil {
			t.Errorf("group %q was written", id)
		}
		s = &State{Transactions: []Transaction{{Modules: []Module{{Name: id, State: ModuleEnabled}}}}}
		if s.WriteDNF4(context.Background(), t.TempDir(), t.TempDir()) == nil {
			t.Errorf("module %q was written", id)
		}
	}
	if got := quote("a\"b\\c\n"); got != `"a\"b\\c\u000A"` {
		t.Error(got)
	}
}

// TestSameBits writes everything twice.
func TestSameBits(t *testing.T) {
	testtool.Need(t, "rpm")
	_, s := state(t)
	var contents [2]map[string]string
	for i := range contents {
		dir := t.TempDir()
		if err := s.WriteDNF5(context.Background(), dir); err != nil {
			t.Fatal(err)
		}
		if err := s.WriteDNF4(context.Background(), dir, dir); err != nil {
			t.Fatal(err)
		}
		contents[i] = make(map[string]string)
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if e.IsDir() {
				continue
			}
			b, err := os.ReadFile(filepath.Join(dir, e.Name()))
			if err != nil {
				t.Fatal(err)
			}
			contents[i][e.Name()] = string(b)
		}
	}
	var diff []string
	for name := range contents[0] {
		if contents[0][name] != contents[1][name] {
			diff = append(diff, name)
		}
	}
	if slices.Sort(diff); len(diff) > 0 {
		t.Errorf("differ: %v", diff)
	}
}

// TestGoesOn writes transactions in two goes: the same comes out as in one.
func TestGoesOn(t *testing.T) {
	id := func(name, version string) rpm.Identity {
		return rpm.Identity{Name: name, Version: version, Release: "1", Arch: "noarch"}
	}
	r, s := state(t)
	update := Transaction{Begin: 1700000200, End: 1700000300, ReleaseVer: "42", Command: "install -y more", Items: []Item{
		{id("more", "1"), "fedora", Install, User, rpm.Identity{}}, {id("lib", "2"), "fedora", Upgrade, WeakDependency, rpm.Identity{}},
		{rpm.Identity{Name: "lib", Version: "1", Release: "2", Arch: "noarch"}, "@System", Replaced, Unknown, rpm.Identity{}},
		{id("member", "2"), "fedora", Upgrade, Dependency, rpm.Identity{}},
		{rpm.Identity{Name: "member", Version: "1", Release: "2", Arch: "noarch"}, "@System", Replaced, Unknown, rpm.Identity{}},
		{rpm.Identity{Name: "orphan", Version: "1", Release: "2", Arch: "noarch"}, "@System", Obsoleted, Unknown, id("more", "1")},
	}}
	whole := &State{Transactions: append(slices.Clone(s.Transactions), update)}
	for _, write := range []func(s *State, dir string) error{
		func(s *State, dir string) error { return s.WriteDNF5(t.Context(), dir) },
		func(s *State, dir string) error { return s.WriteDNF4(t.Context(), dir, filepath.Join(dir, "modules")) },
	} {
		once, twice := t.TempDir(), t.TempDir()
		for _, err := range []error{write(whole, once), write(s, twice), write(&State{Transactions: []Transaction{update}}, twice)} {
			if err != nil {
				t.Fatal(err)
			}
		}
		sameState(t, once, twice)
	}
	for _, s := range []*State{s, {Transactions: []Transaction{update}}} {
		if err := s.WriteDNF4(t.Context(), filepath.Join(r.dir, DNF4Dir), filepath.Join(r.dir, DNF4ModulesDir)); err != nil {
			t.Fatal(err)
		}
	}
	contains(t, r.dnf(t, "history", "info", "3"), []string{"Upgrade", "lib-2-1", "Upgraded", "lib-1-2", "Obsoleted", "orphan-1-2", "Install", "more-1-1"}, nil)
	contains(t, r.dnf(t, "repoquery", "--userinstalled"), []string{"app-"}, []string{"lib-", "orphan-", "weak-", "member-"})
}

// sameState compares state files, and what is in databases.
func sameState(t *testing.T, want, got string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(want, "*"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		other := filepath.Join(got, filepath.Base(name))
		read := func(name string) string {
			if strings.HasSuffix(name, ".sqlite") {
				return testtool.Run(t, "sqlite3", name, ".dump")
			}
			if info, err := os.Stat(name); err == nil && info.IsDir() {
				return "directory"
			}
			raw, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			return string(raw)
		}
		if a, b := read(name), read(other); a != b {
			t.Errorf("%s is\n%s\nwant\n%s", filepath.Base(name), b, a)
		}
	}
}

func TestReadPast(t *testing.T) {
	dir := t.TempDir()
	for _, bad := range []string{"[packages", "[packages]\nx = 5"} {
		if err := os.WriteFile(filepath.Join(dir, "packages.toml"), []byte(bad), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := readPast(dir); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

func TestNameOf(t *testing.T) {
	for nevra, want := range map[string]string{"a-b-1:2-3.x86_64": "a-b", "x": "", "": "", "a-1": "", "kernel-core-6.1-1.fc42.x86_64": "kernel-core"} {
		if got := nameOf(nevra); got != want {
			t.Errorf("%q: %q, want %q", nevra, got, want)
		}
	}
}

// TestForeignHistory refuses what it cannot go on with, and leaves all as it is.
func TestForeignHistory(t *testing.T) {
	_, s := state(t)
	for _, change := range []string{"UPDATE config SET value='0.9'", "CREATE VIEW x AS SELECT 1", "DROP TABLE config"} {
		dir := t.TempDir()
		if err := s.WriteDNF5(t.Context(), dir); err != nil {
			t.Fatal(err)
		}
		testtool.Run(t, "sqlite3", filepath.Join(dir, DNF5History), change)
		before, err := os.ReadFile(filepath.Join(dir, "packages.toml"))
		if err != nil {
			t.Fatal(err)
		}
		again := &State{Transactions: []Transaction{{Items: []Item{{Package: rpm.Identity{Name: "new", Arch: "noarch"}, Action: Install, Reason: User}}}}}
		if err := again.WriteDNF5(t.Context(), dir); !errors.Is(err, ErrHistory) {
			t.Errorf("%s: %v", change, err)
		}
		if after, _ := os.ReadFile(filepath.Join(dir, "packages.toml")); string(after) != string(before) {
			t.Errorf("%s: the state changed to %s", change, after)
		}
	}
}
