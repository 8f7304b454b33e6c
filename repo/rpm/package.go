package rpm

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Package is what a package file says before its payload.
type Package struct {
	Lead      Lead
	Signature *Header
	Header    *Header
	// HeaderOffset and PayloadOffset are positions in the file, in bytes.
	HeaderOffset  int64
	PayloadOffset int64
}

// ReadPackage reads lead, signature header and main header, and not a byte more.
func ReadPackage(r io.Reader) (*Package, error) {
	p := &Package{}
	var lead [leadSize]byte
	if _, err := io.ReadFull(r, lead[:]); err != nil {
		return nil, short("lead", err)
	}
	var err error
	if p.Lead, err = parseLead(lead[:]); err != nil {
		return nil, err
	}
	if p.Signature, err = readHeader(r, "signature header", RegionSignatures, false); err != nil {
		return nil, err
	}
	pad, err := readPadding(r, len(p.Signature.blob))
	if err != nil {
		return nil, err
	}
	p.HeaderOffset = int64(leadSize + len(headerMagic) + len(p.Signature.blob) + pad)
	if p.Header, err = readHeader(r, "header", RegionImmutable, true); err != nil {
		return nil, err
	}
	p.PayloadOffset = p.HeaderOffset + int64(len(headerMagic)+len(p.Header.blob))
	return p, nil
}

// short turns the end of the file into a format error.
func short(part string, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return &FormatError{part, "the file ends early"}
	}
	return fmt.Errorf("read %s: %w", part, err)
}

// readHeader reads one header with its magic.
func readHeader(r io.Reader, part string, region Tag, exact bool) (*Header, error) {
	var intro [len(headerMagic) + introSize]byte
	if _, err := io.ReadFull(r, intro[:]); err != nil {
		return nil, short(part, err)
	}
	if [8]byte(intro[:8]) != headerMagic {
		return nil, &FormatError{part, "bad magic"}
	}
	il, dl := binary.BigEndian.Uint32(intro[8:]), binary.BigEndian.Uint32(intro[12:])
	if err := checkLengths(il, dl, region); err != nil {
		return nil, &FormatError{part, err.Error()}
	}
	blob, err := readBlob(r, int(introSize+il*entrySize+dl), intro[8:])
	if err != nil {
		return nil, short(part, err)
	}
	return parseHeader(blob, part, region, exact)
}

// readBlob reads n bytes that start with start. Memory grows with what the
// source really has, so a lying length costs nothing.
func readBlob(r io.Reader, n int, start []byte) ([]byte, error) {
	const step = 4 << 20
	blob := make([]byte, len(start), min(n, step))
	copy(blob, start)
	for len(blob) < n {
		have := len(blob)
		want := min(n, max(2*have, step))
		if cap(blob) < want {
			blob = append(make([]byte, 0, want), blob...)
		}
		blob = blob[:want]
		if _, err := io.ReadFull(r, blob[have:]); err != nil {
			return nil, err
		}
	}
	return blob, nil
}

// readPadding reads the bytes that align the main header to eight.
func readPadding(r io.Reader, sigLen int) (int, error) {
	pad := (8 - sigLen%8) % 8
	var b [8]byte
	if _, err := io.ReadFull(r, b[:pad]); err != nil {
		return 0, short("signature header", err)
	}
	if !allZero(b[:pad]) {
		return 0, &FormatError{"signature header", "the padding is not zero"}
	}
	return pad, nil
}

// Append encodes the package up to the payload; it is the inverse of reading it.
func (p *Package) Append(b []byte) ([]byte, error) {
	b, err := p.Lead.Append(b)
	if err != nil {
		return nil, fmt.Errorf("write lead: %w", err)
	}
	b = append(append(b, headerMagic[:]...), p.Signature.blob...)
	b = append(b, make([]byte, (8-len(p.Signature.blob)%8)%8)...)
	return append(append(b, headerMagic[:]...), p.Header.blob...), nil
}
