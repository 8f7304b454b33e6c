package xfs

import (
	"encoding/binary"
	"fmt"
	"io"
	"sort"

	"github.com/fimg/fimg/tree"
)

// maxExtents and maxLevels bound the map of one file.
const (
	maxExtents = 1 << 22
	maxLevels  = 10
)

// dataExtents are the extents of an inode's data.
func (fs *FS) dataExtents(i *diskInode) ([]extent, error) {
	count := uint64(i.Extents)
	if i.Flags2&flag2BigExtents != 0 {
		count = i.BigExtents
	}
	return fs.extents(i, i.Format, i.data, count)
}

// attrExtents are those of its attributes.
func (fs *FS) attrExtents(i *diskInode) ([]extent, error) {
	count := uint64(i.AttrExtents)
	if i.Flags2&flag2BigExtents != 0 {
		count = uint64(i.Extents)
	}
	return fs.extents(i, i.AttrFormat, i.attr, count)
}

// extents reads a list of extents or a tree of them. What was allocated and never
// written is left out.
func (fs *FS) extents(i *diskInode, format uint8, fork []byte, count uint64) (list []extent, err error) {
	m := &mapReader{fs: fs, inode: i.Number}
	switch {
	case format == formatList && count <= uint64(len(fork)/extentSize):
		err = m.records(fork[:count*extentSize])
	case format == formatTree && len(fork) >= 4:
		err = m.node(fork[4:], int(binary.BigEndian.Uint16(fork)), int(binary.BigEndian.Uint16(fork[2:])))
	default:
		err = damaged("inode %d: format %d with %d extents", i.Number, format, count)
	}
	return m.list, err
}

// mapReader reads the map of one fork.
type mapReader struct {
	fs    *FS
	inode uint64
	list  []extent
	next  uint64 // logical block behind the last extent
	nodes int
}

// node reads what the keys and pointers of a node of a level above zero lead to.
func (m *mapReader) node(raw []byte, level, count int) error {
	most := len(raw) / 16
	if level < 1 || level > maxLevels || count < 1 || count > most {
		return damaged("extent tree of inode %d", m.inode)
	}
	for n := range count {
		at := binary.BigEndian.Uint64(raw[8*(most+n):])
		if m.nodes++; m.nodes > maxExtents {
			return damaged("extent tree of inode %d is too large", m.inode)
		}
		below, err := m.fs.blocks(at, 1)
		if err != nil {
			return err
		}
		var h longNode
		_, _ = binary.Decode(below, binary.BigEndian, &h)
		if h.Magic != extentMagic || int(h.Level) != level-1 || h.Records == 0 || h.Inode != m.inode || !m.fs.sealed(below, longNodeChecksum) {
			return damaged("extent tree of inode %d at block %d", m.inode, at)
		}
		body := below[longNodeSize:]
		switch {
		case h.Level > 0:
			err = m.node(body, int(h.Level), int(h.Records))
		case int(h.Records)*extentSize > len(body):
			err = damaged("extents of inode %d", m.inode)
		default:
			err = m.records(body[:int(h.Records)*extentSize])
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// records reads struct xfs_bmbt_rec.
func (m *mapReader) records(raw []byte) error {
	for ; len(raw) > 0; raw = raw[extentSize:] {
		hi, lo := binary.BigEndian.Uint64(raw), binary.BigEndian.Uint64(raw[8:])
		e := extent{logical: hi << 1 >> 10, place: hi&(1<<9-1)<<43 | lo>>21, count: lo & maxExtent}
		if e.count == 0 || e.logical < m.next || len(m.list) >= maxExtents {
			return damaged("extents of inode %d", m.inode)
		}
		if _, err := m.fs.place(e.place, e.count); err != nil {
			return err
		}
		if m.next = e.logical + e.count; hi>>63 == 0 {
			m.list = append(m.list, e)
		}
	}
	return nil
}

// openFile is the content of a file.
type openFile struct {
	fs   *FS
	size int64
	list []extent
}

// Close implements tree.File.
func (f *openFile) Close() error { return nil }

// Data implements tree.File.
func (f *openFile) Data() (out []tree.Range, err error) {
	log := f.fs.super.BlockLog
	for _, e := range f.list {
		at := int64(e.logical) << log
		end := min(at+int64(e.count)<<log, f.size)
		if e.logical > uint64(f.size)>>log || at >= end {
			break
		}
		if n := len(out); n > 0 && out[n-1].Offset+out[n-1].Length == at {
			out[n-1].Length += end - at
			continue
		}
		out = append(out, tree.Range{Offset: at, Length: end - at})
	}
	return out, nil
}

// ReadAt implements tree.File.
func (f *openFile) ReadAt(p []byte, at int64) (n int, err error) {
	if at < 0 || at >= f.size {
		return 0, io.EOF
	}
	if int64(len(p)) > f.size-at {
		p, err = p[:f.size-at], io.EOF
	}
	clear(p)
	log := f.fs.super.BlockLog
	first, last := uint64(at)>>log, uint64(at+int64(len(p))-1)>>log
	from := sort.Search(len(f.list), func(k int) bool { return f.list[k].logical+f.list[k].count > first })
	for _, e := range f.list[from:] {
		if e.logical > last {
			break
		}
		begin := max(int64(e.logical)<<log, at)
		end := min(int64(e.logical+e.count)<<log, at+int64(len(p)))
		place, bad := f.fs.place(e.place, e.count)
		if bad != nil {
			return 0, bad
		}
		if _, bad := f.fs.r.ReadAt(p[begin-at:end-at], place+begin-int64(e.logical)<<log); bad != nil {
			return 0, fmt.Errorf("read xfs: content: %w", bad)
		}
	}
	return len(p), err
}
