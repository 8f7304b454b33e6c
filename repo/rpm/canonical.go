package rpm

import (
	"bytes"
	"encoding/binary"
	"math/big"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"golang.org/x/crypto/cryptobyte"
)

// canonical reports whether every byte of a verified signature packet is either
// covered by the signature or can only be what it is: the unhashed part names
// the key that verified it and nothing else, numbers are as short as they can be.
func (sig *signature) canonical() bool {
	if sig.v3 != nil {
		return sig.v3Canonical()
	}
	s := cryptobyte.String(sig.body)
	var unhashed cryptobyte.String
	if !s.Skip(4) {
		return false
	}
	if sig.pkt.Version == 6 {
		if !skipLong(&s) || !readLong(&s, &unhashed) || !s.Skip(2+1+len(sig.salt)) {
			return false
		}
	} else {
		var hashed cryptobyte.String
		if !s.ReadUint16LengthPrefixed(&hashed) || !s.ReadUint16LengthPrefixed(&unhashed) || !s.Skip(2) {
			return false
		}
	}
	return sig.namesKey(unhashed) && canonicalNumbers(sig.pkt.PubKeyAlgo, s)
}

// v3Canonical does the same for version 3, where the key id is outside.
func (sig *signature) v3Canonical() bool { return sig.key != nil && sig.key.KeyId == sig.keyID }

// readLong reads bytes after a four-byte length.
func readLong(s, out *cryptobyte.String) bool {
	var n uint32
	return s.ReadUint32(&n) && s.ReadBytes((*[]byte)(out), int(n))
}

func skipLong(s *cryptobyte.String) bool {
	var out cryptobyte.String
	return readLong(s, &out)
}

// namesKey reports whether the unhashed subpackets (RFC 9580, 5.2.3.7) only name
// the key that verified the signature.
func (sig *signature) namesKey(unhashed cryptobyte.String) bool {
	if sig.key == nil {
		return false
	}
	const issuer, issuerFingerprint = 16, 33
	id := binary.BigEndian.AppendUint64([]byte{issuer}, sig.key.KeyId)
	fp := append([]byte{issuerFingerprint, byte(sig.key.Version)}, sig.key.Fingerprint...)
	for len(unhashed) > 0 {
		var sub cryptobyte.String
		if !unhashed.ReadUint8LengthPrefixed(&sub) || !bytes.Equal(sub, id) && !bytes.Equal(sub, fp) {
			return false
		}
	}
	return true
}

// canonicalNumbers checks the lengths of the multiprecision integers.
func canonicalNumbers(algo packet.PublicKeyAlgorithm, s cryptobyte.String) bool {
	switch algo {
	case packet.PubKeyAlgoRSA, packet.PubKeyAlgoRSASignOnly, packet.PubKeyAlgoDSA,
		packet.PubKeyAlgoECDSA, packet.PubKeyAlgoEdDSA:
	default:
		return true // fixed length
	}
	for len(s) > 0 {
		var bits uint16
		var b []byte
		if !s.ReadUint16(&bits) || !s.ReadBytes(&b, (int(bits)+7)/8) || new(big.Int).SetBytes(b).BitLen() != int(bits) {
			return false
		}
	}
	return true
}
