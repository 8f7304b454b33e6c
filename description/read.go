package description

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
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

// reader turns the bytes of one file into a tree. encoding/xml checks that it is
// well-formed; attributes are read again from the raw tag because positions and
// the white space rules of XML 1.0 section 3.3.3 are needed.
type reader struct {
	file  string
	data  []byte
	lines []int // offset of each line's first byte
	dec   *xml.Decoder
	stack []*frame
	root  *node
	nodes int
	last  mark
}

// mark is where the last place was counted, so that the next one on the same line
// is counted from there.
type mark struct{ line, offset, col int }

// frame is an open element.
type frame struct {
	node  *node
	text  []byte // of the current text node
	all   []byte // of the text nodes before it
	child bool   // an element came
}

// readTree reads one file.
func readTree(file string, data []byte) (*node, error) {
	data, err := toUTF8(data)
	r := &reader{file: file, data: data}
	if err != nil {
		return nil, r.syntax(0, err.Error())
	}
	if len(data) > maxFile {
		return nil, r.syntax(0, fmt.Sprintf("file is larger than %d bytes", maxFile))
	}
	r.index()
	r.dec = xml.NewDecoder(bytes.NewReader(data))
	r.dec.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	for {
		start := int(r.dec.InputOffset())
		tok, err := r.dec.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, r.syntax(int(r.dec.InputOffset()), reason(err))
		}
		if err := r.token(tok, start); err != nil {
			return nil, err
		}
	}
	if r.root == nil {
		return nil, r.syntax(len(data), "no element in the file")
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

func (r *reader) index() {
	r.lines = append(r.lines, 0)
	for i, c := range r.data {
		if c == '\n' {
			r.lines = append(r.lines, i+1)
		}
	}
}

// at turns an offset into a place.
func (r *reader) at(offset int) place {
	lo, hi := 0, len(r.lines)
	for hi-lo > 1 {
		if mid := (lo + hi) / 2; r.lines[mid] <= offset {
			lo = mid
		} else {
			hi = mid
		}
	}
	if len(r.lines) == 0 {
		return place{r.file, 1, 1}
	}
	offset = min(offset, len(r.data))
	from, col := r.lines[lo], 1
	if r.last.line == lo+1 && r.last.offset <= offset {
		from, col = r.last.offset, r.last.col
	}
	r.last = mark{lo + 1, offset, col + utf8.RuneCount(r.data[from:offset])}
	return place{r.file, lo + 1, r.last.col}
}

func (r *reader) syntax(offset int, text string) error {
	p := r.at(offset)
	return invalid([]Mistake{{File: p.file, Line: p.line, Column: p.col, Text: text, cause: Syntax}})
}

func (r *reader) token(tok xml.Token, start int) error {
	switch t := tok.(type) {
	case xml.StartElement:
		return r.open(t, start)
	case xml.EndElement:
		r.flush()
		top := r.stack[len(r.stack)-1]
		top.node.all = string(top.all)
		r.stack = r.stack[:len(r.stack)-1]
	case xml.CharData:
		return r.chars(t, start)
	case xml.ProcInst:
		if t.Target == "xml" && start > 0 {
			return r.syntax(start, "the XML declaration is not at the beginning")
		}
		r.split()
	case xml.Comment:
		r.split()
	case xml.Directive:
		return r.doctype(string(t), start)
	}
	return nil
}

func (r *reader) open(t xml.StartElement, start int) error {
	r.split()
	if len(r.stack) > 0 {
		r.stack[len(r.stack)-1].child = true
	}
	if r.nodes++; r.nodes > maxNodes {
		return r.syntax(start, fmt.Sprintf("more than %d elements", maxNodes))
	}
	if len(r.stack) >= maxDepth {
		return r.syntax(start, fmt.Sprintf("elements are nested deeper than %d", maxDepth))
	}
	if len(r.stack) == 0 && r.root != nil {
		return r.syntax(start, "a second top element")
	}
	n, err := r.tag(start, int(r.dec.InputOffset()))
	if err != nil {
		return err
	}
	prefix, _, prefixed := strings.Cut(n.name, ":")
	n.space = t.Name.Space
	if prefixed && t.Name.Space == prefix {
		return r.syntax(start, fmt.Sprintf("namespace prefix %q is not declared", prefix))
	}
	if len(r.stack) == 0 {
		r.root = n
	} else {
		top := r.stack[len(r.stack)-1].node
		top.kids = append(top.kids, n)
	}
	r.stack = append(r.stack, &frame{node: n})
	return nil
}

func (r *reader) chars(text []byte, start int) error {
	if len(r.stack) == 0 {
		if len(bytes.TrimSpace(text)) > 0 {
			return r.syntax(start, "text outside the top element")
		}
		return nil
	}
	top := r.stack[len(r.stack)-1]
	if len(top.text)+len(top.all)+len(text) > maxValue {
		return r.syntax(start, fmt.Sprintf("text is longer than %d bytes", maxValue))
	}
	top.text = append(top.text, text...)
	return nil
}

// split ends the current text node because something else begins.
func (r *reader) split() {
	if len(r.stack) == 0 {
		return
	}
	r.flush()
}

// flush stores the current text node unless it is white space only.
func (r *reader) flush() {
	top := r.stack[len(r.stack)-1]
	if len(bytes.Trim(top.text, " \t\r\n")) > 0 {
		top.all = append(top.all, top.text...)
		if !top.child {
			top.node.text = string(top.all)
		}
	}
	top.text = top.text[:0]
}
