package rpm

import (
	"bytes"
	"crypto"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"

	pgperrors "github.com/ProtonMail/go-crypto/openpgp/errors"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// signature is one OpenPGP signature packet.
type signature struct {
	pkt     *packet.Signature
	algo    HashAlgo
	keyID   uint64
	salt    []byte            // hashed before the data, version 6 only
	v3      [][]byte          // the numbers of a version 3 signature
	foreign bool              // by an algorithm we cannot verify
	body    []byte            // the packet without framing
	key     *packet.PublicKey // that verified it
}

// parseSignature parses data, which must be exactly one signature packet over a
// binary document. Version 3 (RFC 4880, 5.2.2), which most old packages have, is
// read here, later versions by go-crypto.
func parseSignature(data []byte) (*signature, error) {
	body, rest, err := signatureBody(data)
	if err != nil {
		return nil, err
	}
	if len(rest) != 0 {
		return nil, errors.New("something follows the packet")
	}
	var sig *signature
	if body[0] == 3 || body[0] == 2 {
		sig, err = parseV3(body)
	} else {
		sig, err = parseV4(data, body)
	}
	if err != nil {
		return nil, err
	}
	sig.body = body
	if sig.pkt.SigType != packet.SigTypeBinary {
		return nil, fmt.Errorf("signature type %d", sig.pkt.SigType)
	}
	return sig, nil
}

// signatureBody takes the framing (RFC 9580, 4.2) from a signature packet.
func signatureBody(data []byte) (body, rest []byte, err error) {
	tag, body, rest, err := nextPacket(data)
	if err != nil {
		return nil, nil, err
	}
	if tag != 2 || len(body) == 0 {
		return nil, nil, fmt.Errorf("packet of type %d", tag)
	}
	return body, rest, nil
}

// nextPacket splits the first packet from data, in the old or the new framing,
// of definite length.
func nextPacket(data []byte) (tag byte, body, rest []byte, err error) {
	bad := errors.New("bad packet length")
	if len(data) < 2 || data[0]&0x80 == 0 {
		return 0, nil, nil, errors.New("not an OpenPGP packet")
	}
	n, at := uint64(0), 0
	if data[0]&0x40 == 0 {
		tag = data[0] >> 2 & 15
		n, at = oldLength(data)
	} else {
		tag = data[0] & 63
		n, at = newLength(data)
	}
	if at == 0 || n > uint64(len(data)-at) {
		return 0, nil, nil, bad
	}
	return tag, data[at : at+int(n)], data[at+int(n):], nil
}

// oldLength decodes the length of an old packet and where its body starts, zero
// when it is bad.
func oldLength(data []byte) (uint64, int) {
	size := 1 << (data[0] & 3)
	if size > 4 || len(data) < 1+size {
		return 0, 0
	}
	n := uint64(0)
	for _, b := range data[1 : 1+size] {
		n = n<<8 | uint64(b)
	}
	return n, 1 + size
}

func newLength(data []byte) (uint64, int) {
	switch b := data[1]; {
	case b < 192:
		return uint64(b), 2
	case b < 224 && len(data) > 2:
		return uint64(b-192)<<8 + uint64(data[2]) + 192, 3
	case b == 255 && len(data) > 5:
		return uint64(binary.BigEndian.Uint32(data[2:])), 6
	}
	return 0, 0
}

// parseV4 parses a signature of version 4 or later; body is data without framing.
func parseV4(data, body []byte) (*signature, error) {
	p, err := packet.Read(bytes.NewReader(data))
	var unsupported pgperrors.UnsupportedError
	if errors.As(err, &unsupported) {
		return parseForeign(body)
	}
	if err != nil {
		return nil, err
	}
	pkt, ok := p.(*packet.Signature)
	if !ok {
		return nil, errors.New("no signature packet")
	}
	sig := &signature{pkt: pkt, algo: algoOf(pkt.Hash), salt: pkt.Salt()}
	if pkt.IssuerKeyId != nil {
		sig.keyID = *pkt.IssuerKeyId
	}
	if sig.algo.New() == nil {
		return nil, errors.New("unknown hash algorithm")
	}
	return sig, nil
}

// madeBy reports whether a key has the algorithm of the signature.
func (sig *signature) madeBy(key *packet.PublicKey) bool {
	return !sig.foreign && pubkeyName(key.PubKeyAlgo) == sig.pubkey()
}

// finish returns the digest of the data that sum has hashed and of the
// signature's own fields. It leaves sum alone.
func (sig *signature) finish(sum hash.Hash) ([]byte, error) {
	c, ok := sum.(hash.Cloner)
	if !ok {
		return nil, errors.New("hash cannot be copied")
	}
	clone, err := c.Clone()
	if err != nil {
		return nil, err
	}
	clone.Write(sig.pkt.HashSuffix)
	return clone.Sum(nil), nil
}

// sane compares the start of the digest, which a signature has in the clear.
func (sig *signature) sane(sum hash.Hash) error {
	got, err := sig.finish(sum)
	if err == nil && (got[0] != sig.pkt.HashTag[0] || got[1] != sig.pkt.HashTag[1]) {
		err = errors.New("the signed data was changed")
	}
	return err
}

// verify checks sig with key over data that sum has hashed. It leaves sum alone.
func (sig *signature) verify(key *packet.PublicKey, sum hash.Hash) error {
	if err := sig.sane(sum); err != nil {
		return err
	}
	if sig.v3 != nil {
		digest, err := sig.finish(sum)
		if err != nil {
			return err
		}
		return sig.verifyV3(key, digest)
	}
	clone, err := sum.(hash.Cloner).Clone() // sane has seen that it is one
	if err != nil {
		return err
	}
	return key.VerifySignature(clone, sig.pkt)
}

// pubkey returns the name of the public key algorithm.
func (sig *signature) pubkey() string { return pubkeyName(sig.pkt.PubKeyAlgo) }

// cryptoHash returns Go's number of an algorithm, zero for one that is unknown.
func cryptoHash(a HashAlgo) crypto.Hash {
	switch a {
	case MD5:
		return crypto.MD5
	case SHA1:
		return crypto.SHA1
	case SHA224:
		return crypto.SHA224
	case SHA256:
		return crypto.SHA256
	case SHA384:
		return crypto.SHA384
	case SHA512:
		return crypto.SHA512
	case SHA3256:
		return crypto.SHA3_256
	case SHA3512:
		return crypto.SHA3_512
	}
	return 0
}

// algoOf is the inverse of cryptoHash.
func algoOf(h crypto.Hash) HashAlgo {
	for _, a := range []HashAlgo{MD5, SHA1, SHA224, SHA256, SHA384, SHA512, SHA3256, SHA3512} {
		if cryptoHash(a) == h {
			return a
		}
	}
	return 0
}
