package description

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/beevik/etree"
)

// tag reads the name and the attributes of the current start tag, which ends at the
// offset and which encoding/xml has already accepted.
func (r *reader) tag(end int) (*node, *origin, error) {
	raw := r.data[r.start.offset:end]
	i := 1
	for i < len(raw) && !strings.ContainsRune(" \t\r\n/>", rune(raw[i])) {
		i++
	}
	name := string(raw[1:i])
	if !qualified(name) {
		return nil, nil, r.syntax(r.start, fmt.Sprintf("element name %q", name))
	}
	n, from := (*node)(etree.NewElement(name)), &origin{place: r.place(r.start)}
	for {
		for i < len(raw) && isSpace(raw[i]) {
			i++
		}
		if i >= len(raw) || raw[i] == '>' || raw[i] == '/' {
			return n, from, nil
		}
		name, value, next, err := r.attribute(raw, i)
		if err != nil {
			return nil, nil, err
		}
		if _, twice := n.attr(name); twice {
			return nil, nil, r.syntax(r.inside(i), fmt.Sprintf("attribute %s is written twice", name))
		}
		n.set(name, value)
		if from.attrs = append(from.attrs, attrPlace{name, r.place(r.inside(i))}); len(from.attrs) > maxAttrs {
			return nil, nil, r.syntax(r.start, fmt.Sprintf("more than %d attributes", maxAttrs))
		}
		i = next
	}
}

// qualified tells whether a name is one part or two with a colon between.
func qualified(name string) bool {
	prefix, local, both := strings.Cut(name, ":")
	return name != "" && (!both || prefix != "" && local != "" && !strings.Contains(local, ":"))
}

// attribute reads name="value" at raw[i:] of the current tag; next is what follows.
func (r *reader) attribute(raw []byte, i int) (name, value string, next int, err error) {
	begin := i
	for i < len(raw) && raw[i] != '=' && !isSpace(raw[i]) {
		i++
	}
	if name = string(raw[begin:i]); !qualified(name) {
		return "", "", 0, r.syntax(r.inside(begin), fmt.Sprintf("attribute name %q", name))
	}
	for i < len(raw) && raw[i] != '"' && raw[i] != '\'' {
		i++
	}
	if i >= len(raw) {
		return "", "", 0, r.syntax(r.inside(begin), "attribute without a value")
	}
	from := i + 1
	length := bytes.IndexByte(raw[from:], raw[i])
	if length >= 0 && length <= maxValue {
		value = r.value(string(raw[from : from+length]))
	}
	if length < 0 || length > maxValue || len(value) > maxValue {
		return "", "", 0, r.syntax(r.inside(begin), fmt.Sprintf("value of %s is longer than %d bytes", name, maxValue))
	}
	return name, value, from + length + 1, nil
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// value normalises an attribute value (XML 1.0, 3.3.3) and resolves references.
func (r *reader) value(raw string) string {
	if !strings.ContainsAny(raw, "&\t\r\n") {
		return raw
	}
	var b strings.Builder
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; c {
		case '\r':
			b.WriteByte(' ')
			if i+1 < len(raw) && raw[i+1] == '\n' {
				i++
			}
		case '\t', '\n':
			b.WriteByte(' ')
		case '&':
			name, _, _ := strings.Cut(raw[i+1:], ";")
			b.WriteString(r.reference(name))
			i += len(name) + 1
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// reference resolves a character or entity reference.
func (r *reader) reference(name string) string {
	switch name {
	case "lt":
		return "<"
	case "gt":
		return ">"
	case "amp":
		return "&"
	case "quot":
		return `"`
	case "apos":
		return "'"
	}
	if number, ok := strings.CutPrefix(name, "#"); ok {
		base := 10
		if hex, ok := strings.CutPrefix(number, "x"); ok {
			number, base = hex, 16
		}
		v, _ := strconv.ParseUint(number, base, 21)
		return string(rune(v))
	}
	return strings.NewReplacer("\t", " ", "\n", " ", "\r", " ").Replace(r.dec.Entity[name])
}

var (
	entityDecl = regexp.MustCompile(`<!ENTITY\s+([\pL_][\pL\pN._-]*)\s+("[^"]*"|'[^']*')\s*>`)
	entityAny  = regexp.MustCompile(`<!ENTITY\s`)
)

// Limits on entities: how many, how long a value may be, how deep they may refer
// to each other.
const (
	maxEntities   = 100
	maxEntity     = 4096
	maxReferences = 8
)

// doctype accepts a document type declaration. Internal text entities are
// honoured, anything that holds markup, could fetch a file or grow is refused.
func (r *reader) doctype(text string) error {
	found := entityDecl.FindAllStringSubmatch("<!"+text, maxEntities+1)
	if len(found) > maxEntities || len(found) != len(entityAny.FindAllString("<!"+text, maxEntities+1)) {
		return r.syntax(r.start, "external or parameter entities are not supported")
	}
	raw := map[string]string{}
	for _, f := range found {
		if _, twice := raw[f[1]]; !twice { // the first declaration counts
			raw[f[1]] = f[2][1 : len(f[2])-1]
		}
	}
	r.dec.Entity = map[string]string{}
	for name := range raw {
		value, ok := r.expand(raw, raw[name], maxReferences)
		if !ok {
			return r.syntax(r.start, fmt.Sprintf("entity %s holds markup, is too long or refers to itself", name))
		}
		r.dec.Entity[name] = value
	}
	return nil
}

// expand resolves the references in an entity's value.
func (r *reader) expand(raw map[string]string, value string, depth int) (string, bool) {
	var b strings.Builder
	for value != "" {
		i := strings.IndexByte(value, '&')
		if i < 0 {
			b.WriteString(value)
			break
		}
		b.WriteString(value[:i])
		name, rest, closed := strings.Cut(value[i+1:], ";")
		part := r.reference(name)
		if inner, known := raw[name]; known && depth > 0 {
			var ok bool
			if part, ok = r.expand(raw, inner, depth-1); !ok {
				return "", false
			}
		} else if !closed || part == "" {
			return "", false
		}
		b.WriteString(part)
		if b.Len() > maxEntity {
			return "", false
		}
		value = rest
	}
	out := b.String()
	return out, len(out) <= maxEntity && !strings.ContainsAny(out, "<&%")
}

var encodingDecl = regexp.MustCompile(`^<\?xml[^>]*encoding\s*=\s*["']([A-Za-z0-9._-]+)["']`)

var version11 = regexp.MustCompile(`^<\?xml\s+version\s*=\s*["']1\.(1)["']`)

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
	if loc := version11.FindSubmatchIndex(data[:min(len(data), 200)]); loc != nil {
		data = bytes.Clone(data)
		data[loc[2]] = '0' // XML 1.1 differs in characters that descriptions do not have
	}
	m := encodingDecl.FindSubmatch(data[:min(len(data), 200)])
	if m == nil {
		return data, nil
	}
	switch name := strings.ToLower(string(m[1])); name {
	case "utf-8", "utf8", "us-ascii", "ascii":
		return data, nil
	case "iso-8859-1", "latin1", "iso_8859-1", "windows-1252", "cp1252":
		return fromLatin(data, strings.Contains(name, "1252")), nil
	default:
		return data, fmt.Errorf("encoding %s is not supported; use UTF-8", name)
	}
}

// windows1252 are the characters of 0x80 to 0x9f that differ from ISO 8859-1.
var windows1252 = []rune("€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ")

func fromLatin(data []byte, windows bool) []byte {
	out := make([]byte, 0, len(data)+len(data)/8)
	for _, c := range data {
		r := rune(c)
		if windows && c >= 0x80 && c < 0xa0 {
			r = windows1252[c-0x80]
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
