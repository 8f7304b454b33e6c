package rpm

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"slices"
	"strings"
)

// Range is what a digest or signature covers.
type Range uint8

// The ranges. LegacyRange is header and payload together.
const (
	HeaderRange  Range = 1
	PayloadRange Range = 2
	LegacyRange  Range = HeaderRange | PayloadRange
)

// String returns the name rpm 6 prints.
func (r Range) String() string {
	switch r {
	case HeaderRange:
		return "Header"
	case PayloadRange:
		return "Payload"
	}
	return "Legacy"
}

// Status is the verdict on one digest or signature, named as rpm names it.
type Status string

// The verdicts. NOTFOUND is an item the package does not have or an alternative
// digest that need not match. NOTTRUSTED is a signature by an algorithm that
// nothing here can verify: it counts neither for the package nor against it.
const (
	OK       Status = "OK"
	BAD      Status = "BAD"
	NOKEY    Status = "NOKEY"
	NOTFOUND Status = "NOTFOUND"

	NOTTRUSTED Status = "NOTTRUSTED"

	pending Status = ""
)

// Check is one digest or signature and what it is worth.
type Check struct {
	Signature bool     `json:"signature"`
	Range     Range    `json:"range"`
	Tag       Tag      `json:"tag"` // in the header it is in
	Algo      HashAlgo `json:"hash"`
	Alt       bool     `json:"alt,omitempty"`    // a digest of the plain payload
	PubKey    string   `json:"pubkey,omitempty"` // "RSA", "DSA", "ECDSA", "EdDSA"
	Version   int      `json:"version,omitempty"`
	KeyID     string   `json:"keyid,omitempty"` // sixteen hexadecimal digits
	// Fingerprint of the certificate whose key it was compared with.
	Fingerprint string `json:"fingerprint,omitempty"`
	Status      Status `json:"status"`
	Detail      string `json:"detail,omitempty"`
}

// item is a check at work.
type item struct {
	Check
	wrapped bool       // in the main header, thus covered by its signature
	place   pubKeyAlgo // of the signature or, where none can be read, of its tag
	index   int        // in the tag
	group   int        // digests that stand in for each other share it
	want    string
	sig     *signature
	salt    []byte
	status  Status
	hash    hash.Hash
}

// slot is a place digests and signatures are stored at.
type slot struct {
	tag    Tag
	typ    Type // of the data: text is hexadecimal or, of signatures, base64
	main   bool // in the main header
	legacy bool // ignored in version 6 packages
	sig    bool
	key    pubKeyAlgo // the tag is named after
	rng    Range
	algo   HashAlgo
	alt    bool
	group  int
}

// pubKeyAlgo is the OpenPGP number of the algorithm a tag for signatures is named
// after, zero for one of any algorithm.
type pubKeyAlgo int

const (
	rsaPlace pubKeyAlgo = 1
	dsaPlace pubKeyAlgo = 17
)

func (a pubKeyAlgo) String() string {
	return map[pubKeyAlgo]string{rsaPlace: "RSA", dsaPlace: "DSA"}[a]
}

// slots lists them in rpm's order (rpm 6.0, signatures_digests.md).
var slots = [...]slot{
	{tag: TagOpenPGP, typ: TypeStringArray, sig: true, rng: HeaderRange},
	{tag: SigPGP, typ: TypeBin, legacy: true, sig: true, key: rsaPlace, rng: LegacyRange},
	{tag: SigMD5, typ: TypeBin, legacy: true, rng: LegacyRange, algo: MD5},
	{tag: SigGPG, typ: TypeBin, legacy: true, sig: true, key: dsaPlace, rng: LegacyRange},
	{tag: TagDSAHeader, typ: TypeBin, sig: true, key: dsaPlace, rng: HeaderRange},
	{tag: TagRSAHeader, typ: TypeBin, sig: true, key: rsaPlace, rng: HeaderRange},
	{tag: TagSHA1Header, typ: TypeString, rng: HeaderRange, algo: SHA1},
	{tag: TagSHA256Header, typ: TypeString, rng: HeaderRange, algo: SHA256},
	{tag: TagSHA3256Header, typ: TypeString, rng: HeaderRange, algo: SHA3256},
	{tag: TagPayloadSHA256, typ: TypeStringArray, main: true, rng: PayloadRange, algo: SHA256, group: 1},
	{tag: TagPayloadSHA256Alt, typ: TypeStringArray, main: true, rng: PayloadRange, algo: SHA256, group: 1, alt: true},
	{tag: TagPayloadSHA512, typ: TypeString, main: true, rng: PayloadRange, algo: SHA512, group: 2},
	{tag: TagPayloadSHA512Alt, typ: TypeString, main: true, rng: PayloadRange, algo: SHA512, group: 2, alt: true},
	{tag: TagPayloadSHA3256, typ: TypeString, main: true, rng: PayloadRange, algo: SHA3256, group: 3},
	{tag: TagPayloadSHA3256Alt, typ: TypeString, main: true, rng: PayloadRange, algo: SHA3256, group: 3, alt: true},
}

// collect gathers what there is to check in a package.
func collect(p *Package) []*item {
	v6 := p.Signature.Has(TagReserved) && p.Signature.Has(TagSHA3256Header)
	modern := false
	var items []*item
	for _, s := range slots {
		if s.legacy && v6 || s.sig && modern && s.tag != TagOpenPGP {
			continue
		}
		h := p.Signature
		if s.main {
			h = p.Header
		}
		found := s.read(h)
		for _, it := range found {
			modern = modern || s.tag == TagOpenPGP && it.status == pending
		}
		items = append(items, found...)
	}
	return items
}

// read makes the items of one slot; an absent one has the status NOTFOUND.
func (s slot) read(h *Header) []*item {
	base := item{place: s.key, Check: Check{Signature: s.sig, Range: s.rng, Tag: s.tag, Algo: s.algo, Alt: s.alt, PubKey: s.key.String()},
		wrapped: s.main, group: s.group}
	e, ok := h.find(s.tag)
	if !ok {
		base.status = NOTFOUND
		return []*item{&base}
	}
	var items []*item
	for i, data := range s.values(h, e) {
		it := base
		it.index = i
		if err := it.init(s, e, data); err != nil {
			it.status, it.Detail = BAD, fmt.Sprintf("tag %d: %v", s.tag, err)
		}
		items = append(items, &it)
	}
	return items
}

// values returns the elements of a tag.
func (s slot) values(h *Header, e entry) [][]byte {
	if !e.typ.text() {
		return [][]byte{h.data(e)}
	}
	var out [][]byte
	for _, v := range h.All(s.tag) {
		out = append(out, []byte(v))
	}
	return out
}

// init decodes one digest or signature.
func (it *item) init(s slot, e entry, data []byte) error {
	if e.typ != s.typ {
		return fmt.Errorf("invalid type %d", e.typ)
	}
	if s.sig {
		return it.initSignature(s, data)
	}
	it.want = string(data)
	if s.typ == TypeBin {
		it.want = hex.EncodeToString(data)
	} else if _, err := hex.DecodeString(it.want); err != nil {
		return fmt.Errorf("invalid hex")
	}
	if len(it.want) != 2*it.Algo.New().Size() {
		return fmt.Errorf("invalid size %d", len(it.want))
	}
	return nil
}

func (it *item) initSignature(s slot, data []byte) error {
	if s.typ != TypeBin {
		var err error
		if data, err = base64.StdEncoding.Strict().DecodeString(strings.Join(strings.Fields(string(data)), "")); err != nil {
			return fmt.Errorf("invalid base64")
		}
	}
	sig, err := parseSignature(data)
	if err != nil {
		return fmt.Errorf("invalid OpenPGP signature: %w", err)
	}
	it.sig, it.salt = sig, sig.salt
	it.place = pubKeyAlgo(sig.pkt.PubKeyAlgo)
	it.Algo, it.PubKey, it.Version = sig.algo, sig.pubkey(), sig.pkt.Version
	it.KeyID = fmt.Sprintf("%016x", sig.keyID)
	return nil
}

// dropRedundant leaves out digests over header and payload when stronger ones
// cover the same bytes, and signatures over both when one covers the header and
// with it the payload's digest.
func dropRedundant(items []*item) []*item {
	covered, signed := Range(0), false
	for _, it := range items {
		switch {
		case it.status != pending || it.Alt || it.Algo == MD5 || it.Algo == SHA1:
		case it.Signature:
			signed = signed || it.Range == HeaderRange
		default:
			covered |= it.Range
		}
	}
	if covered != LegacyRange {
		return items
	}
	return slices.DeleteFunc(items, func(it *item) bool {
		return it.Range == LegacyRange && (signed || !it.Signature)
	})
}
