package description

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// Limits on what is read. Real descriptions stay far below; they keep a hostile one
// from costing time or memory.
const (
	maxFile    = 4 << 20   // bytes of one file
	maxTotal   = 32 << 20  // bytes of all files
	maxFiles   = 2000      // included files
	maxDepth   = 256       // nesting
	maxNodes   = 1_000_000 // elements of one file
	maxValue   = 256 << 10 // bytes of an attribute or of the text of one element
	maxMistake = 200       // mistakes listed
	maxAttrs   = 500       // attributes of one element
	maxProfile = 2000      // profiles declared
)

// reader turns the bytes of one file into a tree of etree's. encoding/xml checks that
// it is well-formed and says where each token stands; attributes are read again from
// the raw tag because their positions and the white space rules of XML 1.0 section
// 3.3.3 are needed.
type reader struct {
	file    string
	data    []byte
	dec     *xml.Decoder
	origins origins
	stack   []*frame
	root    *node
	nodes   int
	start   mark // of the current token
}

// mark is a position in the file; the column counts characters from 1.
type mark struct{ offset, line, col int }

// frame is an open element.
type frame struct {
	node *node
	text []byte // of the current text node
	size int    // of the text nodes before it
}

// readTree reads one file and adds what it finds to the origins.
func readTree(file string, data []byte, found origins) (*node, error) {
	data, err := toUTF8(data)
	r := &reader{file: file, data: data, origins: found, start: mark{0, 1, 1}}
	if err != nil {
		return nil, r.syntax(r.start, err.Error())
	}
	if len(data) > maxFile {
		return nil, r.syntax(r.start, fmt.Sprintf("file is larger than %d bytes", maxFile))
	}
	r.dec = xml.NewDecoder(bytes.NewReader(data))
	r.dec.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	for {
		r.start = r.here()
		tok, err := r.dec.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, r.syntax(r.here(), reason(err))
		}
		if err := r.token(tok); err != nil {
			return nil, err
		}
	}
	if r.root == nil {
		return nil, r.syntax(r.here(), "no element in the file")
	}
	return r.root, nil
}

// reason drops the line number that encoding/xml puts in front.
func reason(err error) string {
	var syntax *xml.SyntaxError
	if errors.As(err, &syntax) {
		return syntax.Msg
	}
	return err.Error()
}

// here is where the decoder stands. Its column counts bytes, so the characters are
// counted: from the last token where that is on the same line.
func (r *reader) here() mark {
	line, col := r.dec.InputPos()
	m := mark{int(r.dec.InputOffset()), line, 1}
	from := min(max(m.offset-col+1, 0), m.offset)
	if r.start.line == line && r.start.offset <= m.offset {
		from, m.col = r.start.offset, r.start.col
	}
	m.col += utf8.RuneCount(r.data[from:m.offset])
	return m
}

// inside is the mark some bytes behind the beginning of the current token.
func (r *reader) inside(bytesOn int) mark {
	m, skipped := r.start, r.data[r.start.offset:r.start.offset+bytesOn]
	if last := bytes.LastIndexByte(skipped, '\n'); last >= 0 {
		m.line, m.col = m.line+bytes.Count(skipped, []byte{'\n'}), 1
		skipped = skipped[last+1:]
	}
	m.offset += bytesOn
	m.col += utf8.RuneCount(skipped)
	return m
}

func (r *reader) place(m mark) place { return place{r.file, m.line, m.col} }

func (r *reader) syntax(at mark, text string) error {
	return invalid([]Mistake{mistakeAt(r.place(at), Syntax, text)})
}

func (r *reader) token(tok xml.Token) error {
	switch t := tok.(type) {
	case xml.StartElement:
		return r.open(t)
	case xml.EndElement:
		r.flush()
		r.stack = r.stack[:len(r.stack)-1]
	case xml.CharData:
		return r.chars(t)
	case xml.ProcInst:
		if t.Target == "xml" && r.start.offset > 0 {
			return r.syntax(r.start, "the XML declaration is not at the beginning")
		}
		r.flush()
	case xml.Comment:
		r.flush()
	case xml.Directive:
		return r.doctype(string(t))
	}
	return nil
}

func (r *reader) open(t xml.StartElement) error {
	r.flush()
	if r.nodes++; r.nodes > maxNodes {
		return r.syntax(r.start, fmt.Sprintf("more than %d elements", maxNodes))
	}
	if len(r.stack) >= maxDepth {
		return r.syntax(r.start, fmt.Sprintf("elements are nested deeper than %d", maxDepth))
	}
	if len(r.stack) == 0 && r.root != nil {
		return r.syntax(r.start, "a second top element")
	}
	n, from, err := r.tag(int(r.dec.InputOffset()))
	if err != nil {
		return err
	}
	if n.Space != "" && t.Name.Space == n.Space {
		return r.syntax(r.start, fmt.Sprintf("namespace prefix %q is not declared", n.Space))
	}
	for _, a := range t.Attr {
		if p := a.Name.Space; p != "" && p != "xmlns" && undeclared(n, p, a.Name.Local) {
			return r.syntax(r.start, fmt.Sprintf("namespace prefix %q is not declared", p))
		}
	}
	from.space = t.Name.Space
	r.origins[n] = from
	if len(r.stack) == 0 {
		r.root = n
	} else {
		r.stack[len(r.stack)-1].node.element().AddChild(n.element())
	}
	r.stack = append(r.stack, &frame{node: n})
	return nil
}

// undeclared tells whether encoding/xml left an attribute's prefix as it is written,
// having found no namespace for it.
func undeclared(n *node, prefix, local string) bool {
	_, written := n.attr(prefix + ":" + local)
	return written
}

func (r *reader) chars(text []byte) error {
	if len(r.stack) == 0 {
		if len(bytes.TrimSpace(text)) > 0 {
			return r.syntax(r.start, "text outside the top element")
		}
		return nil
	}
	top := r.stack[len(r.stack)-1]
	if top.size+len(top.text)+len(text) > maxValue {
		return r.syntax(r.start, fmt.Sprintf("text is longer than %d bytes", maxValue))
	}
	top.text = append(top.text, text...)
	return nil
}

// flush stores the current text node, which ends here, unless it is white space only.
func (r *reader) flush() {
	if len(r.stack) == 0 {
		return
	}
	top := r.stack[len(r.stack)-1]
	if len(bytes.Trim(top.text, " \t\r\n")) > 0 {
		top.size += len(top.text)
		top.node.element().CreateText(string(top.text))
	}
	top.text = top.text[:0]
}
