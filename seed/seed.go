// Package seed derives every identifier of an image (UUIDs, disk and volume ids,
// salts) from what the image is, so that equal inputs give equal bits and two
// different images never share an identifier. The derivation is SHA-256 over
// length-prefixed strings; there is no state and no randomness.
package seed

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strings"
)

// Seed is the root of a family of identifiers.
type Seed [sha256.Size]byte

// New makes a seed from the facts that tell one image from another: name,
// version, profiles, architecture, type and, when given, the user's own word.
func New(facts ...string) Seed {
	h := sha256.New()
	for _, f := range facts {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(f)))
		h.Write(n[:])
		h.Write([]byte(f))
	}
	return Seed(h.Sum(nil))
}

// Sub returns the seed of one named part of the image.
func (s Seed) Sub(name string) Seed { return New(string(s[:]), name) }

// UUID returns the identifier called name, shaped as a version 4 UUID (RFC 9562).
func (s Seed) UUID(name string) UUID {
	sub := s.Sub(name)
	u := UUID(sub[:16])
	u[6] = u[6]&0x0f | 0x40
	u[8] = u[8]&0x3f | 0x80
	return u
}

// Uint32 returns a 32-bit identifier called name; it is never zero.
func (s Seed) Uint32(name string) uint32 {
	sub := s.Sub(name)
	if v := binary.BigEndian.Uint32(sub[:4]); v != 0 {
		return v
	}
	return 1
}

// UUID is 16 bytes in the order they are printed.
type UUID [16]byte

// String returns the usual 8-4-4-4-12 lower-case form.
func (u UUID) String() string {
	return fmt.Sprintf("%x-%x-%x-%x-%x", u[0:4], u[4:6], u[6:8], u[8:10], u[10:])
}

// MixedEndian returns the on-disk order of GPT and Microsoft formats: the first
// three groups little endian (UEFI specification 2.10, appendix A).
func (u UUID) MixedEndian() [16]byte {
	return [16]byte{u[3], u[2], u[1], u[0], u[5], u[4], u[7], u[6],
		u[8], u[9], u[10], u[11], u[12], u[13], u[14], u[15]}
}

// FromMixedEndian undoes MixedEndian.
func FromMixedEndian(b [16]byte) UUID { return UUID(UUID(b).MixedEndian()) }

// Parse reads the 8-4-4-4-12 form in either case.
func Parse(text string) (UUID, error) {
	var u UUID
	flat := strings.ReplaceAll(text, "-", "")
	if len(text) != 36 || len(flat) != 32 {
		return u, fmt.Errorf("parse uuid %q: want 8-4-4-4-12 hexadecimal digits", text)
	}
	for i := range u {
		if _, err := fmt.Sscanf(flat[2*i:2*i+2], "%02x", &u[i]); err != nil {
			return UUID{}, fmt.Errorf("parse uuid %q: %w", text, err)
		}
	}
	return u, nil
}
