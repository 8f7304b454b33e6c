package description

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

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
		if next < len(raw) && !isSpace(raw[next]) && raw[next] != '/' && raw[next] != '>' {
			return nil, nil, r.syntax(r.inside(next), "no blank before the next attribute")
		}
		if value == "" && strings.HasPrefix(name, "xmlns:") {
			return nil, nil, r.syntax(r.inside(i), fmt.Sprintf("namespace prefix %s without a namespace", name))
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
