package description

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// xmlDecl is the XML declaration, XML 1.0 section 2.8; 1 is the last digit of the
// version, 2 the encoding.
var xmlDecl = regexp.MustCompile(`^<\?xml\s+version\s*=\s*(?:"1\.([0-9])"|'1\.([0-9])')` +
	`(?:\s+encoding\s*=\s*["']([A-Za-z][A-Za-z0-9._-]*)["'])?(?:\s+standalone\s*=\s*(?:"(?:yes|no)"|'(?:yes|no)'))?\s*\?>`)

// toUTF8 drops a byte order mark and recodes UTF-16 and ISO 8859-1.
func toUTF8(data []byte) ([]byte, error) {
	switch {
	case len(data) >= 3 && string(data[:3]) == "\xef\xbb\xbf":
		data = data[3:]
	case len(data) >= 2 && string(data[:2]) == "\xff\xfe":
		return fromUTF16(data[2:], binary.LittleEndian), nil
	case len(data) >= 2 && string(data[:2]) == "\xfe\xff":
		return fromUTF16(data[2:], binary.BigEndian), nil
	}
	return declared(data)
}

// declared recodes what the XML declaration says. Versions above 1.0 differ in
// characters that descriptions do not have.
func declared(data []byte) ([]byte, error) {
	if !startsDeclaration(data) {
		return data, nil
	}
	loc := xmlDecl.FindSubmatchIndex(data[:min(len(data), 1000)])
	if loc == nil {
		return data, errors.New("the XML declaration is not of the form version, encoding, standalone, or the version is not 1.0")
	}
	if digit := max(loc[2], loc[4]); data[digit] != '0' {
		data = bytes.Clone(data)
		data[digit] = '0'
	}
	if loc[6] < 0 {
		return data, nil
	}
	switch name := strings.ToLower(string(data[loc[6]:loc[7]])); name {
	case "utf-8", "utf8":
		return data, nil
	case "us-ascii", "ascii":
		if i := bytes.IndexFunc(data, func(c rune) bool { return c >= 0x80 }); i >= 0 {
			return data, fmt.Errorf("byte %d is not ASCII, the encoding that is declared", i)
		}
		return data, nil
	case "iso-8859-1", "latin1", "iso_8859-1", "iso-8859-15", "latin-9", "windows-1252", "cp1252":
		return fromLatin(data, latinSigns[name]), nil
	default:
		return data, fmt.Errorf("encoding %s is not supported; use UTF-8", name)
	}
}

// startsDeclaration tells whether the file begins with an XML declaration.
func startsDeclaration(data []byte) bool {
	rest, ok := bytes.CutPrefix(data, []byte("<?xml"))
	return ok && len(rest) > 0 && isSpace(rest[0])
}

// latinSigns are the characters in which an encoding differs from ISO 8859-1.
var latinSigns = map[string]map[byte]rune{
	"windows-1252": windows1252, "cp1252": windows1252,
	"iso-8859-15": latin9, "latin-9": latin9,
}

var windows1252 = map[byte]rune{0x80: '€', 0x82: '‚', 0x83: 'ƒ', 0x84: '„', 0x85: '…', 0x86: '†', 0x87: '‡', 0x88: 'ˆ',
	0x89: '‰', 0x8a: 'Š', 0x8b: '‹', 0x8c: 'Œ', 0x8e: 'Ž', 0x91: '‘', 0x92: '’', 0x93: '“', 0x94: '”', 0x95: '•',
	0x96: '–', 0x97: '—', 0x98: '˜', 0x99: '™', 0x9a: 'š', 0x9b: '›', 0x9c: 'œ', 0x9e: 'ž', 0x9f: 'Ÿ'}

var latin9 = map[byte]rune{0xa4: '€', 0xa6: 'Š', 0xa8: 'š', 0xb4: 'Ž', 0xb8: 'ž', 0xbc: 'Œ', 0xbd: 'œ', 0xbe: 'Ÿ'}

func fromLatin(data []byte, signs map[byte]rune) []byte {
	out := make([]byte, 0, len(data)+len(data)/8)
	for _, c := range data {
		r, ok := signs[c]
		if !ok {
			r = rune(c)
		}
		out = utf8.AppendRune(out, r)
	}
	return out
}

func fromUTF16(data []byte, order binary.ByteOrder) []byte {
	units := make([]uint16, len(data)/2)
	for i := range units {
		units[i] = order.Uint16(data[2*i:])
	}
	return []byte(string(utf16.Decode(units)))
}
