package vmdk

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math/bits"
	"regexp"
	"slices"
	"strings"

	"github.com/klauspost/compress/zlib"

	"github.com/fimg/fimg/formats/disk"
)

// ReadHeader reads and checks the header of an image in a file of size bytes; of
// a stream-optimized image it is that of the footer, which knows the directory.
func ReadHeader(r io.ReaderAt, size int64) (Header, error) {
	h, err := headerAt(r, 0)
	if err != nil {
		return h, err
	}
	if h.GD == gdAtEnd {
		// Behind the header in the footer comes the end-of-stream marker.
		if h, err = headerAt(r, size-2*sector); err != nil {
			return h, err
		}
	}
	return h, h.check(size)
}

func headerAt(r io.ReaderAt, at int64) (h Header, err error) {
	raw := make([]byte, sector)
	if at < 0 {
		return h, disk.Corrupt("vmdk", "no footer")
	}
	if _, err := r.ReadAt(raw, at); err != nil {
		return h, disk.Corrupt("vmdk", "no header: %v", err)
	}
	if _, err := binary.Decode(raw, binary.LittleEndian, &h); err != nil || h.Magic != magic {
		return h, disk.Corrupt("vmdk", "no header at %d", at)
	}
	return h, nil
}

func (h Header) check(size int64) error {
	switch {
	case h.Version < 1 || h.Version > 3:
		return disk.Corrupt("vmdk", "version %d", h.Version)
	case h.Capacity > disk.MaxSize/sector:
		return disk.Corrupt("vmdk", "a disk of %d sectors", h.Capacity)
	case bits.OnesCount64(h.GrainSize) != 1 || h.GrainSize < 8 || h.GrainSize > 2048:
		return disk.Corrupt("vmdk", "grains of %d sectors", h.GrainSize)
	case h.GTEsPerGT == 0 || h.GTEsPerGT > 4096:
		return disk.Corrupt("vmdk", "grain tables of %d entries", h.GTEsPerGT)
	case h.compressed() && h.CompressAlgorithm != algorithmDeflate:
		return disk.Corrupt("vmdk", "compression %d", h.CompressAlgorithm)
	}
	tables := ceil(ceil(int64(h.Capacity), int64(h.GrainSize)), int64(h.GTEsPerGT))
	if h.GD > uint64(size/sector) || tables*4 > size-int64(h.GD)*sector {
		return disk.Corrupt("vmdk", "grain directory at sector %d", h.GD)
	}
	return nil
}

func (h Header) compressed() bool { return h.Flags&flagCompressed != 0 }

var extentLine = regexp.MustCompile(`(?m)^\s*(RW|RDONLY|NOACCESS)\s+(\d+)\s+(\S+)(.*)$`)

// checkDescriptor checks the text that describes a disk: one sparse extent, in the
// file itself, without a parent.
func checkDescriptor(text string) error {
	if m := regexp.MustCompile(`(?m)^\s*parentCID\s*=\s*(\w+)`).FindStringSubmatch(text); m != nil && !strings.EqualFold(m[1], "ffffffff") {
		return &disk.ReferenceError{Format: "vmdk", What: "parent"}
	}
	if strings.Contains(text, "parentFileNameHint") {
		return &disk.ReferenceError{Format: "vmdk", What: "parent"}
	}
	extents := extentLine.FindAllStringSubmatch(text, -1)
	if len(extents) != 1 || extents[0][3] != "SPARSE" || strings.Contains(extents[0][4], "/") {
		return &disk.ReferenceError{Format: "vmdk", What: "data file"}
	}
	return nil
}

// Open reads an image from a file of size bytes. All tables are read first:
// every grain lies in the file, and none is used twice.
func Open(r io.ReaderAt, size int64) (disk.Source, error) {
	h, err := ReadHeader(r, size)
	if err != nil {
		return nil, err
	}
	first, err := headerAt(r, 0)
	if err != nil {
		return nil, err
	}
	if err := descriptorOf(r, first, size); err != nil {
		return nil, err
	}
	m := &image{Header: h, r: r, size: size}
	if err := m.load(); err != nil {
		return nil, err
	}
	return disk.Blocks(m, int64(h.Capacity)*sector, m.grain()), nil
}

func descriptorOf(r io.ReaderAt, h Header, size int64) error {
	if h.DescriptorOffset == 0 || h.DescriptorSize == 0 || h.DescriptorSize > 2048 || h.DescriptorOffset > uint64(size/sector) {
		return disk.Corrupt("vmdk", "descriptor of %d sectors at sector %d", h.DescriptorSize, h.DescriptorOffset)
	}
	raw := make([]byte, h.DescriptorSize*sector)
	if _, err := r.ReadAt(raw, int64(h.DescriptorOffset)*sector); err != nil {
		return disk.Corrupt("vmdk", "descriptor: %v", err)
	}
	text, _, _ := bytes.Cut(raw, []byte{0})
	return checkDescriptor(string(text))
}

// image is an open image.
type image struct {
	Header
	r      io.ReaderAt
	size   int64
	grains []uint32 // sector of each grain; 0 and 1 mean zeros
}

func (m *image) grain() int64 { return int64(m.GrainSize) * sector }

// maxGrains bounds the memory for tables: 256 MiB, 4 TiB in grains of 64 KiB.
const maxGrains = 64 << 20

func (m *image) load() error {
	count := ceil(int64(m.Capacity), int64(m.GrainSize))
	if count > maxGrains {
		return disk.Corrupt("vmdk", "%d grains are too many", count)
	}
	directory, err := m.table(m.GD, ceil(count, int64(m.GTEsPerGT)))
	if err != nil {
		return err
	}
	m.grains = make([]uint32, count)
	used := []disk.Range{{Offset: 0, Length: sector}, {Offset: int64(m.GD) * sector, Length: int64(len(directory)) * 4},
		{Offset: int64(m.DescriptorOffset) * sector, Length: int64(m.DescriptorSize) * sector}}
	for i, at := range directory {
		if at == 0 {
			continue
		}
		first := int64(i) * int64(m.GTEsPerGT)
		table, err := m.table(uint64(at), int64(m.GTEsPerGT))
		if err != nil {
			return err
		}
		used = append(used, disk.Range{Offset: int64(at) * sector, Length: int64(m.GTEsPerGT) * 4})
		copy(m.grains[first:], table)
	}
	for _, at := range m.grains {
		if at > 1 {
			used = append(used, disk.Range{Offset: int64(at) * sector, Length: m.stored()})
		}
	}
	return m.apart(used)
}

// stored is the least room a grain takes in the file.
func (m *image) stored() int64 {
	if m.compressed() {
		return sector
	}
	return m.grain()
}

// table reads entries of 32 bits at a sector.
func (m *image) table(at uint64, entries int64) ([]uint32, error) {
	if at > uint64(m.size/sector) || entries*4 > m.size-int64(at)*sector {
		return nil, disk.Corrupt("vmdk", "table at sector %d lies outside the file", at)
	}
	raw := make([]byte, entries*4)
	if _, err := m.r.ReadAt(raw, int64(at)*sector); err != nil {
		return nil, disk.Corrupt("vmdk", "table at sector %d: %v", at, err)
	}
	table := make([]uint32, entries)
	if _, err := binary.Decode(raw, binary.LittleEndian, table); err != nil {
		return nil, fmt.Errorf("read vmdk image: %w", err)
	}
	return table, nil
}

func (m *image) apart(used []disk.Range) error {
	slices.SortFunc(used, func(a, b disk.Range) int { return int(min(max(a.Offset-b.Offset, -1), 1)) })
	end := int64(0)
	for _, u := range used {
		if u.Offset < end {
			return disk.Corrupt("vmdk", "grain at sector %d overlaps another part of the image", u.Offset/sector)
		}
		// The last grain of a file may be cut short.
		if end = u.Offset + u.Length; u.Offset+sector > m.size {
			return disk.Corrupt("vmdk", "grain at sector %d lies outside the file", u.Offset/sector)
		}
	}
	return nil
}

// Next implements disk.Mapper.
func (m *image) Next(index int64) (int64, error) {
	for i := index; i < int64(len(m.grains)); i++ {
		if m.grains[i] > 1 {
			return i, nil
		}
	}
	return -1, nil
}

// Block implements disk.Mapper.
func (m *image) Block(index int64, buf []byte) (bool, error) {
	at := int64(m.grains[index]) * sector
	if at <= sector {
		return true, nil
	}
	if m.compressed() {
		return false, m.unpack(index, at, buf)
	}
	n, err := m.r.ReadAt(buf, at)
	if err == io.EOF && n > 0 {
		clear(buf[n:])
		err = nil
	}
	if err != nil {
		return false, disk.Corrupt("vmdk", "grain at sector %d: %v", at/sector, err)
	}
	return false, nil
}

// unpack reads a compressed grain: its marker, then a zlib stream.
func (m *image) unpack(index, at int64, buf []byte) error {
	var head [12]byte
	if _, err := m.r.ReadAt(head[:], at); err != nil {
		return disk.Corrupt("vmdk", "grain at sector %d: %v", at/sector, err)
	}
	lba, size := binary.LittleEndian.Uint64(head[:]), int64(binary.LittleEndian.Uint32(head[8:]))
	if lba != uint64(index)*m.GrainSize || size > 2*m.grain() || size > m.size-at-12 {
		return disk.Corrupt("vmdk", "marker of the grain at sector %d", at/sector)
	}
	z, err := zlib.NewReader(io.NewSectionReader(m.r, at+12, size))
	if err == nil {
		_, err = io.ReadFull(z, buf)
	}
	if err != nil {
		return disk.Corrupt("vmdk", "grain at sector %d: %v", at/sector, err)
	}
	return nil
}
