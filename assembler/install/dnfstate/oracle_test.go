package dnfstate

import (
	"context"
	"encoding/xml"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fimg/fimg/internal/testtool"
	"github.com/fimg/fimg/repo/rpm"
)

// historyRows are the rows of dnf5's history whose numbers and order count.
const historyRows = `
SELECT * FROM trans ORDER BY id;
SELECT i.id, i.trans_id, coalesce(n.name, g.groupid, e.environmentid), r.epoch, r.version, r.release, a.name, p.repoid, i.action_id,
 i.reason_id, i.state_id FROM trans_item i LEFT JOIN rpm r USING (item_id) LEFT JOIN pkg_name n ON n.id=name_id LEFT JOIN arch a ON a.id=arch_id
 LEFT JOIN comps_group g ON g.item_id=i.item_id LEFT JOIN comps_environment e ON e.item_id=i.item_id JOIN repo p ON p.id=repo_id ORDER BY i.id;
SELECT c.id, groupid, n.name, c.installed, c.pkg_type FROM comps_group_package c JOIN pkg_name n ON n.id=name_id JOIN comps_group g ON item_id=group_id ORDER BY c.id;
SELECT c.id, environmentid, c.groupid, c.installed, c.group_type FROM comps_environment_group c JOIN comps_environment ON item_id=environment_id ORDER BY c.id;
SELECT groupid, name, translated_name, pkg_types FROM comps_group ORDER BY item_id;
SELECT environmentid, name, translated_name, pkg_types FROM comps_environment ORDER BY item_id;
SELECT * FROM item_replaced_by; SELECT * FROM config;`

// TestDNF5Oracle takes what a real dnf5 says that it did, in another order, and
// expects the files that it wrote. FIMG_DNF5_ORACLE lists roots that dnf5
// installed with SOURCE_DATE_EPOCH set. TestDNF5Golden always runs.
func TestDNF5Oracle(t *testing.T) {
	for _, root := range filepath.SplitList(os.Getenv("FIMG_DNF5_ORACLE")) {
		t.Run(filepath.Base(root), func(t *testing.T) { likeDNF5(t, root) })
	}
}

func likeDNF5(t *testing.T, root string) {
	t.Helper()
	testtool.Need(t, "sqlite3")
	theirs := filepath.Join(root, DNF5Dir)
	s := told(t, filepath.Join(theirs, "transaction_history.sqlite"), theirs)
	ours := t.TempDir()
	if err := s.WriteDNF5(context.Background(), ours); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"packages", "nevras", "groups", "environments", "modules", "system"} {
		same(t, theirs, ours, name+".toml")
	}
	for _, tr := range s.Transactions {
		for _, g := range tr.Groups {
			sub := "comps_groups/groups/"
			if g.Environment {
				sub = "comps_groups/environments/"
			}
			same(t, theirs, ours, sub+g.ID+".xml")
		}
	}
	query := func(dir string) string {
		return testtool.Run(t, "sqlite3", filepath.Join(dir, "transaction_history.sqlite"), historyRows)
	}
	firstDifference(t, "history", query(ours), query(theirs))
}

func same(t *testing.T, theirs, ours, name string) {
	t.Helper()
	want, err := os.ReadFile(filepath.Join(theirs, name))
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(ours, name))
	if err != nil {
		t.Fatal(err)
	}
	firstDifference(t, name, untranslated(string(got)), untranslated(string(want)))
}

// untranslated leaves out the translations, which are not kept, and writes the
// header and empty elements in one way.
func untranslated(text string) string {
	var out []string
	for line := range strings.Lines(text) {
		if !strings.Contains(line, " xml:lang=") && !strings.HasPrefix(line, "<?xml") {
			out = append(out, strings.TrimRight(line, "\n"))
		}
	}
	joined := strings.NewReplacer("&#39;", "'", "&#34;", "\"", "\n    <optionlist/>", "", "\n    <packagelist/>", "").Replace(strings.Join(out, "\n"))
	for _, empty := range []string{"display_order", "langonly", "description"} {
		joined = strings.ReplaceAll(joined, "<"+empty+"/>", "<"+empty+"></"+empty+">")
	}
	return strings.TrimSpace(joined)
}

func firstDifference(t *testing.T, what, got, want string) {
	t.Helper()
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			t.Errorf("%s line %d is\n%s\nwant\n%s", what, i+1, g[i], w[i])
			return
		}
	}
	if len(g) != len(w) {
		t.Errorf("%s has %d lines, want %d", what, len(g), len(w))
	}
}

// told reads the transactions of a history, each shuffled.
func told(t *testing.T, db, dir string) *State {
	t.Helper()
	type row = map[string]string
	rows := func(query string) (out []row) {
		text := testtool.Run(t, "sqlite3", "-line", db, query)
		for _, block := range strings.Split(strings.TrimSpace(text), "\n\n") {
			r := row{}
			for line := range strings.Lines(block) {
				key, value, _ := strings.Cut(strings.TrimRight(line, "\n"), " = ")
				r[strings.TrimSpace(key)] = value
			}
			if len(r) > 1 {
				out = append(out, r)
			}
		}
		return out
	}
	s := &State{}
	for _, r := range rows("SELECT * FROM trans ORDER BY id") {
		s.Transactions = append(s.Transactions, Transaction{Begin: num(r["dt_begin"]), End: num(r["dt_end"]), Before: r["rpmdb_version_begin"],
			After: r["rpmdb_version_end"], ReleaseVer: r["releasever"], User: uint32(num(r["user_id"])), Command: r["description"], Comment: r["comment"]})
	}
	for _, r := range rows("SELECT i.*, p.repoid, n.name, r.epoch, r.version, r.release, a.name AS arch FROM trans_item i JOIN repo p ON p.id=repo_id" +
		" JOIN rpm r USING (item_id) JOIN pkg_name n ON n.id=name_id JOIN arch a ON a.id=arch_id") {
		id := rpm.Identity{Name: r["name"], Epoch: uint32(num(r["epoch"])), HasEpoch: true, Version: r["version"], Release: r["release"], Arch: r["arch"]}
		tr := &s.Transactions[num(r["trans_id"])-1]
		if num(r["action_id"]) == int64(dnf5Actions[ReasonChange]) {
			tr.Again = append(tr.Again, id)
			continue
		}
		tr.Items = append(tr.Items, Item{id, r["repoid"], Action(num(r["action_id"])), Reason(num(r["reason_id"])), rpm.Identity{}})
	}
	for _, r := range rows("SELECT i.*, p.repoid, g.groupid AS id2, g.name, g.pkg_types, 0 AS env FROM trans_item i JOIN repo p ON p.id=repo_id JOIN comps_group g USING (item_id)" +
		" UNION ALL SELECT i.*, p.repoid, e.environmentid, e.name, e.pkg_types, 1 FROM trans_item i JOIN repo p ON p.id=repo_id JOIN comps_environment e USING (item_id)") {
		g := definition(t, dir, r["id2"], r["env"] == "1")
		g.Repo, g.Types, g.Action, g.Reason = r["repoid"], Types(num(r["pkg_types"])), Action(num(r["action_id"])), Reason(num(r["reason_id"]))
		tr := &s.Transactions[num(r["trans_id"])-1]
		tr.Groups = append(tr.Groups, g)
	}
	for i := range s.Transactions {
		items := s.Transactions[i].Items
		rand.Shuffle(len(items), func(a, b int) { items[a], items[b] = items[b], items[a] })
	}
	return s
}

// definition reads a group that dnf5 kept.
func definition(t *testing.T, dir, id string, environment bool) Group {
	t.Helper()
	sub := "comps_groups/groups/"
	if environment {
		sub = "comps_groups/environments/"
	}
	text, err := os.ReadFile(filepath.Join(dir, sub+id+".xml"))
	if err != nil {
		t.Fatal(err)
	}
	var doc comps
	if err := xml.Unmarshal([]byte(untranslated(string(text))), &doc); err != nil {
		t.Fatal(err)
	}
	if e := doc.Environment; e != nil {
		g := Group{ID: id, Name: e.Name, Description: e.Description, Order: e.Order, Environment: true}
		for _, o := range e.Options {
			typ := Optional
			if o.Default {
				typ = Default
			}
			g.Members = append(g.Members, Member{Name: o.ID, Type: typ})
		}
		for _, name := range e.Groups {
			g.Members = append(g.Members, Member{Name: name, Type: Mandatory})
		}
		return g
	}
	d := doc.Group
	g := Group{ID: id, Name: d.Name, Description: d.Description, Default: d.Default, Visible: d.Visible, Order: d.Order, LangOnly: d.LangOnly}
	types := map[string]Types{"mandatory": Mandatory, "default": Default, "optional": Optional, "conditional": Conditional}
	for _, p := range d.Packages {
		g.Members = append(g.Members, Member{Name: p.Name, Type: types[p.Type], Requires: p.Requires})
	}
	return g
}

func num(text string) (n int64) {
	for _, c := range text {
		n = n*10 + int64(c-'0')
	}
	return n
}
