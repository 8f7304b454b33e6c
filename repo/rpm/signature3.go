package rpm

import (
	"crypto/dsa" //nolint:staticcheck // old packages are signed with it
	"crypto/rsa"
	"encoding/binary"
	"errors"
	"fmt"
	"math/big"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"golang.org/x/crypto/cryptobyte"
)

// parseV3 parses the body of a version 3 signature packet (RFC 4880, 5.2.2).
func parseV3(body []byte) (*signature, error) {
	s := cryptobyte.String(body)
	var version, n, kind, pub, algo uint8
	var created uint32
	var tag [2]byte
	sig := &signature{}
	ok := s.ReadUint8(&version) && s.ReadUint8(&n) && n == 5 && s.ReadUint8(&kind) && s.ReadUint32(&created) &&
		s.ReadUint64(&sig.keyID) && s.ReadUint8(&pub) && s.ReadUint8(&algo) && s.CopyBytes(tag[:])
	if !ok {
		return nil, errors.New("version 3 packet is too short")
	}
	sig.algo = HashAlgo(algo)
	h := cryptoHash(sig.algo)
	if h == 0 {
		return nil, fmt.Errorf("hash algorithm %d", algo)
	}
	sig.pkt = &packet.Signature{Version: 3, SigType: packet.SignatureType(kind),
		PubKeyAlgo: packet.PublicKeyAlgorithm(pub), Hash: h, HashTag: tag,
		HashSuffix: binary.BigEndian.AppendUint32([]byte{kind}, created)}
	return sig, sig.readNumbers(s)
}

// readNumbers reads the multiprecision integers (RFC 4880, 3.2) that end s.
func (sig *signature) readNumbers(s cryptobyte.String) error {
	for len(s) > 0 {
		var bits uint16
		var b []byte
		if !s.ReadUint16(&bits) || !s.ReadBytes(&b, (int(bits)+7)/8) || int(bits) != new(big.Int).SetBytes(b).BitLen() {
			return errors.New("bad number")
		}
		sig.v3 = append(sig.v3, b)
	}
	want := 1
	if sig.pkt.PubKeyAlgo == packet.PubKeyAlgoDSA {
		want = 2
	}
	if len(sig.v3) != want {
		return errors.New("wrong count of numbers")
	}
	return nil
}

// verifyV3 checks a version 3 signature over the digest sum.
func (sig *signature) verifyV3(key *packet.PublicKey, sum []byte) error {
	switch k := key.PublicKey.(type) {
	case *rsa.PublicKey:
		if sig.pubkey() != "RSA" {
			break
		}
		b := make([]byte, k.Size())
		if len(sig.v3[0]) > len(b) {
			return errors.New("the signature is too long")
		}
		copy(b[len(b)-len(sig.v3[0]):], sig.v3[0])
		return rsa.VerifyPKCS1v15(k, sig.pkt.Hash, sum, b)
	case *dsa.PublicKey:
		if sig.pubkey() != "DSA" {
			break
		}
		sum = sum[:min(len(sum), (k.Q.BitLen()+7)/8)]
		if !dsa.Verify(k, sum, new(big.Int).SetBytes(sig.v3[0]), new(big.Int).SetBytes(sig.v3[1])) {
			return errors.New("DSA verification failure")
		}
		return nil
	}
	return errors.New("public key and signature use different algorithms")
}
