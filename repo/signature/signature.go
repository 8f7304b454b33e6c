// Package signature verifies detached OpenPGP signatures (RFC 9580 and RFC 4880)
// by a fixed set of public keys. It fails closed: an unknown signer, an unusable
// key, a hash function that can be forged, a missing signature are all errors.
//
// Whether a key or a signature has expired is judged at the time the signature was
// made and not by the clock, so that an image can still be built again when the
// key of its repository is out of date. Revocations follow the same time unless
// their reason is that the key was compromised. There is no web of trust: the keys
// a user names are trusted.
package signature

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	pgperrors "github.com/ProtonMail/go-crypto/openpgp/errors"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

const maxKeyFile = 4 << 20

// Keyring is a set of public keys. The zero value holds none and verifies
// nothing.
type Keyring struct{ keys openpgp.EntityList }

// Add reads the keys in data, one or more armored blocks or a binary key ring.
// Data without a usable key is an error.
func (k *Keyring) Add(data []byte) error {
	if len(data) > maxKeyFile {
		return errors.New("key file is too large")
	}
	blocks := bytes.Split(data, []byte(armorBegin))
	if len(blocks) == 1 {
		return k.read(bytes.NewReader(data))
	}
	for _, rest := range blocks[1:] {
		if err := k.armored(append([]byte(armorBegin), rest...)); err != nil {
			return err
		}
	}
	return nil
}

const armorBegin = "-----BEGIN PGP"

func (k *Keyring) armored(text []byte) error {
	block, err := armor.Decode(bytes.NewReader(text))
	switch {
	case err != nil:
		return fmt.Errorf("read armored key: %w", err)
	case block.Type != openpgp.PublicKeyType:
		return fmt.Errorf("read armored key: found a %q", block.Type)
	}
	return k.read(block.Body)
}

func (k *Keyring) read(r io.Reader) error {
	keys, err := openpgp.ReadKeyRing(r)
	if err != nil {
		return fmt.Errorf("read key: %w", err)
	}
	if len(keys) == 0 {
		return errors.New("read key: no key found")
	}
	k.keys = append(k.keys, keys...)
	return nil
}

// Len is the number of primary keys.
func (k *Keyring) Len() int { return len(k.keys) }

// Signer tells who made a good signature.
type Signer struct {
	KeyID   string // 16 upper-case hexadecimal digits of the signing key
	Created time.Time
}

// Verify checks that sig, armored or binary, is a good signature on data by one
// of the keys.
func (k *Keyring) Verify(data, sig []byte) (Signer, error) {
	if len(k.keys) == 0 {
		return Signer{}, errors.New("there are no keys to check the signature with")
	}
	raw, err := dearmor(sig)
	if err != nil {
		return Signer{}, err
	}
	created, err := k.relevant(raw)
	if err != nil {
		return Signer{}, err
	}
	config := &packet.Config{Time: func() time.Time { return created }}
	good, _, err := openpgp.VerifyDetachedSignature(k.keys, bytes.NewReader(data), bytes.NewReader(raw), config)
	switch {
	case errors.Is(err, pgperrors.ErrKeyExpired):
		return Signer{}, errors.New("the key had expired when the signature was made")
	case err != nil:
		return Signer{}, err
	}
	return Signer{fmt.Sprintf("%016X", *good.IssuerKeyId), good.CreationTime}, nil
}

// dearmor returns the packets of a signature file.
func dearmor(sig []byte) ([]byte, error) {
	if len(sig) > maxKeyFile {
		return nil, errors.New("signature file is too large")
	}
	if !bytes.HasPrefix(bytes.TrimSpace(sig), []byte(armorBegin)) {
		return sig, nil
	}
	block, err := armor.Decode(bytes.NewReader(sig))
	if err != nil {
		return nil, fmt.Errorf("read armored signature: %w", err)
	}
	if block.Type != openpgp.SignatureType {
		return nil, fmt.Errorf("read armored signature: found a %q", block.Type)
	}
	raw, err := io.ReadAll(block.Body)
	if err != nil {
		return nil, fmt.Errorf("read armored signature: %w", err)
	}
	return raw, nil
}

// relevant finds the first signature by a known key and returns when it was made.
func (k *Keyring) relevant(raw []byte) (time.Time, error) {
	packets := packet.NewReader(bytes.NewReader(raw))
	unknown := ""
	for {
		p, err := packets.Next()
		switch {
		case errors.Is(err, io.EOF) && unknown != "":
			return time.Time{}, fmt.Errorf("signed by unknown key %s", unknown)
		case err != nil:
			return time.Time{}, fmt.Errorf("read signature: %w", err)
		}
		sig, ok := p.(*packet.Signature)
		if !ok || sig.IssuerKeyId == nil {
			return time.Time{}, errors.New("read signature: not a signature with an issuer")
		}
		if len(k.keys.KeysByIdUsage(*sig.IssuerKeyId, packet.KeyFlagSign)) > 0 {
			return sig.CreationTime, nil
		}
		unknown = fmt.Sprintf("%016X", *sig.IssuerKeyId)
	}
}
