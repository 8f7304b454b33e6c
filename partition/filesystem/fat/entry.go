package fat

import (
	"encoding/binary"
	"time"
	"unicode/utf16"
)

// Attributes of a directory entry (specification 6).
const (
	attrReadOnly = 0x01
	attrVolume   = 0x08
	attrDir      = 0x10
	attrArchive  = 0x20
	attrLong     = 0x0f
)

// dirEntry is a directory entry (6).
type dirEntry struct {
	Name         [11]byte
	Attr         uint8
	_            uint8
	CreatedTenth uint8 // of 10 ms, to 199
	CreatedTime  uint16
	CreatedDate  uint16
	AccessedDate uint16
	ClusterHigh  uint16
	ModifiedTime uint16
	ModifiedDate uint16
	ClusterLow   uint16
	Size         uint32
}

// longEntry is one piece of a long name, stored before its entry, last first (7).
type longEntry struct {
	Order    uint8 // from 1; 0x40 marks the last
	Name1    [5]uint16
	Attr     uint8
	Type     uint8
	Checksum uint8
	Name2    [6]uint16
	Cluster  uint16
	Name3    [2]uint16
}

const longPiece = 13

// encodeEntry returns the pieces of the long name, if any, and the entry.
func encodeEntry(e dirEntry, long string) []byte {
	var raw []byte
	units := utf16.Encode([]rune(long))
	pieces := (len(units) + longPiece - 1) / longPiece
	if len(units)%longPiece != 0 {
		units = append(units, 0)
	}
	for len(units) < pieces*longPiece {
		units = append(units, 0xffff)
	}
	for i := pieces; i > 0; i-- {
		u := units[(i-1)*longPiece:]
		l := longEntry{Order: uint8(i), Attr: attrLong, Checksum: checksum(e.Name),
			Name1: [5]uint16(u), Name2: [6]uint16(u[5:]), Name3: [2]uint16(u[11:])}
		if i == pieces {
			l.Order |= 0x40
		}
		raw, _ = binary.Append(raw, binary.LittleEndian, l)
	}
	raw, _ = binary.Append(raw, binary.LittleEndian, e)
	return raw
}

// entryCount is the number of slots encodeEntry fills.
func entryCount(long string) int64 {
	return ceil(int64(len(utf16.Encode([]rune(long)))), longPiece) + 1
}

// checksum ties the pieces of a long name to the short one (7.2).
func checksum(short [11]byte) (sum uint8) {
	for _, c := range short {
		sum = sum>>1 | sum<<7
		sum += c
	}
	return sum
}

// stamp sets all three times.
func (e *dirEntry) stamp(t time.Time) {
	t = clamp(t.UTC())
	e.ModifiedDate = uint16((t.Year()-1980)<<9 | int(t.Month())<<5 | t.Day())
	e.ModifiedTime = uint16(t.Hour()<<11 | t.Minute()<<5 | t.Second()/2)
	e.CreatedDate, e.CreatedTime, e.AccessedDate = e.ModifiedDate, e.ModifiedTime, e.ModifiedDate
	e.CreatedTenth = uint8(t.Second()%2*100 + t.Nanosecond()/1e7)
}

func clamp(t time.Time) time.Time {
	first := time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)
	last := time.Date(2107, 12, 31, 23, 59, 58, 0, time.UTC)
	switch {
	case t.Before(first):
		return first
	case t.After(last):
		return last
	}
	return t
}

// modified decodes the modification time.
func (e *dirEntry) modified() time.Time {
	d, c := int(e.ModifiedDate), int(e.ModifiedTime)
	return time.Date(1980+d>>9, time.Month(d>>5&15), d&31, c>>11, c>>5&63, c&31*2, 0, time.UTC)
}

func (e *dirEntry) cluster() uint32 { return uint32(e.ClusterHigh)<<16 | uint32(e.ClusterLow) }

func (e *dirEntry) setCluster(c uint32) {
	e.ClusterHigh, e.ClusterLow = uint16(c>>16), uint16(c)
}
