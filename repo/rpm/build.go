package rpm

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// Entry is a tag with its data, to be added to a header.
type Entry struct {
	Tag   Tag
	Type  Type
	Count int
	Data  []byte // big endian, strings NUL terminated
}

// Uint32Entry makes an entry of 32-bit numbers.
func Uint32Entry(tag Tag, values ...uint32) Entry {
	e := Entry{Tag: tag, Type: TypeInt32, Count: len(values)}
	for _, v := range values {
		e.Data = binary.BigEndian.AppendUint32(e.Data, v)
	}
	return e
}

// StringEntry makes an entry of one string.
func StringEntry(tag Tag, value string) Entry {
	return Entry{Tag: tag, Type: TypeString, Count: 1, Data: append([]byte(value), 0)}
}

// StringsEntry makes an entry of type string array.
func StringsEntry(tag Tag, values ...string) Entry {
	e := Entry{Tag: tag, Type: TypeStringArray, Count: len(values)}
	for _, v := range values {
		e.Data = append(append(e.Data, v...), 0)
	}
	return e
}

// CharsEntry makes an entry of one-byte numbers.
func CharsEntry(tag Tag, values []byte) Entry {
	return Entry{Tag: tag, Type: TypeChar, Count: len(values), Data: values}
}

// BinEntry makes an entry of opaque bytes.
func BinEntry(tag Tag, data []byte) Entry {
	return Entry{Tag: tag, Type: TypeBin, Count: len(data), Data: data}
}

// Entries returns all entries in the order of their tags. They share the
// header's memory.
func (h *Header) Entries() []Entry {
	out := make([]Entry, len(h.entries))
	for i, e := range h.entries {
		out[i] = h.entry(e)
	}
	return out
}

// entry copies one entry of the header.
func (h *Header) entry(e entry) Entry {
	return Entry{e.tag, e.typ, int(e.count), h.data(e)}
}

// NewHeader makes a header whose region, RegionImmutable or RegionSignatures,
// holds the entries.
func NewHeader(region Tag, entries ...Entry) (*Header, error) {
	entries = slices.Clone(entries)
	slices.SortStableFunc(entries, func(a, b Entry) int { return int(a.Tag) - int(b.Tag) })
	w := writer{}
	for _, e := range entries {
		w.add(e)
	}
	il := len(entries) + 1
	head := rawEntry{uint32(region), uint32(TypeBin), uint32(len(w.data)), regionSize}
	trailer := head
	trailer.off = uint32(-int32(il * entrySize))
	w.data = trailer.append(w.data)
	return ParseHeader(w.blob(head.append(nil), il))
}

// With returns a header with the entries added after the region, which stays
// byte for byte, so that digests over it still hold. They replace entries of the
// same tags. This is how rpm keeps what it learns when installing.
func (h *Header) With(entries ...Entry) (*Header, error) {
	if h.region == 0 {
		return nil, errors.New("extend header: it has no region")
	}
	for _, e := range h.Added() {
		if !slices.ContainsFunc(entries, func(n Entry) bool { return n.Tag == e.Tag }) {
			entries = append(slices.Clip(entries), e)
		}
	}
	entries = slices.Clone(entries)
	slices.SortStableFunc(entries, func(a, b Entry) int { return int(a.Tag) - int(b.Tag) })
	w := writer{data: slices.Grow(slices.Clone(h.blob[h.store:h.store+h.rdl]), 4096)}
	for _, e := range entries {
		if e.Count < 1 || len(e.Data) == 0 {
			return nil, fmt.Errorf("extend header: %s is empty", e.Tag)
		}
		w.add(e)
	}
	return ParseHeader(w.blob(h.blob[introSize:introSize+h.ril*entrySize], h.ril+len(entries)))
}

// Added returns the entries after the region.
func (h *Header) Added() []Entry {
	var out []Entry
	for _, e := range h.entries {
		if h.region != 0 && int(e.off) >= h.rdl {
			out = append(out, h.entry(e))
		}
	}
	return out
}

// writer lays out entries.
type writer struct {
	index []byte
	data  []byte
}

func (w *writer) add(e Entry) {
	if size := e.Type.size(); size > 1 {
		for len(w.data)%size != 0 {
			w.data = append(w.data, 0)
		}
	}
	w.index = rawEntry{uint32(e.Tag), uint32(e.Type), uint32(len(w.data)), uint32(e.Count)}.append(w.index)
	w.data = append(w.data, e.Data...)
}

// blob puts lengths, the first part of the index, the added index and the data
// together.
func (w *writer) blob(first []byte, il int) []byte {
	b := make([]byte, 0, introSize+len(first)+len(w.index)+len(w.data))
	b = binary.BigEndian.AppendUint32(b, uint32(il))
	b = binary.BigEndian.AppendUint32(b, uint32(len(w.data)))
	return append(append(append(b, first...), w.index...), w.data...)
}

// Blob returns the header as a database stores it, without the eight bytes of
// magic. It must not be changed.
func (h *Header) Blob() []byte { return h.blob }

// RegionBlob returns the region alone, with magic: the bytes that digests and
// signatures of a header are computed over.
func (h *Header) RegionBlob() []byte {
	b := slices.Concat(headerMagic[:], h.blob[:introSize+h.ril*entrySize], h.blob[h.store:h.store+h.rdl])
	binary.BigEndian.PutUint32(b[8:], uint32(h.ril))
	binary.BigEndian.PutUint32(b[12:], uint32(h.rdl))
	return b
}
