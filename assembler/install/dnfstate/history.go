package dnfstate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path/filepath"

	"github.com/fimg/fimg/repo/rpm"

	_ "modernc.org/sqlite" // the database driver
)

// Numbers of states and item types in both databases.
const (
	dnf4Done = 1
	dnf5OK   = 2
	// dnf5Item is "Started": dnf5 (up to 5.4 at least) brings the state of the
	// transaction to its end, never that of its items.
	dnf5Item = 1

	typeRPM, typeGroup, typeEnvironment = 1, 2, 3
)

// writeHistory writes a history database, put in place by rename.
func (s *State) writeHistory(ctx context.Context, path string, sch schema) error {
	if err := s.tryHistory(ctx, path, sch); err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	return nil
}

func (s *State) tryHistory(ctx context.Context, path string, sch schema) (err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	temp := path + ".new"
	defer func() {
		if err != nil {
			os.Remove(temp)
		}
	}()
	if err := os.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	isOld, err := copyHistory(path, temp)
	if err != nil {
		return err
	}
	if err := s.fill(ctx, temp, sch, isOld); err != nil {
		return err
	}
	if err := os.Chmod(temp, 0o644); err != nil {
		return err
	}
	return os.Rename(temp, path)
}

// ErrHistory says that a history cannot be gone on with.
var ErrHistory = errors.New("the history that is there cannot be continued")

// maxHistory is the largest history that is gone on with, in bytes.
const maxHistory = 64 << 20

// copyHistory copies the history that there is.
func copyHistory(from, to string) (isThere bool, err error) {
	info, err := os.Stat(from)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, err
	case info.Size() > maxHistory:
		return false, fmt.Errorf("%d bytes are too many", info.Size())
	}
	raw, err := os.ReadFile(from)
	if err != nil {
		return false, err
	}
	return true, os.WriteFile(to, raw, 0o644)
}

// fill makes the database, or goes on with an old one, in one transaction.
func (s *State) fill(ctx context.Context, path string, sch schema, isOld bool) error {
	abs, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	name := url.URL{Scheme: "file", OmitHost: true, Path: abs, RawQuery: "_pragma=journal_mode(OFF)&_pragma=synchronous(OFF)"}
	db, err := sql.Open("sqlite", name.String())
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return errors.Join(err, db.Close())
	}
	w := &history{ctx: ctx, tx: tx, schema: sch, items: make(map[rpm.Identity]int64),
		names: make(present), groups: make(map[string]bool), isOld: isOld}
	w.begin(s.past)
	for _, t := range s.Transactions {
		if w.dnf5 || !t.justModules() { // dnf4 keeps no history of modules
			w.transaction(t)
		}
	}
	if w.err != nil {
		return errors.Join(w.err, tx.Rollback(), db.Close())
	}
	return errors.Join(tx.Commit(), db.Close())
}

// history writes rows and remembers the first error.
type history struct {
	ctx context.Context
	tx  *sql.Tx
	schema
	items map[rpm.Identity]int64
	// names and groups are what is installed before the transaction.
	names  present
	groups map[string]bool
	isOld  bool // the database had transactions before
	err    error
}

// begin makes the tables of a new history, and takes up what was installed.
func (w *history) begin(p *past) {
	if p != nil {
		w.names = maps.Clone(p.names)
		for id := range p.groups {
			w.groups[id] = true
		}
	}
	if !w.isOld {
		w.exec(w.tables)
		return
	}
	if w.err = w.judge(); w.err != nil {
		w.err = fmt.Errorf("%w: %w", ErrHistory, w.err)
	}
}

// judge refuses an old history of another version, and one that brings statements
// of its own.
func (w *history) judge() error {
	var version string
	var own int
	err := w.tx.QueryRowContext(w.ctx, "SELECT count(*) FROM sqlite_master WHERE type IN ('view', 'trigger')").Scan(&own)
	if err == nil && own > 0 {
		return errors.New("it has views or triggers")
	}
	if err == nil {
		err = w.tx.QueryRowContext(w.ctx, "SELECT value FROM config WHERE key='version'").Scan(&version)
	}
	if want := w.version(); err == nil && version != want {
		return fmt.Errorf("it has version %s, only %s is known", version, want)
	}
	return err
}

// version of the tables.
func (w *history) version() string {
	if w.dnf5 {
		return "1.1"
	}
	return "1.2"
}

// exec runs a statement and returns the number of the row it inserted.
func (w *history) exec(query string, args ...any) int64 {
	if w.err != nil {
		return 0
	}
	res, err := w.tx.ExecContext(w.ctx, query, args...)
	if err != nil {
		w.err = err
		return 0
	}
	id, err := res.LastInsertId()
	w.err = err
	return id
}

// intern returns the number of a name in a table of names.
func (w *history) intern(table, column, name string) int64 {
	if w.err != nil {
		return 0
	}
	var id int64
	err := w.tx.QueryRowContext(w.ctx, "SELECT id FROM "+table+" WHERE "+column+"=?", name).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return w.exec("INSERT INTO "+table+" ("+column+") VALUES (?)", name)
	}
	w.err = err
	return id
}

func (w *history) transaction(t Transaction) {
	var id int64
	if w.dnf5 {
		id = w.exec("INSERT INTO trans (dt_begin, dt_end, rpmdb_version_begin, rpmdb_version_end, releasever, user_id,"+
			" description, comment, state_id) VALUES (?,?,?,?,?,?,?,?,?)",
			t.Begin, t.End, t.Before, t.After, t.ReleaseVer, t.User, t.Command, t.Comment, dnf5OK)
		t = w.asDNF5(t)
		for i := range t.Groups {
			w.group(id, &t.Groups[i])
		}
	} else {
		t = t.inherit(w.reason4)
		id = w.exec("INSERT INTO trans (dt_begin, dt_end, rpmdb_version_begin, rpmdb_version_end, releasever, user_id,"+
			" cmdline, comment, state) VALUES (?,?,?,?,?,?,?,?,?)",
			t.Begin, t.End, t.Before, t.After, t.ReleaseVer, t.User, t.Command, t.Comment, dnf4Done)
	}
	rows := make([]int64, len(t.Items))
	for i, item := range t.Items {
		rows[i] = w.item(id, w.pkg(item.Package), item.Repo, item.Action, item.Reason)
	}
	w.replaced(t.Items, rows)
	if !w.dnf5 {
		for i := range t.Groups {
			w.group(id, &t.Groups[i])
		}
	}
}

// asDNF5 puts a transaction into dnf5's order and marks the members of its groups
// that are there after it, and goes on to the next.
func (w *history) asDNF5(t Transaction) Transaction {
	t.Items, t.Groups = dnf5Order(t.Items), dnf5Groups(t.Groups)
	names := w.names.withTransaction(t.Items)
	for _, g := range t.Groups {
		if !g.Environment && g.Action.inbound() {
			w.groups[g.ID] = true
		}
	}
	for i := range t.Groups {
		g := &t.Groups[i]
		g.Members = g.dnf5Members()
		there := names
		if g.Environment {
			there, g.Types = w.groups, Mandatory // whatever of it was chosen
		}
		for j := range g.Members {
			g.Members[j].Installed = there[g.Members[j].Name]
		}
	}
	w.names.apply(t.Items)
	for _, g := range t.Groups {
		if !g.Environment && !g.Action.inbound() {
			delete(w.groups, g.ID)
		}
	}
	return t
}

// item adds a line to a transaction.
func (w *history) item(trans, item int64, repo string, action Action, reason Reason) int64 {
	columns, state := "action, reason, state", dnf4Done
	if w.dnf5 {
		columns, state = "action_id, reason_id, state_id", dnf5Item
	} else if reason == ExternalUser {
		reason = User
	}
	return w.exec("INSERT INTO trans_item (trans_id, item_id, repo_id, "+columns+") VALUES (?,?,?,?,?,?)",
		trans, item, w.intern("repo", "repoid", repo), w.actions[action], int(reason), state)
}

// newItem makes an item of a type.
func (w *history) newItem(typ int) int64 {
	if w.dnf5 {
		return w.exec("INSERT INTO item DEFAULT VALUES")
	}
	return w.exec("INSERT INTO item (item_type) VALUES (?)", typ)
}

// pkg returns the item of a package, which all transactions share.
func (w *history) pkg(id rpm.Identity) int64 {
	id.HasEpoch = false
	if item, ok := w.items[id]; ok {
		return item
	}
	if item := w.known(id); item != 0 || w.err != nil {
		w.items[id] = item
		return item
	}
	item := w.newItem(typeRPM)
	w.items[id] = item
	if w.dnf5 {
		w.exec("INSERT INTO rpm VALUES (?,?,?,?,?,?)", item, w.intern("pkg_name", "name", id.Name), id.Epoch,
			id.Version, id.Release, w.intern("arch", "name", id.Arch))
	} else {
		w.exec("INSERT INTO rpm VALUES (?,?,?,?,?,?)", item, id.Name, id.Epoch, id.Version, id.Release, id.Arch)
	}
	return item
}

// known returns the item of a package in an old history, zero for none.
func (w *history) known(id rpm.Identity) (item int64) {
	if !w.isOld || w.err != nil {
		return 0
	}
	from := "rpm WHERE name=? AND arch=?"
	if w.dnf5 {
		from = "rpm JOIN pkg_name n ON n.id=name_id JOIN arch a ON a.id=arch_id WHERE n.name=? AND a.name=?"
	}
	err := w.tx.QueryRowContext(w.ctx, "SELECT item_id FROM "+from+" AND epoch=? AND version=? AND release=?",
		id.Name, id.Arch, id.Epoch, id.Version, id.Release).Scan(&item)
	if !errors.Is(err, sql.ErrNoRows) {
		w.err = err
	}
	return item
}

// reason4 is the reason that dnf4's history gives a package of that name and
// architecture: that of the last time it came.
func (w *history) reason4(id rpm.Identity) (r Reason) {
	if w.err != nil {
		return Unknown
	}
	err := w.tx.QueryRowContext(w.ctx, "SELECT reason FROM trans_item t JOIN rpm r ON r.item_id=t.item_id"+
		" WHERE name=? AND arch=? AND action IN (1,2,6,9,11) ORDER BY t.id DESC LIMIT 1", id.Name, id.Arch).Scan(&r)
	if !errors.Is(err, sql.ErrNoRows) {
		w.err = err
	}
	return r
}

// replaced ties what left to what came in its place; dnf5 (up to 5.4 at least) has
// the table and leaves it empty.
func (w *history) replaced(items []Item, rows []int64) {
	for i, old := range items {
		if w.dnf5 || !old.outbound() || old.Action == Remove {
			continue
		}
		for j, by := range items {
			if by.Action.inbound() && (by.na() == old.na() || by.Package == old.By) {
				w.exec("INSERT INTO item_replaced_by VALUES (?,?)", rows[i], rows[j])
			}
		}
	}
}

// group adds a group or an environment with its members.
func (w *history) group(trans int64, g *Group) {
	typ, table := typeGroup, "comps_group"
	if g.Environment {
		typ, table = typeEnvironment, "comps_environment"
	}
	item := w.newItem(typ)
	w.exec("INSERT INTO "+table+" VALUES (?,?,?,?,?)", item, g.ID, g.Name, g.Name, int(g.Types))
	for _, m := range w.once(g.Members) {
		switch {
		case g.Environment:
			w.exec("INSERT INTO comps_environment_group (environment_id, groupid, installed, group_type) VALUES (?,?,?,?)",
				item, m.Name, m.Installed, int(m.Type))
		case w.dnf5:
			w.exec("INSERT INTO comps_group_package (group_id, name_id, installed, pkg_type) VALUES (?,?,?,?)",
				item, w.intern("pkg_name", "name", m.Name), m.Installed, int(m.Type))
		default:
			w.exec("INSERT INTO comps_group_package (group_id, name, installed, pkg_type) VALUES (?,?,?,?)",
				item, m.Name, m.Installed, int(m.Type))
		}
	}
	w.item(trans, item, g.Repo, g.Action, g.Reason)
}

// once returns the members with each name once: dnf5 has the first of them, dnf4
// what is said last in the place of the first.
func (w *history) once(members []Member) (out []Member) {
	at := make(map[string]int)
	for _, m := range members {
		i, again := at[m.Name]
		switch {
		case !again:
			at[m.Name] = len(out)
			out = append(out, m)
		case !w.dnf5:
			out[i] = m
		}
	}
	return out
}
