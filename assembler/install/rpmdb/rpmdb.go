// Package rpmdb reads and writes the rpm database in rpm's SQLite format
// (rpm 4.16 to 6: lib/backend/sqlite, docs/man/rpmdb.8), without rpm.
//
// One table holds the package headers, each with the tags rpm adds when it
// installs, and one table for each indexed tag points back to them. The same
// headers added in the same order give the same bytes: rows go in by position,
// nothing depends on clock or chance, and no journal is left behind. rpm turns
// its write-ahead log on again when it next opens the database.
//
// Left out: the Berkeley DB and ndb formats.
package rpmdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"github.com/fimg/fimg/repo/rpm"

	_ "modernc.org/sqlite" // the database driver
)

// FileName is the name of the database in its directory.
const FileName = "rpmdb.sqlite"

// Directories of the database below the root of an image.
const (
	SysimageDir = "usr/lib/sysimage/rpm" // Fedora 36 and later
	LegacyDir   = "var/lib/rpm"
)

// Options say how the database is written.
type Options struct {
	// BigEndian is set for images of big-endian machines (s390x): keys that are
	// numbers are stored in the byte order of the machine.
	BigEndian bool
}

// DB is an open database. It is not for concurrent use. All changes become
// visible at once, by Commit.
type DB struct {
	dir  string
	temp string // the copy that is worked on, empty when read-only
	opts Options
	sql  *sql.DB
	conn *sql.Conn
	tx   *sql.Tx
	last int64 // highest header number ever given out

	insertPackage *sql.Stmt
	insertIndex   []*sql.Stmt // as indexes

	image *image // of a new database, which is made without SQLite
}

// Open opens the database in a directory for writing, or starts an empty one
// where there is none. The work is done on a copy beside it.
func Open(ctx context.Context, dir string, o Options) (*DB, error) {
	db := &DB{dir: dir, opts: o, temp: tempName(dir)}
	if err := db.prepare(ctx); err != nil {
		return nil, fmt.Errorf("open rpm database %s: %w", dir, errors.Join(err, db.discard()))
	}
	return db, nil
}

// New starts an empty database that has no place yet. CommitTo gives it one.
func New(o Options) *DB { return &DB{opts: o, image: &image{}} }

// Sort does ahead of time what CommitTo takes longest for. Nothing may be added
// afterwards.
func (db *DB) Sort() { db.image.sort() }

// CommitTo writes a database made by New into a directory, as one that was opened
// there would be. The DB cannot be used afterwards.
func (db *DB) CommitTo(ctx context.Context, dir string) error {
	db.dir, db.temp = dir, tempName(dir)
	if err := errors.Join(os.MkdirAll(dir, 0o755), db.removeTemp()); err != nil {
		return fmt.Errorf("write rpm database %s: %w", dir, err)
	}
	return db.Commit(ctx)
}

// tempName is where a database for dir is worked on.
func tempName(dir string) string { return filepath.Join(dir, "."+FileName+".new") }

// prepare makes the working copy and begins the transaction.
func (db *DB) prepare(ctx context.Context) error {
	if err := os.MkdirAll(db.dir, 0o755); err != nil {
		return err
	}
	if err := db.removeTemp(); err != nil {
		return err
	}
	old := filepath.Join(db.dir, FileName)
	_, err := os.Stat(old)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		db.image = &image{}
		return nil
	case err != nil:
		return err
	default:
		if err := checkpointedCopy(ctx, old, db.temp); err != nil {
			return err
		}
	}
	if err := db.connect(ctx, db.temp, ""); err != nil {
		return err
	}
	return db.begin(ctx)
}

// checkpointedCopy copies a database together with what its write-ahead log
// still holds.
func checkpointedCopy(ctx context.Context, old, dst string) error {
	src, err := sql.Open("sqlite", dsn(old, "mode=ro"))
	if err != nil {
		return err
	}
	defer src.Close()
	if err := os.WriteFile(dst, nil, 0o644); err != nil {
		return err
	}
	_, err = src.ExecContext(ctx, "VACUUM INTO ?", dst)
	return err
}

// dsn is the name of a file as the driver wants it.
func dsn(path, query string) string {
	u := url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: query}
	if !filepath.IsAbs(path) {
		u = url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: query}
	}
	return u.String()
}

// connect opens path on a single connection.
func (db *DB) connect(ctx context.Context, path, query string) error {
	var err error
	if db.sql, err = sql.Open("sqlite", dsn(path, query)); err != nil {
		return err
	}
	db.sql.SetMaxOpenConns(1)
	db.conn, err = db.sql.Conn(ctx)
	return err
}

// begin sets the connection up and makes the tables that are missing.
func (db *DB) begin(ctx context.Context) error {
	for _, pragma := range []string{"journal_mode=OFF", "synchronous=OFF", "secure_delete=OFF", "locking_mode=EXCLUSIVE"} {
		if _, err := db.conn.ExecContext(ctx, "PRAGMA "+pragma); err != nil {
			return err
		}
	}
	var err error
	if db.tx, err = db.conn.BeginTx(ctx, nil); err != nil {
		return err
	}
	if err := db.createTables(ctx); err != nil {
		return err
	}
	if err := db.prepareStatements(ctx); err != nil {
		return err
	}
	return db.tx.QueryRowContext(ctx, "SELECT max(ifnull((SELECT max(hnum) FROM Packages),0),"+
		"ifnull((SELECT seq FROM sqlite_sequence WHERE name='Packages'),0))").Scan(&db.last)
}

// Add stores the header of an installed package, made by Installed or KeyHeader,
// and returns its number.
func (db *DB) Add(ctx context.Context, h *rpm.Header) (int64, error) {
	num := db.last + 1
	if err := db.put(ctx, num, h); err != nil {
		return 0, fmt.Errorf("add %s to rpm database: %w", h.Identity().NEVRA(), err)
	}
	db.last = num
	return num, nil
}

func (db *DB) put(ctx context.Context, num int64, h *rpm.Header) error {
	for _, tag := range []rpm.Tag{rpm.TagName, rpm.TagVersion, rpm.TagRelease} {
		if !h.Has(tag) {
			return fmt.Errorf("%s is missing", tag)
		}
	}
	if db.image != nil {
		db.image.add(num, h, db.opts.BigEndian)
		return nil
	}
	if _, err := db.insertPackage.ExecContext(ctx, num, h.Blob()); err != nil {
		return err
	}
	for i := range indexes {
		stmt := db.insertIndex[i]
		for _, row := range indexes[i].rows(h, db.opts.BigEndian) {
			if _, err := stmt.ExecContext(ctx, row.key, num, row.at); err != nil {
				return err
			}
		}
	}
	return nil
}

// Remove deletes a package by its number.
func (db *DB) Remove(ctx context.Context, num int64) error {
	if db.image != nil {
		if err := db.image.remove(num); err != nil {
			return fmt.Errorf("remove package %d from rpm database: %w", num, err)
		}
		return nil
	}
	res, err := db.tx.ExecContext(ctx, "DELETE FROM Packages WHERE hnum=?", num)
	if err != nil {
		return fmt.Errorf("remove package %d from rpm database: %w", num, err)
	}
	if n, err := res.RowsAffected(); err == nil && n == 0 {
		return fmt.Errorf("remove package %d from rpm database: it is not there", num)
	}
	for _, x := range indexes {
		if _, err := db.tx.ExecContext(ctx, "DELETE FROM '"+x.name+"' WHERE hnum=?", num); err != nil {
			return fmt.Errorf("remove package %d from rpm database: %w", num, err)
		}
	}
	return nil
}

// Rewrite replaces the header of a package, for a change of tags that are not
// indexed, such as file states.
func (db *DB) Rewrite(ctx context.Context, num int64, h *rpm.Header) error {
	if db.image != nil {
		if err := db.image.rewrite(num, h); err != nil {
			return fmt.Errorf("rewrite package %d in rpm database: %w", num, err)
		}
		return nil
	}
	if _, err := db.tx.ExecContext(ctx, "UPDATE Packages SET blob=? WHERE hnum=?", h.Blob(), num); err != nil {
		return fmt.Errorf("rewrite package %d in rpm database: %w", num, err)
	}
	return nil
}

// Commit writes everything and puts the new database in place of the old one,
// whose journal files go away. The DB cannot be used afterwards.
func (db *DB) Commit(ctx context.Context) error {
	if err := db.commit(); err != nil {
		return fmt.Errorf("write rpm database %s: %w", db.dir, errors.Join(err, db.discard()))
	}
	return nil
}

func (db *DB) commit() error {
	if err := db.finish(); err != nil {
		return err
	}
	if err := os.Chmod(db.temp, 0o644); err != nil {
		return err
	}
	for _, suffix := range []string{"-wal", "-shm", "-journal"} {
		if err := removeIfThere(filepath.Join(db.dir, FileName+suffix)); err != nil {
			return err
		}
	}
	return os.Rename(db.temp, filepath.Join(db.dir, FileName))
}

// finish writes the file that takes the old one's place.
func (db *DB) finish() error {
	if db.image != nil {
		f, err := os.OpenFile(db.temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if err != nil {
			return err
		}
		return errors.Join(db.image.write(f, db.last), f.Close())
	}
	if err := db.tx.Commit(); err != nil {
		return err
	}
	db.tx = nil
	return db.disconnect()
}

// Discard gives up all changes. It does nothing after Commit.
func (db *DB) Discard() error { return db.discard() }

func (db *DB) discard() error {
	var err error
	if db.tx != nil {
		err = db.tx.Rollback()
		db.tx = nil
	}
	return errors.Join(err, db.disconnect(), db.removeTemp())
}

func (db *DB) disconnect() error {
	if db.sql == nil {
		return nil
	}
	var err error
	if db.conn != nil {
		err = db.conn.Close()
	}
	err = errors.Join(err, db.sql.Close())
	db.sql, db.conn = nil, nil
	return err
}

func (db *DB) removeTemp() error {
	if db.temp == "" {
		return nil
	}
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
		if err := removeIfThere(db.temp + suffix); err != nil {
			return err
		}
	}
	return nil
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
