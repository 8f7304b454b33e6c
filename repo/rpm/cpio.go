package rpm

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
)

// cpio archives, "new ASCII" format (cpio(5)) and rpm's stripped variant.
const (
	cpioNewc     = "070701"
	cpioCRC      = "070702"
	cpioStripped = "07070X"
	cpioTrailer  = "TRAILER!!!"
	cpioFields   = 13 // of eight hexadecimal digits after the magic
	maxCpioName  = 4096
)

// Positions of the fields we need.
const (
	cpioFileSize = 6
	cpioNameSize = 11
)

// cpioEntry is what an archive says of one file.
type cpioEntry struct {
	name     string
	size     int64
	stripped bool
	index    int64 // of a stripped entry
	trailer  bool
}

// readEntry reads the header of the next entry, its name and padding.
func (p *Payload) readEntry() (cpioEntry, error) {
	var b [6 + 8*cpioFields]byte
	if err := p.full(b[:6]); err != nil {
		return cpioEntry{}, err
	}
	switch string(b[:6]) {
	case cpioStripped:
		return p.readStripped()
	case cpioNewc, cpioCRC:
	default:
		return cpioEntry{}, &FormatError{"payload", "bad cpio magic"}
	}
	if err := p.full(b[6:]); err != nil {
		return cpioEntry{}, err
	}
	var fields [cpioFields]int64
	for i := range fields {
		v, err := hexField(b[6+8*i:])
		if err != nil {
			return cpioEntry{}, err
		}
		fields[i] = v
	}
	name, err := p.readName(int(fields[cpioNameSize]))
	if err != nil {
		return cpioEntry{}, err
	}
	return cpioEntry{name: name, size: fields[cpioFileSize], trailer: name == cpioTrailer}, nil
}

// readStripped reads an entry that is only a number; -1 would be the trailer,
// but rpm writes an ordinary one.
func (p *Payload) readStripped() (cpioEntry, error) {
	var b [8]byte
	if err := p.full(b[:]); err != nil {
		return cpioEntry{}, err
	}
	v, err := hexField(b[:])
	if err != nil {
		return cpioEntry{}, err
	}
	return cpioEntry{stripped: true, index: v, trailer: v == 0xffffffff}, p.skip(pad4(p.off))
}

// readName reads a NUL-terminated name of n bytes.
func (p *Payload) readName(n int) (string, error) {
	if n < 1 || n > maxCpioName {
		return "", &FormatError{"payload", fmt.Sprintf("cpio name of %d bytes", n)}
	}
	b := make([]byte, n)
	if err := p.full(b); err != nil {
		return "", err
	}
	name, rest, _ := bytes.Cut(b, []byte{0})
	if len(rest) != 0 || len(name) == n {
		return "", &FormatError{"payload", "bad cpio name"}
	}
	return string(name), p.skip(pad4(p.off))
}

// full fills b from the archive.
func (p *Payload) full(b []byte) error {
	n, err := io.ReadFull(p.in, b)
	p.off += int64(n)
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// skip consumes n bytes of padding, which must be zero.
func (p *Payload) skip(n int) error {
	var b [4]byte
	if err := p.full(b[:n]); err != nil {
		return err
	}
	if !allZero(b[:n]) {
		return &FormatError{"payload", "the padding is not zero"}
	}
	return nil
}

// pad4 returns how many bytes are missing to a multiple of four.
func pad4(off int64) int { return int(-off & 3) }

// hexField decodes eight hexadecimal digits.
func hexField(b []byte) (int64, error) {
	v, err := strconv.ParseUint(string(b[:8]), 16, 32)
	if err != nil {
		return 0, &FormatError{"payload", "bad number in a cpio entry"}
	}
	return int64(v), nil
}
