package rpmdb

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fimg/fimg/repo/rpm"
)

// bySQLite makes a new database the other way: with SQLite, from one without
// packages.
func bySQLite(t *testing.T, headers []*rpm.Header) string {
	t.Helper()
	ctx, dir := context.Background(), t.TempDir()
	name := filepath.Join(dir, FileName)
	empty, err := sql.Open("sqlite", dsn(name, ""))
	if err != nil {
		t.Fatal(err)
	}
	statements := []string{createPackages}
	for i := range indexes {
		statements = append(statements, indexes[i].createTable())
	}
	for i := range indexes {
		for _, column := range indexes[i].columns() {
			statements = append(statements, indexes[i].createIndex(column))
		}
	}
	for _, s := range statements {
		if _, err := empty.ExecContext(ctx, s); err != nil {
			t.Fatal(err)
		}
	}
	if err := empty.Close(); err != nil {
		t.Fatal(err)
	}
	return fill(t, dir, headers)
}

// fill adds packages to what is in a directory.
func fill(t *testing.T, dir string, headers []*rpm.Header) string {
	t.Helper()
	ctx := context.Background()
	db, err := Open(ctx, dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range headers {
		if _, err := db.Add(ctx, h); err != nil {
			t.Fatal(err)
		}
	}
	before, err := db.Cookie(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	if after, err := Cookie(ctx, dir, Options{}); err != nil || after != before {
		t.Errorf("the cookie was %s and is %s; %v", before, after, err)
	}
	return filepath.Join(dir, FileName)
}

// everything returns all of a database, after a check of its structure.
func everything(t *testing.T, file string) string {
	t.Helper()
	db, err := sql.Open("sqlite", dsn(file, "mode=ro"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var b strings.Builder
	query := func(text string) {
		rows, err := db.Query(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		defer rows.Close()
		columns, _ := rows.Columns()
		values := make([]any, len(columns))
		for i := range values {
			values[i] = new(any)
		}
		for rows.Next() {
			if err := rows.Scan(values...); err != nil {
				t.Fatal(err)
			}
			for _, v := range values {
				fmt.Fprintf(&b, "%T %[1]q|", *v.(*any))
			}
			b.WriteByte('\n')
		}
		if err := rows.Err(); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	query("PRAGMA integrity_check")
	if b.String() != "string \"ok\"|\n" {
		t.Fatal(b.String())
	}
	query("SELECT rowid, type, name, tbl_name, sql FROM sqlite_schema")
	query("SELECT rowid, * FROM sqlite_sequence")
	query("SELECT hnum, length(blob), blob FROM Packages ORDER BY hnum")
	for _, x := range indexes {
		query("SELECT rowid, * FROM '" + x.name + "' ORDER BY rowid")
		for _, column := range x.columns() { // through the SQL index
			query("SELECT " + column + ", rowid FROM '" + x.name + "' INDEXED BY '" + x.name + "_" + column + "_idx' ORDER BY " + column + ", rowid")
		}
	}
	return b.String()
}

// many makes packages with strings of all lengths, some beyond a page, and up to a
// number of files.
func many(t *testing.T, packages, files int) (list []*rpm.Header) {
	t.Helper()
	rnd := rand.New(rand.NewPCG(uint64(packages), uint64(files)))
	text := func(most int) string {
		b := bytes.Repeat([]byte{'x'}, 1+rnd.IntN(most))
		for i := range min(len(b), 8) {
			b[i] = byte('a' + rnd.IntN(26))
		}
		return string(b)
	}
	for i := range packages {
		h := header(t, fmt.Sprintf("package-%d", i*7919%1000))
		n := rnd.IntN(files + 1)
		entries := []rpm.Entry{}
		if n > 0 {
			var names []string
			for range n {
				names = append(names, text([]int{20, 200, 1100, 9000}[rnd.IntN(4)]))
			}
			entries = append(entries, rpm.StringsEntry(rpm.TagBasenames, names...), rpm.StringsEntry(rpm.TagProvideName, names...),
				rpm.StringsEntry(rpm.TagDirNames, "/"), rpm.Uint32Entry(rpm.TagDirIndexes, make([]uint32, n)...))
		}
		h, err := h.With(entries...)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, h)
	}
	return list
}

// TestImage compares a new database with one that SQLite made.
func TestImage(t *testing.T) {
	for _, size := range [][2]int{{0, 0}, {1, 0}, {1, 3}, {40, 10}, {300, 0}, {300, 40}, {20, 900}} {
		headers := many(t, size[0], size[1])
		if got, want := everything(t, fill(t, t.TempDir(), headers)), everything(t, bySQLite(t, headers)); got != want {
			t.Errorf("%d packages: the databases differ", size[0])
			compareLines(t, got, want)
		}
	}
}

// TestImageOfPackages does so with the test packages.
func TestImageOfPackages(t *testing.T) {
	var headers []*rpm.Header
	for _, f := range binaries(t) {
		h, err := Installed(readPackage(t, f), Install{Time: 1, TID: 1, Color: 3})
		if err != nil {
			t.Fatal(err)
		}
		headers = append(headers, h)
	}
	if got, want := everything(t, fill(t, t.TempDir(), headers)), everything(t, bySQLite(t, headers)); got != want {
		t.Error("the databases differ")
		compareLines(t, got, want)
	}
}

func compareLines(t *testing.T, got, want string) {
	t.Helper()
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			t.Errorf("line %d: %.300s, want %.300s", i, g[i], w[i])
			return
		}
	}
}

// TestCommitTo compares a database made without a place with one made in its place.
func TestCommitTo(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	headers := many(t, 50, 20)
	want, err := os.ReadFile(fill(t, t.TempDir(), headers))
	if err != nil {
		t.Fatal(err)
	}
	db := New(Options{})
	for _, h := range headers {
		if _, err := db.Add(ctx, h); err != nil {
			t.Fatal(err)
		}
	}
	db.Sort()
	if err := db.CommitTo(ctx, filepath.Join(dir, "a", "b")); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(dir, "a", "b", FileName)); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d and %d bytes, not the same; %v", len(got), len(want), err)
	}
}

// TestSplit gives every interior page of every level at least one cell.
func TestSplit(t *testing.T) {
	for count := 2; count < 60; count++ {
		for _, size := range []int{5, 400, 1000} {
			l := level{pages: make([]uint32, count), seps: make([][]byte, count-1)}
			for i := range l.seps {
				l.seps[i] = make([]byte, size)
			}
			nodes, up := l.split(fileHeader)
			cells := 0
			for _, n := range nodes {
				if cells += len(n.cells); len(n.cells) == 0 || fileHeader+12+n.size > pageSize {
					t.Fatalf("%d pages: one of %d cells, %d bytes", count, len(n.cells), n.size)
				}
			}
			if len(up) != len(nodes)-1 || cells+len(up) != count-1 {
				t.Fatalf("%d pages: %d nodes, %d cells, %d go up", count, len(nodes), cells, len(up))
			}
		}
	}
}

// TestRemoveNew takes packages back before anything was written.
func TestRemoveNew(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	db, err := Open(ctx, dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a", "b", "c"} {
		if _, err := db.Add(ctx, header(t, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Remove(ctx, 2); err != nil {
		t.Fatal(err)
	}
	if err := db.Remove(ctx, 2); err == nil {
		t.Error("a package was removed twice")
	}
	if err := db.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	everything(t, filepath.Join(dir, FileName))
	list, err := List(ctx, dir)
	if err != nil || len(list) != 2 || list[1].Num != 3 {
		t.Errorf("%+v, %v", list, err)
	}
	if _, err := os.Stat(filepath.Join(dir, FileName)); err != nil {
		t.Error(err)
	}
}
