package repodata

import (
	"bytes"
	"fmt"
)

// tokens splits a piece of XML into tags. The piece is changed: character
// references are replaced in place.
type tokens struct {
	file string
	base int64 // offset of buf[0] in the file
	buf  []byte
	pos  int

	name    []byte // of the last tag, without a prefix
	end     bool   // the last tag was an end tag
	empty   bool   // the last tag was <like-this/>; its attributes are read
	inTag   bool   // attributes of the last tag are not all read
	attrKey []byte
	attrVal []byte
}

// class of a byte inside an attribute value or text.
const (
	plain = iota
	quoteByte
	ampersand
	less
	control
)

// classes marks the bytes that need attention in values.
var classes = func() (t [256]uint8) {
	for i := range 0x20 {
		t[i] = control
	}
	t['\t'], t['\n'], t['\r'] = plain, plain, plain
	t['"'], t['\''], t['&'], t['<'] = quoteByte, quoteByte, ampersand, less
	return t
}()

func (t *tokens) fail(format string, args ...any) error {
	return &FormatError{t.file, t.base + int64(t.pos), fmt.Sprintf(format, args...)}
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

func isNameEnd(c byte) bool {
	return c <= ' ' || c == '/' || c == '>' || c == '=' || c == '<' || c == '"' || c == '\''
}

// tag moves to the next tag and says whether there is one. Only white space,
// comments and instructions may stand before it.
func (t *tokens) tag() (bool, error) {
	if t.inTag {
		if err := t.finish(); err != nil {
			return false, err
		}
	}
	start := t.pos
	for {
		n := bytes.IndexByte(t.buf[t.pos:], '<')
		if n < 0 {
			return false, t.tail(start)
		}
		t.pos += n
		if err := t.blank(start, t.pos); err != nil {
			return false, err
		}
		markup, err := t.markup()
		if err != nil {
			return false, err
		}
		if !markup {
			return true, t.open()
		}
		start = t.pos
	}
}

// tail is the end of the piece: only white space may be left.
func (t *tokens) tail(start int) error {
	end := len(t.buf)
	t.pos = end
	return t.blank(start, end)
}

func (t *tokens) blank(start, end int) error {
	for i := start; i < end; i++ {
		if !isSpace(t.buf[i]) {
			t.pos = i
			return t.fail("text where an element is expected")
		}
	}
	return nil
}

// markup passes a comment or processing instruction that starts here.
func (t *tokens) markup() (bool, error) {
	rest := t.buf[t.pos:]
	if len(rest) < 2 || rest[1] != '?' && rest[1] != '!' {
		return false, nil
	}
	end := ""
	switch {
	case rest[1] == '?':
		end = "?>"
	case bytes.HasPrefix(rest, []byte("<!--")):
		end = "-->"
	case bytes.HasPrefix(rest, []byte(cdata)):
		end = "]]>"
	default:
		return false, t.fail("document type declarations are not accepted")
	}
	n := bytes.Index(rest[2:], []byte(end))
	if n < 0 {
		return false, t.fail("markup is not closed")
	}
	t.pos += 2 + n + len(end)
	return true, nil
}

// open reads the name of the tag at t.pos.
func (t *tokens) open() error {
	t.pos++
	t.end, t.empty = false, false
	if t.pos < len(t.buf) && t.buf[t.pos] == '/' {
		t.end = true
		t.pos++
	}
	start := t.pos
	i := start
	for i < len(t.buf) && !isNameEnd(t.buf[i]) {
		if t.buf[i] == ':' {
			start = i + 1
		}
		i++
	}
	if i == start || i == len(t.buf) {
		return t.fail("tag without a name or end")
	}
	t.name = t.buf[start:i]
	t.pos = i
	t.inTag = true
	if t.end {
		return t.finish()
	}
	return nil
}

// finish passes the attributes that were not asked for.
func (t *tokens) finish() error {
	for t.inTag {
		if _, err := t.attr(); err != nil {
			return err
		}
	}
	return nil
}

// attr reads the next attribute of the open tag into attrKey and attrVal and
// says whether there was one.
func (t *tokens) attr() (bool, error) {
	b, i := t.buf, t.pos
	spaced := false
	for i < len(b) && isSpace(b[i]) {
		i++
		spaced = true
	}
	t.pos = i
	if i >= len(b) {
		return false, t.fail("tag is not closed")
	}
	switch {
	case b[i] == '>':
		t.pos, t.inTag = i+1, false
		return false, nil
	case b[i] == '/' && !t.end && i+1 < len(b) && b[i+1] == '>':
		t.pos, t.inTag, t.empty = i+2, false, true
		return false, nil
	case t.end || !spaced:
		return false, t.fail("unexpected character %q in a tag", b[i])
	}
	start := i
	for i < len(b) && !isNameEnd(b[i]) {
		i++
	}
	t.attrKey = b[start:i]
	for i < len(b) && isSpace(b[i]) {
		i++
	}
	if i == start || i >= len(b) || b[i] != '=' {
		return false, t.fail("attribute without a value")
	}
	i++
	for i < len(b) && isSpace(b[i]) {
		i++
	}
	if i >= len(b) || b[i] != '"' && b[i] != '\'' {
		return false, t.fail("attribute value is not quoted")
	}
	return true, t.value(i)
}

// value reads the quoted value whose quote is at i.
func (t *tokens) value(i int) error {
	b, quote := t.buf, t.buf[i]
	i++
	start, escaped := i, false
	for ; i < len(b); i++ {
		switch classes[b[i]] {
		case plain:
			continue
		case quoteByte:
			if b[i] != quote {
				continue
			}
			t.attrVal = b[start:i]
			t.pos = i + 1
			if escaped {
				return t.unescape(&t.attrVal, start)
			}
			return nil
		case ampersand:
			escaped = true
		default:
			t.pos = i
			return t.fail("character %q in an attribute value", b[i])
		}
	}
	t.pos = start
	return t.fail("attribute value is not closed")
}

// content reads the text of the open element and its end tag. The element must
// hold text only.
func (t *tokens) content() ([]byte, error) {
	if err := t.finish(); err != nil {
		return nil, err
	}
	if t.empty {
		return nil, nil
	}
	name, start := t.name, t.pos
	b, i, escaped := t.buf, t.pos, false
loop:
	for ; i < len(b); i++ {
		switch classes[b[i]] {
		case less:
			break loop
		case ampersand:
			escaped = true
		case control:
			t.pos = i
			return nil, t.fail("control character %#x in text", b[i])
		}
	}
	t.pos = i
	text := b[start:i]
	if i >= len(b) {
		return nil, t.fail("element %s is not closed", name)
	}
	if i+1 < len(b) && b[i+1] == '!' {
		return t.section(name, start)
	}
	if err := t.open(); err != nil {
		return nil, err
	}
	if !t.end || !bytes.Equal(t.name, name) {
		return nil, t.fail("element %s inside of the text of %s", t.name, name)
	}
	if escaped {
		if err := t.unescape(&text, start); err != nil {
			return nil, err
		}
	}
	return text, nil
}

const cdata = "<![CDATA["

// section reads the text of element name when it is one CDATA section, which
// begins at t.pos; only white space may stand around it.
func (t *tokens) section(name []byte, start int) ([]byte, error) {
	if err := t.blank(start, t.pos); err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(t.buf[t.pos:], []byte(cdata)) {
		return nil, t.fail("markup inside of the text of %s", name)
	}
	begin := t.pos + len(cdata)
	if _, err := t.markup(); err != nil {
		return nil, err
	}
	text := t.buf[begin : t.pos-len("]]>")]
	if ok, err := t.tag(); err != nil {
		return nil, err
	} else if !ok || !t.end || !bytes.Equal(t.name, name) {
		return nil, t.fail("element %s is not closed after its section", name)
	}
	return text, nil
}

// skip passes the open element with everything in it.
func (t *tokens) skip() error {
	if err := t.finish(); err != nil || t.empty {
		return err
	}
	var open [maxDepth][]byte
	open[0] = t.name
	depth := 1
	for depth > 0 {
		n := bytes.IndexByte(t.buf[t.pos:], '<')
		if n < 0 {
			return t.fail("element %s is not closed", open[depth-1])
		}
		t.pos += n
		if passed, err := t.markup(); err != nil {
			return err
		} else if passed {
			continue
		}
		if err := t.open(); err != nil {
			return err
		}
		if err := t.finish(); err != nil {
			return err
		}
		switch {
		case t.end && !bytes.Equal(t.name, open[depth-1]):
			return t.fail("end of %s where %s is open", t.name, open[depth-1])
		case t.end:
			depth--
		case t.empty:
		case depth == maxDepth:
			return t.fail("elements are nested too deeply")
		default:
			open[depth] = t.name
			depth++
		}
	}
	return nil
}

// maxDepth bounds the nesting of elements that are skipped.
const maxDepth = 32
