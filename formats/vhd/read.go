package vhd

import (
	"encoding/binary"
	"io"
	"math/bits"
	"slices"

	"github.com/fimg/fimg/formats/disk"
)

// ReadFooter reads and checks the footer of an image in a file of size bytes.
func ReadFooter(r io.ReaderAt, size int64) (Footer, error) {
	var f Footer
	raw := make([]byte, sector)
	if size < sector {
		return f, disk.Corrupt("vhd", "a file of %d bytes", size)
	}
	if _, err := r.ReadAt(raw, size-sector); err != nil {
		return f, disk.Corrupt("vhd", "footer: %v", err)
	}
	if _, err := binary.Decode(raw, binary.BigEndian, &f); err != nil || string(f.Cookie[:]) != cookie {
		return f, disk.Corrupt("vhd", "no footer")
	}
	if !sealed(raw, footerChecksum, f.Checksum) {
		return f, disk.Corrupt("vhd", "checksum of the footer")
	}
	switch {
	case f.Version>>16 != version>>16:
		return f, disk.Corrupt("vhd", "version %#x", f.Version)
	case f.CurrentSize > maxSize || f.CurrentSize%sector != 0:
		return f, disk.Corrupt("vhd", "a disk of %d bytes", f.CurrentSize)
	case f.Type == typeFixed || f.Type == typeDynamic:
		return f, nil
	case f.Type == 4:
		return f, &disk.ReferenceError{Format: "vhd", What: "parent"}
	}
	return f, disk.Corrupt("vhd", "type %d", f.Type)
}

// Fixed tells whether the image is the disk itself, followed by the footer.
func (f Footer) Fixed() bool { return f.Type == typeFixed }

// sealed checks the checksum that seal made.
func sealed(raw []byte, at int, want uint32) bool {
	raw = slices.Clone(raw)
	binary.BigEndian.PutUint32(raw[at:], 0)
	return checksum(raw) == want
}

// Open reads an image from a file of size bytes. Every block must lie in the
// file and none may overlap another.
func Open(r io.ReaderAt, size int64) (disk.Source, error) {
	f, err := ReadFooter(r, size)
	if err != nil {
		return nil, err
	}
	if f.Type == typeFixed {
		if int64(f.CurrentSize) > size-sector {
			return nil, disk.Corrupt("vhd", "a disk of %d bytes in a file of %d", f.CurrentSize, size)
		}
		return &fixed{io.NewSectionReader(r, 0, int64(f.CurrentSize)), r}, nil
	}
	m := &dynamic{r: r, file: size}
	if err := m.load(f); err != nil {
		return nil, err
	}
	return disk.Blocks(m, int64(f.CurrentSize), m.block), nil
}

// fixed is a fixed image: the disk itself, with what holes the file has.
type fixed struct {
	*io.SectionReader
	file io.ReaderAt
}

func (f *fixed) Data() ([]disk.Range, error) {
	src, ok := f.file.(interface{ Data() ([]disk.Range, error) })
	if !ok {
		return disk.Whole(f.Size()), nil
	}
	data, err := src.Data()
	var out []disk.Range
	for _, d := range data {
		if d.Length = min(d.Length, f.Size()-d.Offset); d.Length > 0 {
			out = append(out, d)
		}
	}
	return out, err
}

// dynamic is a dynamic image.
type dynamic struct {
	r      io.ReaderAt
	file   int64
	block  int64
	bitmap int64 // size of the bitmap in front of each block
	table  []uint32
}

func (m *dynamic) load(f Footer) error {
	raw := make([]byte, 1024)
	if f.DataOffset > uint64(m.file) || m.file-int64(f.DataOffset) < int64(len(raw)) {
		return disk.Corrupt("vhd", "dynamic header at %d", f.DataOffset)
	}
	if _, err := m.r.ReadAt(raw, int64(f.DataOffset)); err != nil {
		return disk.Corrupt("vhd", "dynamic header: %v", err)
	}
	var h DynamicHeader
	if _, err := binary.Decode(raw, binary.BigEndian, &h); err != nil || string(h.Cookie[:]) != dynamicCookie {
		return disk.Corrupt("vhd", "no dynamic header")
	}
	if !sealed(raw, headerChecksum, h.Checksum) {
		return disk.Corrupt("vhd", "checksum of the dynamic header")
	}
	m.block = int64(h.BlockSize)
	if bits.OnesCount32(h.BlockSize) != 1 || h.BlockSize < 4096 || h.BlockSize > 256<<20 {
		return disk.Corrupt("vhd", "blocks of %d bytes", h.BlockSize)
	}
	m.bitmap = (m.block/sector/8 + sector - 1) &^ (sector - 1)
	need := (int64(f.CurrentSize) + m.block - 1) / m.block
	if int64(h.Entries) < need {
		return disk.Corrupt("vhd", "%d blocks for a disk of %d bytes", h.Entries, f.CurrentSize)
	}
	return m.loadTable(h.TableOffset, need, f.DataOffset)
}

func (m *dynamic) loadTable(at uint64, entries int64, header uint64) error {
	if at > uint64(m.file) || entries*4 > m.file-int64(at) {
		return disk.Corrupt("vhd", "block table at %d", at)
	}
	raw := make([]byte, entries*4)
	if _, err := m.r.ReadAt(raw, int64(at)); err != nil {
		return disk.Corrupt("vhd", "block table: %v", err)
	}
	m.table = make([]uint32, entries)
	used := []disk.Range{{Offset: 0, Length: sector}, {Offset: int64(header), Length: 1024}, {Offset: int64(at), Length: int64(len(raw))}}
	for i := range m.table {
		e := binary.BigEndian.Uint32(raw[4*i:])
		if m.table[i] = e; e != unused {
			used = append(used, disk.Range{Offset: int64(e) * sector, Length: m.bitmap + m.block})
		}
	}
	return m.apart(used)
}

// apart checks that the parts of the file lie in it and do not overlap.
func (m *dynamic) apart(used []disk.Range) error {
	slices.SortFunc(used, func(a, b disk.Range) int { return int(min(max(a.Offset-b.Offset, -1), 1)) })
	end := int64(0)
	for _, u := range used {
		if u.Offset < end {
			return disk.Corrupt("vhd", "block at %d overlaps another part of the image", u.Offset)
		}
		if end = u.Offset + u.Length; end > m.file {
			return disk.Corrupt("vhd", "block at %d lies outside the file", u.Offset)
		}
	}
	return nil
}

// Next implements disk.Mapper.
func (m *dynamic) Next(index int64) (int64, error) {
	for i := index; i < int64(len(m.table)); i++ {
		if m.table[i] != unused {
			return i, nil
		}
	}
	return -1, nil
}

// Block implements disk.Mapper.
func (m *dynamic) Block(index int64, buf []byte) (bool, error) {
	e := m.table[index]
	if e == unused {
		return true, nil
	}
	if _, err := m.r.ReadAt(buf, int64(e)*sector+m.bitmap); err != nil {
		return false, disk.Corrupt("vhd", "block %d: %v", index, err)
	}
	return false, nil
}
