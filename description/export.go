package description

import (
	"bufio"
	"io"
	"strconv"
	"strings"
)

// WriteXML writes the description as kiwi leaves it in the image as
// image/config.xml: includes resolved, schema 8.5, the command line's changes and
// this:// addresses of active repositories carried out, sections of all profiles
// kept. Comments are gone; elements and attributes come in the order of the schema,
// those of the same name in document order. An image that was not made by Select
// has no document and is written as an empty <image>.
func (img *Image) WriteXML(w io.Writer) error {
	out := &xmlWriter{w: bufio.NewWriter(w)}
	out.w.WriteString(`<?xml version="1.0" encoding="utf-8"?>`)
	root := &node{name: "image"}
	if s := img.state; s != nil {
		root = s.result(img)
	}
	out.element(root, 0)
	return out.w.Flush()
}

// result is the document's tree with this selection's changes in place.
func (s *state) result(img *Image) *node {
	root := *s.doc.root
	root.attrs = append([]attr(nil), root.attrs...)
	root.set("name", img.Name)
	root.kids = make([]*node, 0, len(s.doc.root.kids)+len(s.added))
	for _, k := range append(append([]*node(nil), s.doc.root.kids...), s.added...) {
		if !s.dropped[k] {
			root.kids = append(root.kids, s.current(k))
		}
	}
	return &root
}

// current returns what stands in the place of a section: the copy that was changed,
// with the changed type inside preferences and this:// resolved in repositories.
func (s *state) current(k *node) *node {
	if c := s.replaced[k]; c != nil {
		k = c
	}
	switch k.name {
	case "preferences":
		c := *k
		c.kids = append([]*node(nil), k.kids...)
		for i, t := range c.kids {
			if r := s.replaced[t]; r != nil {
				c.kids[i] = r
			}
		}
		return &c
	case "repository":
		return s.currentRepo(k)
	}
	return k
}

func (s *state) currentRepo(k *node) *node {
	for _, a := range s.repos {
		address := a.first("source").get("path")
		if a.node == k && strings.HasPrefix(address, "this://") {
			c := k.clone()
			return c
		}
	}
	return k
}

// xmlWriter writes elements with four blanks of indentation a level.
type xmlWriter struct{ w *bufio.Writer }

func (x *xmlWriter) element(n *node, level int) {
	r := schema85()[n.name]
	if n.space != "" {
		r = nil
	}
	x.indent(level)
	x.w.WriteString("<" + n.name)
	x.attributes(n, r)
	switch {
	case r != nil && r.text != nil:
		x.w.WriteString(">" + escapeText(textOf(n, r)) + "</" + n.name + ">\n")
	case len(n.kids) > 0:
		x.w.WriteString(">\n")
		x.children(n, r, level+1)
		x.indent(level)
		x.w.WriteString("</" + n.name + ">\n")
	case n.all != "":
		x.w.WriteString(">" + escapeText(n.all) + "</" + n.name + ">\n")
	default:
		x.w.WriteString("/>\n")
	}
}

func (x *xmlWriter) indent(level int) { x.w.WriteString(strings.Repeat("    ", level)) }

// textOf is an element's text as kiwi's reader understood it.
func textOf(n *node, r *rule) string {
	if len(r.attrs) > 0 {
		return n.all
	}
	return formatValue(r.text.read(n.text))
}

func formatValue(v any) string {
	switch v := v.(type) {
	case bool:
		return strconv.FormatBool(v)
	case int64:
		return strconv.FormatInt(v, 10)
	}
	return v.(string)
}

// attributes writes them in the order of the schema; without a rule as read.
func (x *xmlWriter) attributes(n *node, r *rule) {
	if r == nil || r.open {
		for _, a := range n.attrs {
			x.w.WriteString(" " + a.name + "=" + quoteAttr(a.value))
		}
		return
	}
	for _, known := range r.attrs {
		if v, ok := n.attr(known.name); ok && !strings.HasPrefix(known.name, "xsi:") {
			x.w.WriteString(" " + known.name + "=" + quoteAttr(formatValue(known.typ.read(v))))
		}
	}
}

func (x *xmlWriter) children(n *node, r *rule, level int) {
	if r == nil || r.open {
		for _, k := range n.kids {
			x.element(k, level)
		}
		return
	}
	for _, known := range r.kids {
		for _, k := range n.kids {
			if k.name == known.name {
				x.element(k, level)
			}
		}
	}
}

var textEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

func escapeText(s string) string { return textEscapes.Replace(s) }

// quoteAttr prefers double quotes, as kiwi's writer does.
func quoteAttr(s string) string {
	s = strings.NewReplacer("\n", "&#10;", "\t", "&#9;", "\r", "&#13;").Replace(escapeText(s))
	switch {
	case !strings.Contains(s, `"`):
		return `"` + s + `"`
	case !strings.Contains(s, "'"):
		return "'" + s + "'"
	}
	return `"` + strings.ReplaceAll(s, `"`, "&quot;") + `"`
}
