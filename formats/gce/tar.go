package gce

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/fimg/fimg/formats/disk"
)

const (
	blockSize   = 512
	typeRegular = '0'
	typeSparse  = 'S'
)

// sparseEntry is one run of data in a sparse member (GNU tar manual, "Old GNU
// format").
type sparseEntry struct{ Offset, Length [12]byte }

// header is a member's header in the old GNU format (GNU tar manual, "Basic Tar
// Format", struct oldgnu_header).
type header struct {
	Name       [100]byte
	Mode       [8]byte
	UID, GID   [8]byte
	Size       [12]byte
	MTime      [12]byte
	Checksum   [8]byte
	Type       byte
	Link       [100]byte
	Magic      [8]byte
	User       [32]byte
	Group      [32]byte
	Devices    [16]byte
	ATime      [12]byte
	CTime      [12]byte
	Offset     [12]byte
	LongNames  [4]byte
	_          byte
	Sparse     [4]sparseEntry
	IsExtended byte
	RealSize   [12]byte
	_          [17]byte
}

// extension continues the sparse map.
type extension struct {
	Sparse     [21]sparseEntry
	IsExtended byte
	_          [7]byte
}

// number writes v in octal, or in base 256 where octal has no room.
func number(field []byte, v int64) {
	if v < 1<<(3*(len(field)-1)) {
		copy(field, fmt.Sprintf("%0*o\x00", len(field)-1, v))
		return
	}
	binary.BigEndian.PutUint64(field[len(field)-8:], uint64(v))
	field[0] |= 0x80
}

func newHeader(name string, kind byte, epoch int64) *header {
	h := &header{Type: kind}
	copy(h.Name[:], name)
	number(h.Mode[:], 0o644)
	number(h.UID[:], 0)
	number(h.GID[:], 0)
	number(h.MTime[:], epoch)
	copy(h.Magic[:], "ustar  \x00")
	copy(h.User[:], "root")
	copy(h.Group[:], "root")
	return h
}

func (h *header) setSize(n int64) { number(h.Size[:], n) }

// write fills in the checksum and writes the header.
func (h *header) write(w io.Writer) error {
	copy(h.Checksum[:], "        ")
	raw, err := binary.Append(nil, binary.BigEndian, h)
	if err != nil {
		return fmt.Errorf("encode tar header: %w", err)
	}
	sum := 0
	for _, b := range raw {
		sum += int(b)
	}
	copy(raw[148:], fmt.Sprintf("%06o\x00 ", sum))
	_, err = w.Write(raw)
	return err
}

// writeHeader writes the header of a sparse member and the rest of its map. As
// in GNU tar's own archives an empty run marks the end of the file.
func writeHeader(w io.Writer, name string, size, epoch int64, data []disk.Range) error {
	h := newHeader(name, typeSparse, epoch)
	var stored int64
	entries := make([]sparseEntry, 0, len(data)+1)
	for _, d := range append(data[:len(data):len(data)], disk.Range{Offset: size}) {
		var e sparseEntry
		number(e.Offset[:], d.Offset)
		number(e.Length[:], d.Length)
		entries = append(entries, e)
		stored += d.Length
	}
	h.setSize(stored)
	number(h.RealSize[:], size)
	n := copy(h.Sparse[:], entries)
	h.IsExtended = more(len(entries) - n)
	if err := h.write(w); err != nil {
		return err
	}
	for entries = entries[n:]; len(entries) > 0; entries = entries[n:] {
		var x extension
		n = copy(x.Sparse[:], entries)
		x.IsExtended = more(len(entries) - n)
		if err := binary.Write(w, binary.BigEndian, x); err != nil {
			return err
		}
	}
	return nil
}

func more(n int) byte {
	if n > 0 {
		return 1
	}
	return 0
}
