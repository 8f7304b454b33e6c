package rpmdb

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"path/filepath"
)

// EmptyCookie is the cookie of a database without packages.
const EmptyCookie = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// Cookie returns the fingerprint rpm gives to the database in a directory
// (rpmdbCookie): it changes with every package that comes or goes. dnf notes it
// to see changes that were made without it.
func Cookie(ctx context.Context, dir string, o Options) (string, error) {
	db, err := sql.Open("sqlite", dsn(filepath.Join(dir, FileName), "mode=ro"))
	if err != nil {
		return "", fmt.Errorf("read rpm database %s: %w", dir, err)
	}
	defer db.Close()
	c, err := cookie(ctx, db, o)
	if err != nil {
		return "", fmt.Errorf("read rpm database %s: %w", dir, err)
	}
	return c, nil
}

// Cookie returns the fingerprint of the database with all changes made so far.
func (db *DB) Cookie(ctx context.Context) (string, error) {
	if db.image != nil {
		return db.image.cookie(db.opts), nil
	}
	return cookie(ctx, db.tx, db.opts)
}

// cookie hashes each name followed by the numbers of its packages, 32 bits in
// the byte order of the machine.
func cookie(ctx context.Context, q querier, o Options) (string, error) {
	rows, err := q.QueryContext(ctx, "SELECT key, hnum FROM Name ORDER BY key, rowid")
	if err != nil {
		return "", err
	}
	defer rows.Close()
	order := binary.ByteOrder(binary.LittleEndian)
	if o.BigEndian {
		order = binary.BigEndian
	}
	sum := sha256.New()
	last := ""
	for rows.Next() {
		var name string
		var num uint32
		if err := rows.Scan(&name, &num); err != nil {
			return "", err
		}
		if name != last {
			sum.Write([]byte(name))
			last = name
		}
		var b [4]byte
		order.PutUint32(b[:], num)
		sum.Write(b[:])
	}
	return hex.EncodeToString(sum.Sum(nil)), rows.Err()
}
