package rpmtest

import (
	"bytes"
	"crypto"
	"encoding/base64"
	"encoding/hex"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"github.com/fimg/fimg/repo/rpm"
)

// Signer is a key to sign with.
type Signer struct {
	entity *openpgp.Entity
	hash   crypto.Hash
	v3     bool
	pqc    bool
}

// The kinds of keys.
const (
	RSA     = "RSA"
	EdDSA   = "EdDSA"
	ECDSA   = "ECDSA"
	Ed25519 = "Ed25519" // OpenPGP version 6
	MLDSA   = "ML-DSA"  // with Ed25519, version 6
)

// NewSigner makes a key.
func NewSigner(t testing.TB, kind string) *Signer {
	t.Helper()
	c := &packet.Config{Algorithm: packet.PubKeyAlgoRSA, RSABits: 2048, Time: func() time.Time { return time.Unix(1700000000, 0) }}
	switch kind {
	case EdDSA:
		c.Algorithm = packet.PubKeyAlgoEdDSA
	case ECDSA:
		c.Algorithm, c.Curve = packet.PubKeyAlgoECDSA, packet.CurveNistP256
	case MLDSA:
		c.Algorithm, c.V6Keys = packet.PubKeyAlgoMldsa65Ed25519, true
	case Ed25519:
		c.Algorithm, c.V6Keys = packet.PubKeyAlgoEd25519, true
	}
	e, err := openpgp.NewEntity("Test "+kind, "", "test@example.invalid", c)
	if err != nil {
		t.Fatal(err)
	}
	return &Signer{entity: e, hash: crypto.SHA256}
}

// WithHash returns a signer with the same key and another hash algorithm.
func (s *Signer) WithHash(h crypto.Hash) *Signer { return &Signer{s.entity, h, s.v3, s.pqc} }

// Armor returns the public key.
func (s *Signer) Armor(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := armor.Encode(&b, openpgp.PublicKeyType, nil)
	if err == nil {
		err = s.entity.Serialize(w)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	b.WriteByte('\n')
	return b.Bytes()
}

// sign returns a signature packet over data.
func (s *Signer) sign(t testing.TB, data []byte) []byte {
	t.Helper()
	if s.v3 {
		return s.signV3(t, data)
	}
	if s.pqc {
		return s.signForeign(data)
	}
	key := s.entity.PrivateKey
	sig := &packet.Signature{Version: key.Version, SigType: packet.SigTypeBinary, PubKeyAlgo: key.PubKeyAlgo,
		Hash: s.hash, CreationTime: time.Unix(1700000100, 0), IssuerKeyId: &key.KeyId, IssuerFingerprint: key.Fingerprint}
	h, err := sig.PrepareSign(nil)
	if err != nil {
		t.Fatal(err)
	}
	h.Write(data)
	no := false // a random notation needs a hash that is not SHA-1
	if err := sig.Sign(h, key, &packet.Config{NonDeterministicSignaturesViaNotation: &no}); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := sig.Serialize(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Read splits a package file into what precedes the payload and the payload.
func Read(t testing.TB, file []byte) (*rpm.Package, []byte) {
	t.Helper()
	p, err := rpm.ReadPackage(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	return p, file[p.PayloadOffset:]
}

// Resign returns a package file with the digests its header and payload call
// for and a signature for each tag given.
func Resign(t testing.TB, file []byte, signatures map[rpm.Tag]*Signer) []byte {
	t.Helper()
	p, payload := Read(t, file)
	entries := []rpm.Entry{}
	all := append(p.Header.RegionBlob(), payload...)
	for _, e := range p.Signature.Entries() {
		switch e.Tag {
		case rpm.SigSize:
			e = rpm.Uint32Entry(e.Tag, uint32(len(all)))
		case rpm.SigMD5:
			e = rpm.BinEntry(e.Tag, sum(rpm.MD5, all))
		case rpm.TagSHA1Header:
			e = rpm.StringEntry(e.Tag, hex.EncodeToString(sum(rpm.SHA1, p.Header.RegionBlob())))
		case rpm.TagSHA3256Header:
			e = rpm.StringEntry(e.Tag, hex.EncodeToString(sum(rpm.SHA3256, p.Header.RegionBlob())))
		case rpm.TagSHA256Header:
			e = rpm.StringEntry(e.Tag, hex.EncodeToString(sum(rpm.SHA256, p.Header.RegionBlob())))
		case rpm.TagRSAHeader, rpm.TagDSAHeader, rpm.SigPGP, rpm.SigGPG, rpm.TagOpenPGP:
			continue
		}
		entries = append(entries, e)
	}
	for tag, signer := range signatures {
		entries = append(entries, signer.entry(t, tag, p.Header.RegionBlob(), payload))
	}
	return write(t, p, entries, payload)
}

// entry makes the entry of one signature.
func (s *Signer) entry(t testing.TB, tag rpm.Tag, header, payload []byte) rpm.Entry {
	switch tag {
	case rpm.SigPGP, rpm.SigGPG:
		return rpm.BinEntry(tag, s.sign(t, append(header, payload...)))
	case rpm.TagOpenPGP:
		return rpm.StringsEntry(tag, base64.StdEncoding.EncodeToString(s.sign(t, header)))
	}
	return rpm.BinEntry(tag, s.sign(t, header))
}

// V6 returns a version 6 package made of a version 4 one, signed.
func V6(t testing.TB, file []byte, signer *Signer) []byte {
	t.Helper()
	p, payload := Read(t, file)
	p.Lead.Major = 4
	p.Header = v6Header(t, p.Header, payload)
	header := p.Header.RegionBlob()
	entries := []rpm.Entry{
		signer.entry(t, rpm.TagOpenPGP, header, payload),
		rpm.StringEntry(rpm.TagSHA256Header, hex.EncodeToString(sum(rpm.SHA256, header))),
		rpm.StringEntry(rpm.TagSHA3256Header, hex.EncodeToString(sum(rpm.SHA3256, header))),
		rpm.BinEntry(rpm.TagReserved, make([]byte, 32)),
	}
	return write(t, p, entries, payload)
}

// v6Header adds what version 6 has in the main header.
func v6Header(t testing.TB, h *rpm.Header, payload []byte) *rpm.Header {
	t.Helper()
	entries := append(h.Entries(),
		rpm.Uint32Entry(rpm.TagRPMFormat, 6),
		rpm.StringEntry(rpm.TagPayloadSHA512, hex.EncodeToString(sum(rpm.SHA512, payload))),
		rpm.StringEntry(rpm.TagPayloadSHA3256, hex.EncodeToString(sum(rpm.SHA3256, payload))))
	out, err := rpm.NewHeader(rpm.RegionImmutable, entries...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// write puts a package file together.
func write(t testing.TB, p *rpm.Package, signature []rpm.Entry, payload []byte) []byte {
	t.Helper()
	sig, err := rpm.NewHeader(rpm.RegionSignatures, signature...)
	if err != nil {
		t.Fatal(err)
	}
	p.Signature = sig
	b, err := p.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	return append(b, payload...)
}

func sum(algo rpm.HashAlgo, data []byte) []byte {
	h := algo.New()
	h.Write(data)
	return h.Sum(nil)
}
