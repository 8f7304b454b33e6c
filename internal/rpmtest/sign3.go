package rpmtest

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"encoding/binary"
	"math/big"
	"testing"
)

// V3 returns a signer that makes version 3 signature packets (RFC 4880, 5.2.2)
// with the same RSA key, as old distributions did.
func (s *Signer) V3() *Signer { return &Signer{entity: s.entity, hash: s.hash, v3: true} }

// signV3 makes a version 3 packet over data.
func (s *Signer) signV3(t testing.TB, data []byte) []byte {
	t.Helper()
	key, ok := s.entity.PrivateKey.PrivateKey.(*rsa.PrivateKey)
	if !ok {
		t.Fatal("version 3 signatures are made with RSA only")
	}
	trailer := binary.BigEndian.AppendUint32([]byte{0}, 1700000100)
	h := s.hash.New()
	h.Write(data)
	h.Write(trailer)
	sum := h.Sum(nil)
	sig, err := rsa.SignPKCS1v15(rand.Reader, key, s.hash, sum)
	if err != nil {
		t.Fatal(err)
	}
	numbers := map[crypto.Hash]byte{crypto.MD5: 1, crypto.SHA1: 2, crypto.SHA256: 8, crypto.SHA512: 10}
	body := append([]byte{3, 5}, trailer...)
	body = binary.BigEndian.AppendUint64(body, s.entity.PrimaryKey.KeyId)
	body = append(body, 1, numbers[s.hash], sum[0], sum[1])
	n := new(big.Int).SetBytes(sig)
	body = binary.BigEndian.AppendUint16(body, uint16(n.BitLen()))
	body = append(body, n.Bytes()...)
	return append(binary.BigEndian.AppendUint16([]byte{0x89}, uint16(len(body))), body...)
}

// Foreign returns a signer that makes signatures of version 6 by an
// algorithm for experiments (RFC 9580, 9.1), sane but for the numbers themselves.
func (s *Signer) Foreign() *Signer { return &Signer{entity: s.entity, hash: crypto.SHA512, pqc: true} }

// signForeign makes such a packet over data.
func (s *Signer) signForeign(data []byte) []byte {
	salt := make([]byte, 32)
	body := []byte{6, 0, 100, 10, 0, 0, 0, 6, 5, 2, 0x65, 0x53, 0xf1, 0}
	covered := len(body)
	h := crypto.SHA512.New()
	h.Write(salt)
	h.Write(data)
	h.Write(body)
	h.Write(binary.BigEndian.AppendUint32([]byte{6, 0xff}, uint32(covered)))
	body = binary.BigEndian.AppendUint32(body, 35)
	body = binary.BigEndian.AppendUint64(append(body, 34, 33, 6), s.entity.PrimaryKey.KeyId)
	body = append(body, make([]byte, 24)...) // the rest of the fingerprint
	body = append(append(body, h.Sum(nil)[:2]...), byte(len(salt)))
	body = append(append(body, salt...), make([]byte, 100)...)
	return append(binary.BigEndian.AppendUint32([]byte{0xc2, 0xff}, uint32(len(body))), body...)
}
