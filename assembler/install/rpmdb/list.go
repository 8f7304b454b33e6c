package rpmdb

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"

	"github.com/fimg/fimg/repo/rpm"
)

// Package is an installed package with its number in the database.
type Package struct {
	Num    int64
	Header *rpm.Header
}

// Packages returns all packages by number, those of this DB not yet committed
// included.
func (db *DB) Packages(ctx context.Context) ([]Package, error) {
	return packages(ctx, db.tx)
}

// List reads the packages of the database in a directory by number, without
// changing anything. A database that rpm left with a write-ahead log is read
// together with it.
func List(ctx context.Context, dir string) ([]Package, error) {
	conn, err := sql.Open("sqlite", dsn(filepath.Join(dir, FileName), "mode=ro"))
	if err != nil {
		return nil, fmt.Errorf("read rpm database %s: %w", dir, err)
	}
	defer conn.Close()
	list, err := packages(ctx, conn)
	if err != nil {
		return nil, fmt.Errorf("read rpm database %s: %w", dir, err)
	}
	return list, nil
}

// querier is a database or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func packages(ctx context.Context, q querier) ([]Package, error) {
	rows, err := q.QueryContext(ctx, "SELECT hnum, blob FROM Packages ORDER BY hnum")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Package
	for rows.Next() {
		var p Package
		var blob []byte
		if err := rows.Scan(&p.Num, &blob); err != nil {
			return nil, err
		}
		if p.Header, err = rpm.ParseHeader(blob); err != nil {
			return nil, fmt.Errorf("package %d: %w", p.Num, err)
		}
		out = append(out, p)
	}
	return out, rows.Err()
}
