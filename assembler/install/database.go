package install

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/fimg/fimg/assembler/install/rpmdb"
	"github.com/fimg/fimg/repo/rpm"
)

// readDatabase loads the packages that are installed already.
func (t *transaction) readDatabase(ctx context.Context) error {
	dir, ok := t.findDatabase()
	if !ok {
		return nil
	}
	packages, err := rpmdb.List(ctx, dir)
	if err != nil {
		return err
	}
	for _, p := range packages {
		e, err := newElement(p.Header)
		if err != nil {
			return fmt.Errorf("read package database: %w", err)
		}
		for i, s := range rpmdb.States(p.Header) {
			if i < len(e.states) {
				e.states[i] = byte(s)
			}
		}
		e.triggers = e.header.Triggers(rpm.PackageTrigger)
		e.fileTriggers = e.header.Triggers(rpm.FileTrigger)
		e.transTriggers = e.header.Triggers(rpm.TransFileTrigger)
		e.num, e.db, e.present = p.Num, p.Num, true
		t.lastNum = max(t.lastNum, p.Num)
		t.installed = append(t.installed, e)
		t.byName[e.name] = append(t.byName[e.name], e)
	}
	return nil
}

// findDatabase returns the host path of the directory of the database, if there
// is one.
func (t *transaction) findDatabase() (string, bool) {
	for _, dir := range []string{t.opts.DBPath, rpmdb.SysimageDir, rpmdb.LegacyDir} {
		if dir != "" && t.root.IsFile(dir+"/"+rpmdb.FileName) {
			return t.hostDir(dir), true
		}
	}
	return "", false
}

// hostDir is the host path of a directory of the tree, with no link in it.
func (t *transaction) hostDir(dir string) string {
	return filepath.Join(t.root.Dir(), t.paths.canon("/"+dir))
}

// databaseDir is where the rpm of the tree looks for its database.
func (t *transaction) databaseDir() string {
	if t.opts.DBPath != "" {
		return t.opts.DBPath
	}
	if dir := t.treeMacro("_dbpath"); strings.HasPrefix(dir, "/") {
		return dir
	}
	return rpmdb.SysimageDir
}

// writeDatabase records what was erased and installed.
func (t *transaction) writeDatabase(ctx context.Context) error {
	for _, e := range t.installed {
		if e.added {
			t.result.Installed = append(t.result.Installed, Installed{e.item, e.header, e.states})
		}
	}
	dir := t.databaseDir()
	old, exists := t.findDatabase()
	if exists {
		dir = strings.TrimPrefix(old, t.root.Dir())
	}
	if err := t.root.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("write package database: %w", err)
	}
	store := t.keyStore()
	if store != rpmdb.KeysInDatabase {
		if err := t.importFiles(store); err != nil {
			return err
		}
	}
	if t.first != nil && !exists && (store == rpmdb.KeysInDatabase || !t.imports()) {
		return t.putFirst(ctx, t.hostDir(dir))
	}
	t.first.stop() // it has keys that do not belong there
	db, err := rpmdb.Open(ctx, t.hostDir(dir), t.dbOptions())
	if err != nil {
		return err
	}
	defer db.Discard()
	if t.result.Before, err = db.Cookie(ctx); err != nil {
		return err
	}
	if err := t.fillDatabase(ctx, db, t.newKeys(store), t.installed); err != nil {
		return err
	}
	if t.result.After, err = db.Cookie(ctx); err != nil {
		return err
	}
	return db.Commit(ctx)
}

func (t *transaction) dbOptions() rpmdb.Options {
	return rpmdb.Options{BigEndian: t.arch() == "s390x"}
}

// newKeys are the keys to import that the database does not have yet, none when
// they belong elsewhere.
func (t *transaction) newKeys(store rpmdb.KeyStore) keys {
	k := keys{version: t.rpmVersion()}
	if !t.imports() || store != rpmdb.KeysInDatabase {
		return k
	}
	known := map[string]bool{}
	for _, e := range t.byName["gpg-pubkey"] {
		known[e.nevra] = true
	}
	for _, cert := range t.opts.Keys.Certs() {
		h, err := rpmdb.KeyHeader(cert, rpmdb.KeyOptions{Time: uint32(t.tid), RPMVersion: k.version})
		if err != nil {
			k.err = err
			return k
		}
		if !known[h.Identity().NEVRA()] {
			k.headers = append(k.headers, h)
		}
	}
	return k
}

// keys are headers of keys, for the rpm of that version.
type keys struct {
	version string
	headers []*rpm.Header
	err     error
}

// fillDatabase records keys and what became of the packages.
func (t *transaction) fillDatabase(ctx context.Context, db *rpmdb.DB, k keys, list []*element) error {
	if k.err != nil {
		return k.err
	}
	for _, h := range k.headers {
		if _, err := db.Add(ctx, h); err != nil {
			return err
		}
	}
	for _, e := range list {
		if err := ctx.Err(); err != nil {
			return err
		}
		digests, err := e.awaitDigests(ctx, k.version)
		if err != nil {
			return err
		}
		if err := t.recordOne(ctx, db, e, digests); err != nil {
			return fmt.Errorf("record %s: %w", e.nevra, err)
		}
	}
	return nil
}

func (t *transaction) recordOne(ctx context.Context, db *rpmdb.DB, e *element, digests []rpmdb.Digest) error {
	switch {
	case e.db != 0 && !e.present:
		return db.Remove(ctx, e.db)
	case e.db != 0 && e.rewritten:
		h, err := rpmdb.WithStates(e.header, dbStates(e.states))
		if err != nil {
			return err
		}
		return db.Rewrite(ctx, e.db, h)
	case e.db != 0:
		return nil
	}
	h, err := rpmdb.Installed(e.source, rpmdb.Install{
		Time: uint32(t.tid), TID: uint32(t.tid), Color: t.color, States: dbStates(e.states), Digests: digests,
	})
	if err != nil {
		return err
	}
	_, err = db.Add(ctx, h)
	return err
}

func dbStates(states []byte) []rpmdb.State {
	out := make([]rpmdb.State, len(states))
	for i, s := range states {
		out[i] = rpmdb.State(s)
	}
	return out
}

// rpmVersion is the version of the rpm the tree gets or has, empty when none.
func (t *transaction) rpmVersion() string { return rpmVersion(t.order, t.byName["rpm"]) }

// rpmVersion is the version of the first rpm in the lists that stays.
func rpmVersion(lists ...[]*element) string {
	for _, list := range lists {
		for _, e := range list {
			if e.name == "rpm" && !e.erased && (e.added || e.present) {
				return e.header.String(rpm.TagVersion)
			}
		}
	}
	return ""
}
