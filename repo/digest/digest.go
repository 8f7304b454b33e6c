// Package digest names and checks the checksums that repository metadata uses.
package digest

import (
	"crypto/sha1" //nolint:gosec // old repositories still carry it
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"strings"
)

// Checksum is the checksum of a whole file. The zero value means that none is
// known. Checksums are comparable.
type Checksum struct {
	Type string `json:"type"` // sha1, sha224, sha256, sha384 or sha512
	Hex  string `json:"hex"`  // lower-case digits
}

// New checks the two halves of a checksum as metadata spells them ("sha" means
// SHA-1). MD5 is refused: it no longer tells one file from another.
func New(kind, digits string) (Checksum, error) {
	c := Checksum{strings.ToLower(kind), strings.ToLower(digits)}
	if c.Type == "sha" {
		c.Type = "sha1"
	}
	h := c.Hash()
	if h == nil {
		return Checksum{}, fmt.Errorf("checksum type %q is not supported", kind)
	}
	if raw, err := hex.DecodeString(c.Hex); err != nil || len(raw) != h.Size() {
		return Checksum{}, fmt.Errorf("%q is not a %s checksum", digits, c.Type)
	}
	return c, nil
}

// Parse reads the form that String writes.
func Parse(text string) (Checksum, error) {
	kind, digits, ok := strings.Cut(text, ":")
	if !ok {
		return Checksum{}, fmt.Errorf("parse checksum %q: want type:digits", text)
	}
	return New(kind, digits)
}

// String returns "type:digits", empty for the zero value.
func (c Checksum) String() string {
	if c == (Checksum{}) {
		return ""
	}
	return c.Type + ":" + c.Hex
}

// IsZero says whether no checksum is known.
func (c Checksum) IsZero() bool { return c == Checksum{} }

// Hash returns the function that computes checksums of this type, nil for an
// unknown type.
func (c Checksum) Hash() hash.Hash {
	switch c.Type {
	case "sha1":
		return sha1.New() //nolint:gosec // see above
	case "sha224":
		return sha256.New224()
	case "sha256":
		return sha256.New()
	case "sha384":
		return sha512.New384()
	case "sha512":
		return sha512.New()
	}
	return nil
}

// Strength orders the types; a larger number is harder to forge.
func (c Checksum) Strength() int {
	switch c.Type {
	case "sha1":
		return 1
	case "sha224":
		return 2
	case "sha256":
		return 3
	case "sha384":
		return 4
	case "sha512":
		return 5
	}
	return 0
}

// Of returns the checksum of the same type over r, and r's length.
func (c Checksum) Of(r io.Reader) (Checksum, int64, error) {
	h := c.Hash()
	if h == nil {
		return Checksum{}, 0, fmt.Errorf("checksum type %q is not supported", c.Type)
	}
	n, err := io.Copy(h, r)
	return c.With(h), n, err
}

// With returns the checksum of the same type that h has come to.
func (c Checksum) With(h hash.Hash) Checksum {
	return Checksum{c.Type, hex.EncodeToString(h.Sum(nil))}
}
