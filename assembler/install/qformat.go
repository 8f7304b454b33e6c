package install

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/fimg/fimg/repo/rpm"
)

// queryFormat expands the tags of a scriptlet body marked with the qformat flag,
// as "rpm --qf" does for "%{TAG}", iterating over arrays in "[…]", "%{=TAG}" for
// the first element and the escapes \n, \t and \\. Formats after a colon are not
// known and an error.
func queryFormat(h *rpm.Header, body string) (string, error) {
	q := &query{h: h}
	out, _, err := q.run(body, -1)
	return out, err
}

type query struct{ h *rpm.Header }

// run expands text; index is the element inside an array, -1 outside of one.
// It returns the number of elements of the arrays seen.
func (q *query) run(text string, index int) (string, int, error) {
	var b strings.Builder
	count := 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\' && i+1 < len(text):
			i++
			b.WriteString(unescape(text[i]))
		case c == '%' && i+1 < len(text) && text[i+1] == '%':
			b.WriteByte('%')
			i++
		case c == '%' && i+1 < len(text) && text[i+1] == '{':
			end := strings.IndexByte(text[i:], '}')
			if end < 0 {
				return "", 0, fmt.Errorf("expand query format: missing }")
			}
			value, n, err := q.tag(text[i+2:i+end], index)
			if err != nil {
				return "", 0, err
			}
			b.WriteString(value)
			count = max(count, n)
			i += end
		case c == '[' && index < 0:
			end := strings.IndexByte(text[i:], ']')
			if end < 0 {
				return "", 0, fmt.Errorf("expand query format: missing ]")
			}
			value, err := q.array(text[i+1 : i+end])
			if err != nil {
				return "", 0, err
			}
			b.WriteString(value)
			i += end
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), count, nil
}

func unescape(c byte) string {
	switch c {
	case 'n':
		return "\n"
	case 't':
		return "\t"
	case 'r':
		return "\r"
	}
	return string(c)
}

func (q *query) array(text string) (string, error) {
	var b strings.Builder
	for i, count := 0, 1; i < count; i++ {
		part, n, err := q.run(text, i)
		if err != nil {
			return "", err
		}
		count = n
		if i < count {
			b.WriteString(part)
		}
	}
	return b.String(), nil
}

// tag returns one element of a tag and how many there are.
func (q *query) tag(name string, index int) (string, int, error) {
	if strings.Contains(name, ":") {
		return "", 0, fmt.Errorf("expand query format: %q is not supported", name)
	}
	first := strings.HasPrefix(name, "=")
	name = strings.ToUpper(strings.TrimPrefix(name, "="))
	values, ok := q.values(strings.TrimPrefix(name, "RPMTAG_"))
	if !ok {
		return "(none)", 1, nil
	}
	n := len(values)
	switch {
	case first || index < 0:
		if first {
			n = 0
		}
		return values[0], n, nil
	case index < len(values):
		return values[index], n, nil
	}
	return "", n, nil
}

func (q *query) values(name string) ([]string, bool) {
	id := q.h.Identity()
	switch name {
	case "NEVRA":
		return []string{id.NEVRA()}, true
	case "NVRA":
		return []string{id.NVRA()}, true
	case "EVR":
		return []string{id.EVR()}, true
	case "NVR":
		return []string{id.Name + "-" + id.Version + "-" + id.Release}, true
	}
	tag, ok := rpm.TagByName(name)
	if !ok || q.h.Count(tag) == 0 {
		return nil, false
	}
	if s := q.h.Strings(tag); len(s) > 0 {
		return s, true
	}
	numbers := q.h.Numbers(tag)
	var out []string
	for i := range numbers.Len() {
		out = append(out, strconv.FormatUint(numbers.At(i), 10))
	}
	return out, len(out) > 0
}
