package rpmdb

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"os"
)

// A new database is written without SQLite, bottom up and in one pass: every page
// of a tree is full and is written once. What follows is the part of "Database File
// Format" (sqlite.org/fileformat2.html) for that.

const (
	pageSize   = 4096
	fileHeader = 100 // before the content of page 1

	// Types of pages (1.6).
	indexInterior = 2
	tableInterior = 5
	indexLeaf     = 10
	tableLeaf     = 13

	// Lengths of payload in a cell (1.6): the least when the rest is in overflow
	// pages, and the most, of tables and of indexes.
	minLocal      = (pageSize-12)*32/255 - 23
	maxLocalTable = pageSize - 35
	maxLocalIndex = (pageSize-12)*64/255 - 23
)

// pages writes the pages of a database one after the other, page 1 last.
type pages struct {
	file *os.File
	out  *bufio.Writer
	last uint32 // number of the page written last
}

func newPages(f *os.File) (*pages, error) {
	if _, err := f.Seek(pageSize, io.SeekStart); err != nil {
		return nil, err
	}
	return &pages{file: f, out: bufio.NewWriterSize(f, 256<<10), last: 1}, nil
}

// add writes a page and returns its number.
func (p *pages) add(page []byte) (uint32, error) {
	p.last++
	_, err := p.out.Write(page)
	return p.last, err
}

// spill writes the end of a payload into overflow pages and returns the first.
func (p *pages) spill(data []byte) (uint32, error) {
	first := p.last + 1
	var page [pageSize]byte
	for len(data) > 0 {
		n := copy(page[4:], data)
		data = data[n:]
		clear(page[4+n:])
		next := uint32(0)
		if len(data) > 0 {
			next = p.last + 2
		}
		binary.BigEndian.PutUint32(page[:], next)
		if _, err := p.add(page[:]); err != nil {
			return 0, err
		}
	}
	return first, nil
}

// local returns how much of a payload is in its cell.
func local(size, most int) int {
	if size <= most {
		return size
	}
	if k := minLocal + (size-minLocal)%(pageSize-4); k <= most {
		return k
	}
	return minLocal
}

// cell makes the cell of a leaf: length, row number in tables, payload.
func (p *pages) cell(table bool, row int64, payload []byte) ([]byte, error) {
	most := maxLocalIndex
	b := appendVarint(nil, uint64(len(payload)))
	if table {
		most = maxLocalTable
		b = appendVarint(b, uint64(row))
	}
	n := local(len(payload), most)
	b = append(b, payload[:n]...)
	if n == len(payload) {
		return b, nil
	}
	first, err := p.spill(payload[n:])
	return binary.BigEndian.AppendUint32(b, first), err
}

// node is a page that is being filled.
type node struct {
	cells [][]byte
	size  int
}

func (n *node) add(cell []byte) {
	n.cells = append(n.cells, cell)
	n.size += len(cell) + 2
}

// bytes lays out a page: right is the last child of an interior one. The first
// bytes up to offset are left.
func (n *node) bytes(kind byte, right uint32, offset int) []byte {
	page := make([]byte, pageSize)
	head := page[offset:]
	head[0] = kind
	binary.BigEndian.PutUint16(head[3:], uint16(len(n.cells)))
	at := 8
	if right != 0 {
		binary.BigEndian.PutUint32(head[8:], right)
		at = 12
	}
	end := pageSize
	for _, c := range n.cells {
		end -= len(c)
		copy(page[end:], c)
		binary.BigEndian.PutUint16(head[at:], uint16(end))
		at += 2
	}
	binary.BigEndian.PutUint16(head[5:], uint16(end)) // 4096 at most
	return page
}

// level is one level of a tree: the finished pages, and between each and the next
// what the level above has to say: the row number of the last cell in tables, a
// whole cell in indexes.
type level struct {
	pages []uint32
	seps  [][]byte
}

// tree writes a tree whose entries come in order.
type tree struct {
	*pages
	table bool
	leaf  node
	rows  []byte // row number of the last cell, in tables
	level
}

// insert adds an entry.
func (t *tree) insert(row int64, payload []byte) error {
	cell, err := t.cell(t.table, row, payload)
	if err != nil {
		return err
	}
	if 8+t.leaf.size+len(cell)+2 > pageSize {
		return t.overflow(row, cell)
	}
	t.push(row, cell)
	return nil
}

func (t *tree) push(row int64, cell []byte) {
	t.leaf.add(cell)
	if t.table {
		t.rows = appendVarint(t.rows[:0], uint64(row))
	}
}

// overflow ends a leaf. In an index the last cell of it goes up.
func (t *tree) overflow(row int64, cell []byte) error {
	var sep []byte
	if t.table {
		sep = append(sep, t.rows...)
	} else {
		n := len(t.leaf.cells) - 1
		sep = t.leaf.cells[n]
		t.leaf.cells = t.leaf.cells[:n]
	}
	kind := byte(indexLeaf)
	if t.table {
		kind = tableLeaf
	}
	num, err := t.add(t.leaf.bytes(kind, 0, 0))
	t.level.pages, t.seps = append(t.level.pages, num), append(t.seps, sep)
	t.leaf = node{}
	t.push(row, cell)
	return err
}

// finish writes what is left and returns the root page, which is the caller's to
// write, with room for so many bytes at its beginning.
func (t *tree) finish(offset int) (root []byte, err error) {
	leaf, interior := byte(indexLeaf), byte(indexInterior)
	if t.table {
		leaf, interior = tableLeaf, tableInterior
	}
	if len(t.level.pages) == 0 && offset+8+t.leaf.size <= pageSize {
		return t.leaf.bytes(leaf, 0, offset), nil
	}
	num, err := t.add(t.leaf.bytes(leaf, 0, 0))
	if err != nil {
		return nil, err
	}
	l := level{append(t.level.pages, num), t.seps}
	for {
		nodes, up := l.split(offset)
		if len(nodes) == 1 {
			return nodes[0].bytes(interior, l.pages[len(l.pages)-1], offset), nil
		}
		above := level{seps: up}
		at := 0
		for _, n := range nodes {
			at += len(n.cells)
			num, err := t.add(n.bytes(interior, l.pages[at], 0))
			if err != nil {
				return nil, err
			}
			at++
			above.pages = append(above.pages, num)
		}
		l = above
	}
}

// split distributes the pages of a level over interior pages. Each has its last
// page as right child, and what separates that from the next goes up.
func (l *level) split(offset int) (nodes []node, up [][]byte) {
	var n node
	last := len(l.seps) - 1
	for i, sep := range l.seps {
		cell := append(binary.BigEndian.AppendUint32(nil, l.pages[i]), sep...)
		size := offset + 12 + n.size + len(cell) + 2
		if i == last-1 { // the last page needs a cell too
			size += 4 + len(l.seps[last]) + 2
		}
		if len(n.cells) > 0 && size > pageSize {
			nodes, up = append(nodes, n), append(up, sep)
			n = node{}
			continue
		}
		n.add(cell)
	}
	return append(nodes, n), up
}

// appendVarint appends a number of one to nine bytes, big-endian (1.6).
func appendVarint(b []byte, v uint64) []byte {
	if v>>56 != 0 {
		for shift := 57; shift >= 8; shift -= 7 {
			b = append(b, byte(v>>shift)|0x80)
		}
		return append(b, byte(v))
	}
	shift := 0
	for v>>(shift+7) != 0 {
		shift += 7
	}
	for ; shift > 0; shift -= 7 {
		b = append(b, byte(v>>shift)|0x80)
	}
	return append(b, byte(v)&0x7f)
}

// record makes the payload of a row (2.1): nil, integers, text and bytes.
func record(values ...any) []byte {
	var types, body []byte
	for _, v := range values {
		switch v := v.(type) {
		case nil:
			types = append(types, 0)
		case int64:
			kind, n := integer(v)
			types = append(types, kind)
			for i := n - 1; i >= 0; i-- {
				body = append(body, byte(v>>(8*i)))
			}
		case string:
			types = appendVarint(types, uint64(len(v))*2+13)
			body = append(body, v...)
		case []byte:
			types = appendVarint(types, uint64(len(v))*2+12)
			body = append(body, v...)
		default:
			panic(fmt.Sprintf("a column of type %T", v)) // a defect of this package
		}
	}
	size := len(types) + 1
	if size > 127 {
		size++
	}
	return append(append(appendVarint(nil, uint64(size)), types...), body...)
}

// integer returns the type of a number and its length.
func integer(v int64) (kind byte, size int) {
	switch {
	case v == 0 || v == 1:
		return 8 + byte(v), 0
	case int64(int8(v)) == v:
		return 1, 1
	case int64(int16(v)) == v:
		return 2, 2
	case v >= -1<<23 && v < 1<<23:
		return 3, 3
	case int64(int32(v)) == v:
		return 4, 4
	case v >= -1<<47 && v < 1<<47:
		return 5, 6
	}
	return 6, 8
}
