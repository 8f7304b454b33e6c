package rpm

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unsafe"

	"github.com/fimg/fimg/fault"
)

// Limits on headers, as rpm has them.
const (
	maxHeaderTags = 0xffff
	maxHeaderData = 0x0fffffff
	maxSigTags    = 32
	maxSigData    = 64 << 20
	maxArray      = 0x000fffff
	entrySize     = 16
	introSize     = 8 // il and dl, without magic
	regionSize    = entrySize
)

// headerMagic precedes a header in a package file and in digests over it.
var headerMagic = [8]byte{0x8e, 0xad, 0xe8, 1, 0, 0, 0, 0}

// FormatError says that bytes are not what the RPM format allows.
type FormatError struct {
	Part   string // "lead", "signature header", "header", "payload"
	Detail string
}

func (e *FormatError) Error() string { return e.Part + ": " + e.Detail }

// FaultClass counts a damaged package among those whose checksum is wrong.
func (e *FormatError) FaultClass() fault.Class { return fault.Signature }

// Header is a parsed header: tags with typed data. It is read-only and safe for
// concurrent use; the strings and byte slices it returns share its memory.
//
// Two accesses to a missing tag, or to one of another type, give the zero value,
// as in rpm.
type Header struct {
	blob    []byte // il, dl, index, data store; never modified
	text    string // the same bytes
	store   int    // offset of the data store in blob
	entries []entry
	region  Tag // zero for a header without a region (version 3)
	ril     int // index entries in the region, including its own
	rdl     int // bytes of the data store in the region, including the trailer
}

// entry is an index entry whose data was checked to lie within the store.
type entry struct {
	tag      Tag
	typ      Type
	count    uint32
	off, end uint32 // in the data store
}

// rawEntry is an index entry on disk, big endian (format_header.md).
type rawEntry struct{ tag, typ, off, count uint32 }

func readEntry(b []byte) rawEntry {
	return rawEntry{
		tag:   binary.BigEndian.Uint32(b),
		typ:   binary.BigEndian.Uint32(b[4:]),
		off:   binary.BigEndian.Uint32(b[8:]),
		count: binary.BigEndian.Uint32(b[12:]),
	}
}

func (e rawEntry) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, e.tag)
	b = binary.BigEndian.AppendUint32(b, e.typ)
	b = binary.BigEndian.AppendUint32(b, e.off)
	return binary.BigEndian.AppendUint32(b, e.count)
}

// ParseHeader checks and indexes a header as a database stores it: without the
// eight bytes of magic, with tags added after the region. It keeps blob, which
// must not be changed afterwards.
func ParseHeader(blob []byte) (*Header, error) { return parseHeader(blob, "header", 0, false) }

// parseHeader parses blob. Part names it in errors; want is the region it may
// start with (zero: any); exact demands that the region is all there is.
func parseHeader(blob []byte, part string, want Tag, exact bool) (*Header, error) {
	h := &Header{blob: blob}
	if len(blob) > 0 {
		// The blob is never written to again, so sharing it as a string is
		// safe; it spares a copy of every name and path.
		h.text = unsafe.String(&blob[0], len(blob))
	}
	err := h.parse(want, exact)
	if err != nil {
		return nil, &FormatError{part, err.Error()}
	}
	return h, nil
}

// checkLengths applies rpm's limits to the two numbers a header starts with.
func checkLengths(il, dl uint32, region Tag) error {
	tags, data := uint32(maxHeaderTags), uint32(maxHeaderData)
	if region == RegionSignatures {
		tags, data = maxSigTags, maxSigData
	}
	if il < 1 || il > tags {
		return fmt.Errorf("%d tags are out of range", il)
	}
	if dl > data {
		return fmt.Errorf("%d bytes of data are out of range", dl)
	}
	return nil
}

func (h *Header) parse(want Tag, exact bool) error {
	if len(h.blob) < introSize+entrySize {
		return errors.New("too short")
	}
	il, dl := binary.BigEndian.Uint32(h.blob), binary.BigEndian.Uint32(h.blob[4:])
	if err := checkLengths(il, dl, want); err != nil {
		return err
	}
	h.store = introSize + int(il)*entrySize
	if len(h.blob) != h.store+int(dl) {
		return fmt.Errorf("%d bytes for %d tags and %d bytes of data", len(h.blob), il, dl)
	}
	if err := h.parseRegion(want, int(il), int(dl), exact); err != nil {
		return err
	}
	if err := h.index(int(il)); err != nil {
		return err
	}
	h.sort()
	return nil
}

// parseRegion finds the region tag and its trailer and checks their agreement.
func (h *Header) parseRegion(want Tag, il, dl int, exact bool) error {
	first := readEntry(h.blob[introSize:])
	tag := Tag(first.tag)
	if want == 0 && tag >= RegionImage && tag <= RegionImmutable {
		want = tag
	}
	if tag != want {
		h.ril, h.rdl = il, dl
		return nil
	}
	if Type(first.typ) != TypeBin || first.count != regionSize {
		return errors.New("bad region tag")
	}
	if int(first.off) > dl-regionSize {
		return errors.New("region trailer outside the data")
	}
	trailer := readEntry(h.blob[h.store+int(first.off):])
	got := Tag(trailer.tag)
	if want == RegionSignatures && got == RegionImage {
		got = want // old packages
	}
	size := -int(int32(trailer.off))
	if got != want || Type(trailer.typ) != TypeBin || trailer.count != regionSize || size < entrySize || size%entrySize != 0 {
		return errors.New("bad region trailer")
	}
	h.region, h.ril, h.rdl = want, size/entrySize, int(first.off)+regionSize
	if h.ril > il || exact && (h.ril != il || h.rdl != dl) {
		return fmt.Errorf("region of %d tags, %d bytes in a header of %d tags, %d bytes", h.ril, h.rdl, il, dl)
	}
	return nil
}

// index checks every entry and records where its data lies.
func (h *Header) index(il int) error {
	first := 0
	if h.region != 0 {
		first = 1
	}
	h.entries = make([]entry, 0, il-first)
	end := uint32(0)
	for i := first; i < il; i++ {
		raw := readEntry(h.blob[introSize+i*entrySize:])
		e, err := h.check(raw, end)
		if err != nil {
			return fmt.Errorf("tag[%d] %d type %d offset %d count %d: %w", i, raw.tag, raw.typ, int32(raw.off), raw.count, err)
		}
		end = e.end
		h.entries = append(h.entries, e)
	}
	return nil
}

// check applies rpm's rules to one entry; previous is where the data of the one
// before ended.
func (h *Header) check(raw rawEntry, previous uint32) (entry, error) {
	e := entry{tag: Tag(raw.tag), typ: Type(raw.typ), count: raw.count, off: raw.off}
	dl := uint32(len(h.blob) - h.store)
	switch {
	case e.tag < TagI18NTable || raw.tag > 0x7fffffff:
		return e, errors.New("bad tag")
	case e.typ < TypeChar || e.typ > TypeI18N:
		return e, errors.New("bad type")
	case e.count < 1 || e.count > dl || e.typ != TypeBin && e.count > maxArray:
		return e, errors.New("bad count")
	case e.off > dl || e.off < previous:
		return e, errors.New("bad offset")
	case e.typ.size() > 1 && e.off%uint32(e.typ.size()) != 0:
		return e, errors.New("bad alignment")
	case (h.region == RegionImmutable || h.region == RegionImage) && !e.tag.typeAllowed(e.typ):
		return e, errors.New("wrong type")
	}
	n, ok := h.dataLength(e)
	if !ok || n == 0 || uint64(e.off)+uint64(n) > uint64(dl) {
		return e, errors.New("data out of range")
	}
	e.end = e.off + n
	if h.region != 0 && e.end > uint32(h.rdl-regionSize) && e.off < uint32(h.rdl) {
		return e, errors.New("data overlaps the region trailer")
	}
	return e, nil
}

// dataLength returns how many bytes the data of e takes.
func (h *Header) dataLength(e entry) (uint32, bool) {
	if size := e.typ.size(); size > 0 {
		n := uint64(size) * uint64(e.count)
		return uint32(n), n <= maxHeaderData
	}
	if e.typ == TypeString && e.count != 1 {
		return 0, false
	}
	rest := h.text[h.store+int(e.off):]
	n := 0
	for range e.count {
		i := strings.IndexByte(rest[n:], 0)
		if i < 0 {
			return 0, false
		}
		n += i + 1
	}
	return uint32(n), true
}

// sort orders the entries by tag. Entries after the region replace those in it.
func (h *Header) sort() {
	inRegion := h.ril
	if h.region != 0 {
		inRegion--
	}
	added := len(h.entries) > inRegion
	if added {
		late := h.entries[inRegion:]
		kept := slices.DeleteFunc(slices.Clone(h.entries[:inRegion]), func(e entry) bool {
			return slices.ContainsFunc(late, func(l entry) bool {
				return l.tag == e.tag || l.tag == TagBasenames && e.tag == TagOldFileNames
			})
		})
		h.entries = append(kept, late...)
	}
	byTag := func(a, b entry) int { return int(a.tag) - int(b.tag) }
	if !slices.IsSortedFunc(h.entries, byTag) {
		slices.SortStableFunc(h.entries, byTag)
	}
}

// find returns the entry of a tag.
func (h *Header) find(tag Tag) (entry, bool) {
	lo, hi := 0, len(h.entries)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if h.entries[mid].tag < tag {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo == len(h.entries) || h.entries[lo].tag != tag {
		return entry{}, false
	}
	return h.entries[lo], true
}
