package partition

import (
	"github.com/fimg/fimg/seed"
)

// GUID is an identifier of a partition type, a partition or a disk, its bytes in
// the order they are printed. It is text in JSON.
type GUID [16]byte

// ParseGUID reads the 8-4-4-4-12 form in either case.
func ParseGUID(text string) (GUID, error) {
	u, err := seed.Parse(text)
	return GUID(u), err
}

// String returns the lower-case 8-4-4-4-12 form; PARTUUID= of the kernel.
func (g GUID) String() string { return seed.UUID(g).String() }

// IsZero tells whether the identifier is unset.
func (g GUID) IsZero() bool { return g == GUID{} }

// MarshalText implements encoding.TextMarshaler; zero becomes empty.
func (g GUID) MarshalText() ([]byte, error) {
	if g.IsZero() {
		return nil, nil
	}
	return []byte(g.String()), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (g *GUID) UnmarshalText(text []byte) (err error) {
	if len(text) == 0 {
		*g = GUID{}
		return nil
	}
	*g, err = ParseGUID(string(text))
	return err
}

// disk returns the mixed-endian bytes of the table.
func (g GUID) disk() [16]byte { return seed.UUID(g).MixedEndian() }

// fromDisk undoes disk.
func fromDisk(b [16]byte) GUID { return GUID(seed.FromMixedEndian(b)) }

// guid makes a GUID from 32 hexadecimal digits of this source; anything else
// gives a wrong GUID, which the test of the table notices.
func guid(hex string) (g GUID) {
	digit := func(c byte) byte {
		if c >= 'a' {
			return c - 'a' + 10
		}
		return c - '0'
	}
	for i := range g {
		g[i] = digit(hex[2*i])<<4 | digit(hex[2*i+1])
	}
	return g
}
