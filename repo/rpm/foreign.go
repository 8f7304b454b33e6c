package rpm

import (
	"encoding/binary"
	"errors"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"golang.org/x/crypto/cryptobyte"
)

// pubkeyNames are the names rpm 6 prints (RFC 9580, 9.1, and the draft of
// post-quantum algorithms).
var pubkeyNames = map[packet.PublicKeyAlgorithm]string{
	1: "RSA", 3: "RSA", 17: "DSA", 19: "ECDSA", 22: "EdDSA", 27: "Ed25519", 28: "Ed448",
	30: "ML-DSA-65+Ed25519", 31: "ML-DSA-87+Ed448",
	32: "SLH-DSA-SHAKE-128s", 33: "SLH-DSA-SHAKE-128f", 34: "SLH-DSA-SHAKE-256s",
}

func pubkeyName(algo packet.PublicKeyAlgorithm) string {
	if name, ok := pubkeyNames[algo]; ok {
		return name
	}
	return "Unknown public key algorithm"
}

// parseForeign parses a signature of version 4 or 6 (RFC 9580, 5.2.3) by an
// algorithm go-crypto does not know. Nothing can verify it, but it is no damage:
// distributions add such signatures beside others.
func parseForeign(body []byte) (*signature, error) {
	bad := errors.New("bad signature packet")
	s := cryptobyte.String(body)
	var version, typ, algo, hash uint8
	var hashed, unhashed cryptobyte.String
	if !s.ReadUint8(&version) || !s.ReadUint8(&typ) || !s.ReadUint8(&algo) || !s.ReadUint8(&hash) {
		return nil, bad
	}
	if version != 4 && version != 6 || !readSubpackets(&s, version, &hashed) {
		return nil, bad
	}
	covered := len(body) - len(s)
	pkt := &packet.Signature{Version: int(version), SigType: packet.SignatureType(typ), PubKeyAlgo: packet.PublicKeyAlgorithm(algo)}
	if !readSubpackets(&s, version, &unhashed) || !s.CopyBytes(pkt.HashTag[:]) {
		return nil, bad
	}
	sig := &signature{pkt: pkt, algo: HashAlgo(hash), foreign: true}
	var salt cryptobyte.String
	if version == 6 && !s.ReadUint8LengthPrefixed(&salt) {
		return nil, bad
	}
	sig.salt = salt
	if n := signatureNumbers[pkt.PubKeyAlgo]; n > 0 && !onlyNumbers(s, n) {
		return nil, bad
	}
	if sig.algo.New() == nil {
		return nil, errors.New("unknown hash algorithm")
	}
	sig.keyID = issuer(hashed)
	if sig.keyID == 0 {
		sig.keyID = issuer(unhashed)
	}
	pkt.HashSuffix = append(append([]byte{}, body[:covered]...), version, 0xff)
	pkt.HashSuffix = binary.BigEndian.AppendUint32(pkt.HashSuffix, uint32(covered))
	return sig, nil
}

// signatureNumbers is how many numbers a signature has, by older algorithms (RFC 9580,
// 5.2.3).
var signatureNumbers = map[packet.PublicKeyAlgorithm]int{1: 1, 3: 1, 17: 2, 19: 2, 22: 2}

// onlyNumbers tells whether there are n numbers and nothing else (RFC 9580, 3.2).
func onlyNumbers(s cryptobyte.String, n int) bool {
	for range n {
		var bits uint16
		if !s.ReadUint16(&bits) || !s.Skip((int(bits)+7)/8) {
			return false
		}
	}
	return s.Empty()
}

// readSubpackets reads an area of subpackets, whose length has four bytes since
// version 6.
func readSubpackets(s *cryptobyte.String, version uint8, out *cryptobyte.String) bool {
	if version == 6 {
		return readLong(s, out)
	}
	return s.ReadUint16LengthPrefixed(out)
}

// issuer returns the key ID the subpackets name, zero for none. Only short
// subpackets matter.
func issuer(area cryptobyte.String) uint64 {
	for len(area) > 0 {
		var sub cryptobyte.String
		if area[0] >= 192 || !area.ReadUint8LengthPrefixed(&sub) || len(sub) == 0 {
			return 0
		}
		switch {
		case sub[0]&0x7f == 16 && len(sub) == 9:
			return binary.BigEndian.Uint64(sub[1:])
		case sub[0]&0x7f == 33 && len(sub) == 22 && sub[1] == 4:
			return binary.BigEndian.Uint64(sub[14:])
		case sub[0]&0x7f == 33 && len(sub) == 34 && sub[1] == 6:
			return binary.BigEndian.Uint64(sub[2:])
		}
	}
	return 0
}
