package rpm

import (
	"fmt"
	"slices"
	"strings"
)

// signatureTags are the tags rpm knows in a signature header besides those in
// slots, with their types.
var signatureTags = map[Tag]Type{
	TagLongSigSize: TypeInt64, TagLongArchiveSize: TypeInt64,
	SigFileSigs: TypeStringArray, SigFileSigLength: TypeInt32,
	TagVeritySigs: TypeStringArray, TagVeritySigAlgo: TypeInt32,
	TagReserved: TypeBin, TagPubkeys: TypeStringArray,
	SigSize: TypeInt32, SigPayloadSize: TypeInt32, SigReservedSpace: TypeBin,
}

// oddities looks at the bytes that no digest covers.
func (r *Reader) oddities() []string {
	out := r.Lead.oddities(r.Header)
	sig := r.Signature
	for tag, typ := range sig.Tags() {
		known := signatureTags[tag] == typ ||
			slices.ContainsFunc(slots[:], func(s slot) bool { return s.tag == tag && s.typ == typ && !s.main })
		if !known {
			out = append(out, fmt.Sprintf("the signature header has an unknown tag %d of type %d", uint32(tag), typ))
		}
	}
	if sig.region != 0 && (sig.store != introSize+sig.ril*entrySize || len(sig.blob) != sig.store+sig.rdl) {
		out = append(out, "the signature header has tags outside its region")
	}
	for _, tag := range [...]Tag{SigReservedSpace, TagReserved} {
		if !allZero(sig.Bytes(tag)) {
			out = append(out, "the space reserved for signatures is not zero")
		}
	}
	for _, it := range r.items {
		if it.sig != nil && it.status == OK && !it.sig.canonical() {
			out = append(out, fmt.Sprintf("the signature in tag %d has bytes that it does not cover", it.Tag))
		}
		if it.want != strings.ToLower(it.want) {
			out = append(out, fmt.Sprintf("the digest in tag %d is written oddly", it.Tag))
		}
	}
	if !sig.gapless() {
		out = append(out, "the signature header has data without a tag")
	}
	return append(out, r.oddSizes()...)
}

// gapless reports whether all data of the header belongs to a tag, to the
// region's trailer or to alignment, which is zero.
func (h *Header) gapless() bool {
	byOffset := slices.Clone(h.entries)
	if h.region != 0 {
		end := uint32(h.rdl)
		byOffset = append(byOffset, entry{off: end - regionSize, end: end})
	}
	slices.SortFunc(byOffset, func(a, b entry) int { return int(a.off) - int(b.off) })
	at := uint32(0)
	store := h.blob[h.store:]
	for _, e := range byOffset {
		if e.off > at && (e.off-at > 7 || !allZero(store[at:e.off])) {
			return false
		}
		at = max(at, e.end)
	}
	return int(at) == len(store)
}

// oddSizes compares the sizes in the signature header with what was read.
func (r *Reader) oddSizes() []string {
	var out []string
	total := int64(len(headerMagic)+len(r.Header.blob)) + r.raw.n
	if size, ok := r.Signature.Number(TagLongSigSize); ok {
		if int64(size) != total {
			out = append(out, "the size in the signature header is wrong")
		}
	} else if size, ok := r.Signature.Number(SigSize); ok && int64(size) != total {
		out = append(out, "the size in the signature header is wrong")
	}
	if r.payload == nil || r.payload.err == nil {
		return out
	}
	if size, ok := r.Signature.Number(TagLongArchiveSize); ok {
		if int64(size) != r.payload.off {
			out = append(out, "the payload size in the signature header is wrong")
		}
	} else if size, ok := r.Signature.Number(SigPayloadSize); ok && uint32(size) != uint32(r.payload.off) {
		out = append(out, "the payload size in the signature header is wrong")
	}
	return out
}
