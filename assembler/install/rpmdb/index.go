package rpmdb

import (
	"context"
	"slices"
	"strings"

	"github.com/fimg/fimg/repo/rpm"
)

// index is one table besides that of the packages.
type index struct {
	name   string
	tag    rpm.Tag
	text   bool    // keys are text, with an SQL index; else blobs
	array  bool    // SQL index on the package number too
	number rpm.Tag // has the number to store in place of the position
}

// indexes lists the tables in rpm's order (rpmdb.c, dbiTags).
var indexes = [...]index{
	{"Name", rpm.TagName, true, false, 0},
	{"Basenames", rpm.TagBasenames, true, true, 0},
	{"Group", rpm.TagGroup, true, false, 0},
	{"Requirename", rpm.TagRequireName, true, true, 0},
	{"Providename", rpm.TagProvideName, true, true, 0},
	{"Conflictname", rpm.TagConflictName, true, true, 0},
	{"Obsoletename", rpm.TagObsoleteName, true, true, 0},
	{"Triggername", rpm.TagTriggerName, true, true, 0},
	{"Dirnames", rpm.TagDirNames, true, true, 0},
	{"Installtid", rpm.TagInstallTID, false, false, 0},
	{"Sigmd5", rpm.TagSigMD5, false, false, 0},
	{"Sha1header", rpm.TagSHA1Header, true, false, 0},
	{"Filetriggername", rpm.TagFileTrigName, true, true, rpm.TagFileTrigIndex},
	{"Transfiletriggername", rpm.TagTransTrigName, true, true, rpm.TagTransTrigIndex},
	{"Recommendname", rpm.TagRecommendName, true, true, 0},
	{"Suggestname", rpm.TagSuggestName, true, true, 0},
	{"Supplementname", rpm.TagSupplementName, true, true, 0},
	{"Enhancename", rpm.TagEnhanceName, true, true, 0},
}

// row is what an index says of one package: a key, a string or bytes, and the
// position of the key in the tag.
type row struct {
	key any
	at  int
}

// rows returns the rows of a package in rpm's order.
func (x *index) rows(h *rpm.Header, bigEndian bool) []row {
	if !x.text {
		return x.blobRows(h, bigEndian)
	}
	if x.tag == rpm.TagGroup {
		if !h.Has(x.tag) {
			return []row{{"Unknown", 0}}
		}
		return []row{{h.String(x.tag), 0}}
	}
	rows := make([]row, 0, h.Count(x.tag))
	flags := h.Numbers(rpm.TagRequireFlags)
	numbers := h.Numbers(x.number)
	seen := make(map[string]bool)
	for i, name := range h.All(x.tag) {
		switch x.tag {
		case rpm.TagRequireName:
			if rpm.Sense(flags.At(i)).Transient() {
				continue
			}
		case rpm.TagTriggerName:
			if seen[name] {
				continue
			}
			seen[name] = true
		}
		at := i
		if x.number != 0 {
			at = int(numbers.At(i))
		}
		rows = append(rows, row{name, at})
		if strings.HasPrefix(name, "(") && x.rich() {
			for _, n := range richNames(name) {
				rows = append(rows, row{n, at})
			}
		}
	}
	return rows
}

// rich reports whether the names inside a rich dependency are indexed as well.
func (x *index) rich() bool {
	switch x.tag {
	case rpm.TagRequireName, rpm.TagConflictName, rpm.TagSuggestName,
		rpm.TagSupplementName, rpm.TagRecommendName, rpm.TagEnhanceName:
		return true
	}
	return false
}

// blobRows returns the rows of a table with binary keys.
func (x *index) blobRows(h *rpm.Header, bigEndian bool) []row {
	data := h.Bytes(x.tag)
	if len(data) == 0 {
		return nil
	}
	if x.tag == rpm.TagSigMD5 {
		return []row{{data, 0}}
	}
	var rows []row
	for i := 0; i+4 <= len(data); i += 4 {
		key := slices.Clone(data[i : i+4])
		if !bigEndian {
			slices.Reverse(key)
		}
		rows = append(rows, row{key, i / 4})
	}
	return rows
}

// createPackages is the statement that makes the table of packages, in the words
// SQLite notes it down in.
const createPackages = "CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT,blob BLOB NOT NULL)"

// createTable makes the table.
func (x *index) createTable() string {
	typ := "BLOB"
	if x.text {
		typ = "TEXT"
	}
	return "CREATE TABLE '" + x.name + "' (key '" + typ + "' NOT NULL, " +
		"hnum INTEGER NOT NULL, idx INTEGER NOT NULL, FOREIGN KEY (hnum) REFERENCES 'Packages'(hnum))"
}

// columns are those with an SQL index.
func (x *index) columns() []string {
	var columns []string
	if x.text {
		columns = append(columns, "key")
	}
	if x.array {
		columns = append(columns, "hnum")
	}
	return columns
}

// createIndex makes the SQL index of a column.
func (x *index) createIndex(column string) string {
	return "CREATE INDEX '" + x.name + "_" + column + "_idx' ON '" + x.name + "'(" + column + " ASC)"
}

// createTables makes the tables and SQL indexes that are missing.
func (db *DB) createTables(ctx context.Context) error {
	statements := []string{createPackages}
	for i := range indexes {
		x := &indexes[i]
		statements = append(statements, x.createTable())
		for _, column := range x.columns() {
			statements = append(statements, x.createIndex(column))
		}
	}
	for _, s := range statements {
		for _, kind := range []string{"TABLE", "INDEX"} {
			s = strings.Replace(s, "CREATE "+kind, "CREATE "+kind+" IF NOT EXISTS", 1)
		}
		if _, err := db.tx.ExecContext(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

func (db *DB) prepareStatements(ctx context.Context) error {
	var err error
	if db.insertPackage, err = db.tx.PrepareContext(ctx, "INSERT INTO Packages VALUES(?,?)"); err != nil {
		return err
	}
	for _, x := range indexes {
		stmt, err := db.tx.PrepareContext(ctx, "INSERT INTO '"+x.name+"' VALUES(?,?,?)")
		if err != nil {
			return err
		}
		db.insertIndex = append(db.insertIndex, stmt)
	}
	return nil
}
