package rpm

import (
	"encoding/binary"
	"iter"
	"strings"
)

// Has reports whether the header has the tag.
func (h *Header) Has(tag Tag) bool {
	_, ok := h.find(tag)
	return ok
}

// Tags iterates over the tags, their types and counts by ascending tag number,
// without the region.
func (h *Header) Tags() iter.Seq2[Tag, Type] {
	return func(yield func(Tag, Type) bool) {
		for _, e := range h.entries {
			if !yield(e.tag, e.typ) {
				return
			}
		}
	}
}

// Count returns the number of elements under a tag, zero when there is none.
func (h *Header) Count(tag Tag) int {
	e, ok := h.find(tag)
	if !ok {
		return 0
	}
	return int(e.count)
}

// data returns the bytes of an entry.
func (h *Header) data(e entry) []byte {
	return h.blob[h.store+int(e.off) : h.store+int(e.end) : h.store+int(e.end)]
}

// Bytes returns the raw big-endian data of a tag of any type.
func (h *Header) Bytes(tag Tag) []byte {
	e, ok := h.find(tag)
	if !ok {
		return nil
	}
	return h.data(e)
}

// String returns the first string of a tag: of a translated one that is the
// text for the C locale.
func (h *Header) String(tag Tag) string {
	e, ok := h.find(tag)
	if !ok || !e.typ.text() {
		return ""
	}
	s := h.text[h.store+int(e.off) : h.store+int(e.end)]
	return s[:strings.IndexByte(s, 0)]
}

// All iterates over the strings of a tag with their positions.
func (h *Header) All(tag Tag) iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		e, ok := h.find(tag)
		if !ok || !e.typ.text() {
			return
		}
		s := h.text[h.store+int(e.off) : h.store+int(e.end)]
		for i := range int(e.count) {
			n := strings.IndexByte(s, 0)
			if !yield(i, s[:n]) {
				return
			}
			s = s[n+1:]
		}
	}
}

// Strings returns the strings of a tag.
func (h *Header) Strings(tag Tag) []string {
	n := h.Count(tag)
	if n == 0 {
		return nil
	}
	out := make([]string, 0, n)
	for _, s := range h.All(tag) {
		out = append(out, s)
	}
	return out
}

// Numbers is an array of unsigned integers of one width in a header.
type Numbers struct {
	data []byte
	typ  Type
}

// Numbers returns the integers of a tag, of whatever width they are stored.
func (h *Header) Numbers(tag Tag) Numbers {
	e, ok := h.find(tag)
	if !ok || e.typ.text() || e.typ == TypeBin {
		return Numbers{}
	}
	return Numbers{h.data(e), e.typ}
}

// Len returns how many there are.
func (n Numbers) Len() int {
	if n.typ == 0 {
		return 0
	}
	return len(n.data) / n.typ.size()
}

// At returns the number at position i, zero when i is out of range.
func (n Numbers) At(i int) uint64 {
	size := n.typ.size()
	if i < 0 || size == 0 || i >= len(n.data)/size {
		return 0
	}
	b := n.data[i*size:]
	switch n.typ {
	case TypeInt16:
		return uint64(binary.BigEndian.Uint16(b))
	case TypeInt32:
		return uint64(binary.BigEndian.Uint32(b))
	case TypeInt64:
		return binary.BigEndian.Uint64(b)
	}
	return uint64(b[0])
}

// Number returns the first integer of a tag and whether there is one.
func (h *Header) Number(tag Tag) (uint64, bool) {
	n := h.Numbers(tag)
	return n.At(0), n.Len() > 0
}

// Uint32s returns the integers of a tag as 32-bit numbers.
func (h *Header) Uint32s(tag Tag) []uint32 {
	n := h.Numbers(tag)
	out := make([]uint32, n.Len())
	for i := range out {
		out[i] = uint32(n.At(i))
	}
	return out
}
