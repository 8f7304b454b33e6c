package rpmdb

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/fimg/fimg/repo/rpm"
)

// image is a database that is not written yet, where there was none before.
type image struct {
	packages []stored
	tables   [len(indexes)][]indexed
	orders   [len(indexes)][]int32 // of the keys, once sorted
}

// stored is a row of the table of packages.
type stored struct {
	num  int64
	blob []byte
}

// indexed is a row of another table; rows are numbered from one as they come.
type indexed struct {
	key     any // string or []byte
	num, at int64
}

// add adds a package.
func (m *image) add(num int64, h *rpm.Header, bigEndian bool) {
	m.packages = append(m.packages, stored{num, h.Blob()})
	m.orders = [len(indexes)][]int32{}
	for i := range indexes {
		for _, r := range indexes[i].rows(h, bigEndian) {
			m.tables[i] = append(m.tables[i], indexed{r.key, num, int64(r.at)})
		}
	}
}

// remove removes a package.
func (m *image) remove(num int64) error {
	i, err := m.find(num)
	if err != nil {
		return err
	}
	m.packages = slices.Delete(m.packages, i, i+1)
	m.orders = [len(indexes)][]int32{}
	for i := range m.tables {
		m.tables[i] = slices.DeleteFunc(m.tables[i], func(r indexed) bool { return r.num == num })
	}
	return nil
}

// rewrite replaces the header of a package.
func (m *image) rewrite(num int64, h *rpm.Header) error {
	i, err := m.find(num)
	if err == nil {
		m.packages[i].blob = h.Blob()
	}
	return err
}

func (m *image) find(num int64) (int, error) {
	i := slices.IndexFunc(m.packages, func(s stored) bool { return s.num == num })
	if i < 0 {
		return 0, errors.New("it is not there")
	}
	return i, nil
}

// sort finds the order of the keys of every table.
func (m *image) sort() {
	for i, rows := range m.tables {
		if len(m.orders[i]) != len(rows) {
			m.orders[i] = sorted(rows)
		}
	}
}

// cookie is that of a database (cookie in cookie.go).
func (m *image) cookie(o Options) string {
	rows := m.tables[0]
	order := binary.ByteOrder(binary.LittleEndian)
	if o.BigEndian {
		order = binary.BigEndian
	}
	sum := sha256.New()
	last := ""
	for _, i := range sorted(rows) {
		if name := rows[i].key.(string); name != last {
			sum.Write([]byte(name))
			last = name
		}
		var b [4]byte
		order.PutUint32(b[:], uint32(rows[i].num))
		sum.Write(b[:])
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// sorted returns the positions of rows in the order of their keys.
func sorted(rows []indexed) []int32 {
	order := make([]int32, len(rows))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(i, j int32) int {
		return cmp.Or(compareKeys(rows[i].key, rows[j].key), cmp.Compare(i, j))
	})
	return order
}

func compareKeys(a, b any) int {
	if a, ok := a.(string); ok {
		return strings.Compare(a, b.(string))
	}
	return bytes.Compare(a.([]byte), b.([]byte))
}

// schema is a row of the table of everything (2.6).
type schema struct {
	kind, name, table, sql string
	root                   uint32
}

// imageWriter writes an image.
type imageWriter struct {
	*pages
	schema []schema
}

// write writes the database into an empty file.
func (m *image) write(f *os.File, last int64) error {
	p, err := newPages(f)
	if err != nil {
		return err
	}
	w := &imageWriter{pages: p}
	if err := w.packages(m.packages, last); err != nil {
		return err
	}
	for i, rows := range m.tables {
		if err := w.table(&indexes[i], rows); err != nil {
			return err
		}
	}
	m.sort()
	for i, rows := range m.tables {
		if err := w.indexes(&indexes[i], rows, m.orders[i]); err != nil {
			return err
		}
	}
	return w.finish()
}

// tree writes a tree of entries that f inserts and notes its root.
func (w *imageWriter) tree(s schema, f func(*tree) error) error {
	t := &tree{pages: w.pages, table: s.kind == "table"}
	if err := f(t); err != nil {
		return err
	}
	root, err := t.finish(0)
	if err == nil {
		s.root, err = w.add(root)
	}
	w.schema = append(w.schema, s)
	return err
}

func (w *imageWriter) packages(list []stored, last int64) error {
	err := w.tree(schema{kind: "table", name: "Packages", table: "Packages", sql: createPackages}, func(t *tree) error {
		for _, s := range list {
			if err := t.insert(s.num, record(nil, s.blob)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return w.tree(schema{kind: "table", name: "sqlite_sequence", table: "sqlite_sequence", sql: "CREATE TABLE sqlite_sequence(name,seq)"},
		func(t *tree) error {
			if last == 0 {
				return nil
			}
			return t.insert(1, record("Packages", last))
		})
}

func (w *imageWriter) table(x *index, rows []indexed) error {
	return w.tree(schema{kind: "table", name: x.name, table: x.name, sql: x.createTable()}, func(t *tree) error {
		for i, r := range rows {
			if err := t.insert(int64(i+1), record(r.key, r.num, r.at)); err != nil {
				return err
			}
		}
		return nil
	})
}

// indexes writes the SQL indexes of a table, whose keys have that order.
func (w *imageWriter) indexes(x *index, rows []indexed, order []int32) error {
	for _, column := range x.columns() {
		name := x.name + "_" + column + "_idx"
		err := w.tree(schema{kind: "index", name: name, table: x.name, sql: x.createIndex(column)}, func(t *tree) error {
			if column == "hnum" { // they came in this order
				for i, r := range rows {
					if err := t.insert(0, record(r.num, int64(i+1))); err != nil {
						return err
					}
				}
				return nil
			}
			for _, i := range order {
				if err := t.insert(0, record(rows[i].key, int64(i+1))); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// fileHead is the beginning of the file (1.3), big-endian.
type fileHead struct {
	Magic                           [16]byte
	PageSize                        uint16
	WriteVersion, ReadVersion       uint8
	Reserved                        uint8
	MaxFraction, MinFraction, Leaf  uint8
	Changes, Pages, Free, FreeCount uint32
	SchemaCookie, SchemaFormat      uint32
	CacheSize, LargestRoot          uint32
	Encoding, UserVersion           uint32
	Incremental, Application        uint32
	_                               [20]byte
	ValidFor, Version               uint32
}

// finish writes the schema, whose root is page 1, and the header before it.
func (w *imageWriter) finish() error {
	t := &tree{pages: w.pages, table: true}
	for i, s := range w.schema {
		if err := t.insert(int64(i+1), record(s.kind, s.name, s.table, int64(s.root), s.sql)); err != nil {
			return err
		}
	}
	root, err := t.finish(fileHeader)
	if err != nil {
		return err
	}
	h := fileHead{
		PageSize: pageSize, WriteVersion: 1, ReadVersion: 1, MaxFraction: 64, MinFraction: 32, Leaf: 32,
		Changes: 1, Pages: w.last, SchemaCookie: uint32(len(w.schema)), SchemaFormat: 4, Encoding: 1, ValidFor: 1,
		Version: 3040001, // of the SQLite that is said to have written it
	}
	copy(h.Magic[:], "SQLite format 3\x00")
	if _, err := binary.Encode(root, binary.BigEndian, h); err != nil {
		return err
	}
	if err := w.out.Flush(); err != nil {
		return err
	}
	if _, err := w.file.WriteAt(root, 0); err != nil {
		return fmt.Errorf("write first page: %w", err)
	}
	return nil
}
