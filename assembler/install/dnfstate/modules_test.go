package dnfstate

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fimg/fimg/internal/testtool"
	"github.com/fimg/fimg/repo/rpm"
)

// command is one about modules.
func command(text string, sets ...Module) Transaction {
	return Transaction{Begin: 1700000000, End: 1700000000, Before: "c", After: "c", ReleaseVer: "9", Command: text, Modules: sets}
}

// TestModules has what dnf5 and dnf4 were seen to write after the same commands on
// a repository with the modules app, which requires lib, and other. They have no
// line for a command that changes nothing; dnf4 has none at all.
func TestModules(t *testing.T) {
	enabled := []Module{{Name: "app", Stream: "1", State: ModuleEnabled}, {Name: "lib", Stream: "2", State: ModuleEnabled}}
	reset := command("reset app", Module{Name: "app", State: ModuleAvailable})
	disable := command("disable app", Module{Name: "app", State: ModuleDisabled})
	for _, c := range []struct {
		commands        []Transaction
		toml, dnf4, log string
	}{
		{[]Transaction{reset}, "", "", ""},
		{[]Transaction{reset, command("enable app", enabled...)}, "app 1 Enabled, lib 2 Enabled, other  Available", "app 1 enabled, lib 2 enabled", "enable app"},
		{[]Transaction{command("enable app", enabled...), reset, command("enable app:1", enabled...)},
			"app 1 Enabled, lib 2 Enabled, other  Available", "app 1 enabled, lib 2 enabled", "enable app, reset app, enable app:1"},
		{[]Transaction{command("enable app", enabled...), disable, disable},
			"app  Disabled, lib 2 Enabled, other  Available", "app  disabled, lib 2 enabled", "enable app, disable app"},
	} {
		s := &State{Transactions: c.commands, KnownModules: []string{"app", "lib", "other"}}
		dir := t.TempDir()
		if err := s.WriteDNF5(t.Context(), dir); err != nil {
			t.Fatal(err)
		}
		if err := s.WriteDNF4(t.Context(), dir, dir); err != nil {
			t.Fatal(err)
		}
		p, err := readPast(dir)
		if err != nil {
			t.Fatal(err)
		}
		var states []Module
		for _, m := range p.modules {
			states = append(states, m)
		}
		same := func(what, got, want string) {
			t.Helper()
			if got != want {
				t.Errorf("%s after %d commands: %q, want %q", what, len(c.commands), got, want)
			}
		}
		same("dnf5", text(states, func(m Module) string { return string(m.State) }), c.toml)
		files, err := filepath.Glob(filepath.Join(dir, "*.module"))
		if err != nil {
			t.Fatal(err)
		}
		states = nil
		for _, name := range files {
			raw, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			states = append(states, ParseModule(strings.TrimSuffix(filepath.Base(name), ".module"), raw))
		}
		same("dnf4", text(states, func(m Module) string { return strings.ToLower(string(m.State)) }), c.dnf4)
		rows := func(file, column string) string {
			return strings.Join(strings.Fields(strings.ReplaceAll(testtool.Run(t, "sqlite3", filepath.Join(dir, file), "SELECT replace("+column+", ' ', '_') FROM trans"), "\n", ", ")), " ")
		}
		same("dnf5's history", strings.TrimSuffix(strings.ReplaceAll(rows(DNF5History, "description"), "_", " "), ","), c.log)
		same("dnf4's history", rows(DNF4History, "cmdline"), "")
	}
}

func text(list []Module, state func(Module) string) string {
	var out []string
	for _, m := range list {
		out = append(out, m.Name+" "+m.Stream+" "+state(m))
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

// TestReasons has the reasons that dnf5 was seen to give on a system of which it
// had installed a part: what was asked for again stays a dependency, but what dnf5
// did not know becomes the user's; a new version has the reason of the old one,
// whatever it came for.
func TestReasons(t *testing.T) {
	id := func(name, version string) rpm.Identity {
		return rpm.Identity{Name: name, Version: version, Release: "1", Arch: "noarch"}
	}
	dir := t.TempDir()
	base := &State{Transactions: []Transaction{{Items: []Item{{Package: id("dep", "1"), Repo: "r", Action: Install, Reason: Dependency},
		{Package: id("old", "1"), Repo: "r", Action: Install, Reason: User}}}}}
	if err := base.WriteDNF5(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	next := &State{Transactions: []Transaction{{Again: []rpm.Identity{id("dep", "1"), id("outside", "1")}, Items: []Item{
		{Package: id("dep", "2"), Repo: "r", Action: Upgrade, Reason: User}, {Package: id("dep", "1"), Repo: "@System", Action: Replaced},
		{Package: id("foreign", "2"), Repo: "r", Action: Upgrade, Reason: User}, {Package: id("foreign", "1"), Repo: "@System", Action: Replaced},
		{Package: id("new", "1"), Repo: "r", Action: Install, Reason: Dependency},
		{Package: id("old", "1"), Repo: "@System", Action: Obsoleted, By: id("new", "1")}}}}}
	if err := next.WriteDNF5(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	p, err := readPast(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]Reason{"dep.noarch": Dependency, "outside.noarch": User, "foreign.noarch": ExternalUser, "new.noarch": User}
	for na, r := range want {
		if p.reasons[na] != r {
			t.Errorf("%s: %s, want %s", na, p.reasons[na], r)
		}
	}
	got := testtool.Run(t, "sqlite3", filepath.Join(dir, DNF5History), "SELECT n.name, a.name, r.name, p.repoid FROM trans_item t JOIN rpm USING (item_id) "+
		"JOIN pkg_name n ON n.id=name_id JOIN trans_item_action a ON a.id=action_id JOIN trans_item_reason r ON r.id=reason_id JOIN repo p ON p.id=repo_id "+
		"WHERE trans_id=2 ORDER BY t.id")
	rows := "dep|Replaced|Dependency|@System\ndep|Upgrade|Dependency|r\nforeign|Replaced|External User|@System\nforeign|Upgrade|External User|r\n" +
		"new|Install|User|r\nold|Replaced|User|@System\noutside|Reason Change|User|@System\n"
	if got != rows {
		t.Errorf("history is\n%s, want\n%s", got, rows)
	}
}

func FuzzParseModule(f *testing.F) {
	f.Add("[app]\nname=app\nstream=1\nprofiles=common, minimal\nstate=enabled\n")
	f.Add("state=\n=\n\x00")
	f.Fuzz(func(t *testing.T, file string) {
		m := ParseModule("app", []byte(file))
		switch m.State {
		case ModuleAvailable, ModuleEnabled, ModuleDisabled:
		default:
			t.Errorf("state %q", m.State)
		}
		if again := ParseModule("app", []byte(file)); again.Stream != m.Stream || !slices.Equal(again.Profiles, m.Profiles) {
			t.Errorf("%+v, then %+v", m, again)
		}
	})
}
