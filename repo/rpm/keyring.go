package rpm

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// Keyring is a set of OpenPGP certificates to verify packages with. The zero
// value is an empty ring. Adding and using it must not overlap.
type Keyring struct {
	certs []Cert
	keys  map[uint64][]ringKey
}

// ringKey is a key that may sign.
type ringKey struct {
	*packet.PublicKey
	certificate string // fingerprint of the primary key
}

// Cert is one certificate of a ring.
type Cert struct {
	CertKey           // the primary key
	Raw     []byte    // the packets, without armor
	UserIDs []string  // in the order they are in
	Subkeys []CertKey // that are not revoked
}

// CertKey is one key of a certificate.
type CertKey struct {
	Version     int
	KeyID       string // sixteen hexadecimal digits
	Fingerprint string // hexadecimal
	Created     int64  // seconds since 1970
	Signs       bool   // packages may be signed with it
}

func certKey(k *packet.PublicKey) CertKey {
	return CertKey{Version: k.Version, KeyID: fmt.Sprintf("%016x", k.KeyId), Fingerprint: fmt.Sprintf("%x", k.Fingerprint),
		Created: k.CreationTime.Unix(), Signs: true}
}

// Certs returns the certificates in the order they were added.
func (k *Keyring) Certs() []Cert {
	if k == nil {
		return nil
	}
	return slices.Clone(k.certs)
}

// ErrNoCert is Add's error when there is no certificate in the data.
var ErrNoCert = errors.New("no OpenPGP certificate")

// Add reads certificates, armored (any number of blocks, with text around them)
// or binary. What cannot be used is left out and told in the error; the other
// certificates are added all the same.
func (k *Keyring) Add(data []byte) error {
	blocks, errs := dearmor(data)
	found := false
	for _, raw := range blocks {
		for len(raw) > 0 {
			cert, rest, err := nextCert(raw)
			if err == nil {
				found = true
				err = k.addCert(cert)
			}
			if err != nil {
				errs = append(errs, err)
			}
			raw = rest
		}
	}
	err := errors.Join(errs...)
	switch {
	case found:
		return err
	case err == nil:
		return ErrNoCert
	default:
		return fmt.Errorf("%w: %w", ErrNoCert, err)
	}
}

// dearmor returns the binary content of all armored blocks in data, data itself
// when it is not armored.
func dearmor(data []byte) (blocks [][]byte, errs []error) {
	mark := []byte("-----BEGIN PGP ")
	if !bytes.Contains(data, mark) {
		return [][]byte{data}, nil
	}
	parts := bytes.Split(data, mark)
	for _, part := range parts[1:] {
		b, err := dearmorBlock(append(bytes.Clone(mark), part...))
		if err != nil {
			errs = append(errs, err)
			continue
		}
		blocks = append(blocks, b)
	}
	return blocks, errs
}

func dearmorBlock(part []byte) ([]byte, error) {
	block, err := armor.Decode(bytes.NewReader(part))
	if err != nil {
		return nil, fmt.Errorf("read armor: %w", err)
	}
	if block.Type != openpgp.PublicKeyType {
		return nil, fmt.Errorf("read armor: %s is not a public key", block.Type)
	}
	b, err := io.ReadAll(block.Body)
	if err != nil {
		return nil, fmt.Errorf("read armor: %w", err)
	}
	return b, nil
}

// nextCert splits the first certificate from packets: a public key packet and
// all up to the next.
func nextCert(raw []byte) (cert, rest []byte, err error) {
	at := raw
	for n := 0; len(at) > 0; n++ {
		tag, _, next, err := nextPacket(at)
		if err != nil {
			return nil, nil, fmt.Errorf("read certificate: %w", err)
		}
		if n == 0 && tag != 6 {
			return nil, nil, fmt.Errorf("read certificate: packet of type %d", tag)
		}
		if n > 0 && tag == 6 {
			break
		}
		at = next
	}
	return raw[:len(raw)-len(at)], at, nil
}

// addCert adds one certificate. Where its self-signatures or user IDs cannot be
// understood the primary key alone is taken: the caller vouches for the file.
func (k *Keyring) addCert(raw []byte) error {
	p, err := packet.Read(bytes.NewReader(raw))
	if err != nil {
		return fmt.Errorf("read certificate: %w", err)
	}
	primary, ok := p.(*packet.PublicKey)
	if !ok {
		return errors.New("read certificate: no public key")
	}
	cert := Cert{CertKey: certKey(primary), Raw: bytes.Clone(raw)}
	keys := []*packet.PublicKey{primary}
	entity, err := openpgp.ReadEntity(packet.NewReader(bytes.NewReader(raw)))
	if err == nil {
		if len(entity.Revocations) > 0 {
			return fmt.Errorf("certificate %s is revoked", cert.KeyID)
		}
		for i := range entity.Subkeys {
			s := &entity.Subkeys[i]
			if len(s.Revocations) > 0 {
				continue
			}
			sub := certKey(s.PublicKey)
			if sub.Signs = s.PublicKey.CanSign() && s.Sig != nil && s.Sig.FlagSign; sub.Signs {
				keys = append(keys, s.PublicKey)
			}
			cert.Subkeys = append(cert.Subkeys, sub)
		}
	}
	cert.UserIDs = userIDs(raw)
	k.certs = append(k.certs, cert)
	if k.keys == nil {
		k.keys = make(map[uint64][]ringKey)
	}
	for _, key := range keys {
		k.keys[key.KeyId] = append(k.keys[key.KeyId], ringKey{key, cert.Fingerprint})
	}
	return nil
}

// userIDs returns the user ID packets of a certificate.
func userIDs(raw []byte) []string {
	var ids []string
	for len(raw) > 0 {
		tag, body, rest, err := nextPacket(raw)
		if err != nil {
			break
		}
		if tag == 13 {
			ids = append(ids, string(body))
		}
		raw = rest
	}
	return ids
}

// lookup returns the keys with an ID.
func (k *Keyring) lookup(id uint64) []ringKey {
	if k == nil {
		return nil
	}
	return k.keys[id]
}
