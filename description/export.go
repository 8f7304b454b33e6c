package description

import (
	"bufio"
	"io"
	"strconv"
	"strings"

	"github.com/beevik/etree"
)

// WriteXML writes the description as kiwi leaves it in the image as
// image/config.xml: includes resolved, schema 8.5, the command line's changes and
// this:// addresses of active repositories carried out, sections of all profiles
// kept. Comments are gone; elements and attributes come in the order of the schema,
// those of the same name in document order. An image that was not made by Select
// has no document and is written as an empty <image>.
func (img *Image) WriteXML(w io.Writer) error {
	out := &xmlWriter{w: bufio.NewWriter(w), paths: map[*node]string{}}
	out.w.WriteString(`<?xml version="1.0" encoding="utf-8"?>`)
	root := (*node)(etree.NewElement("image"))
	if s := img.state; s != nil {
		root = s.doc.root
		for _, r := range s.repos {
			out.paths[r.first("source")] = s.thisPath(r.first("source").get("path"))
		}
	}
	out.element(root, 0)
	return out.w.Flush()
}

// xmlWriter writes elements with four blanks of indentation a level.
type xmlWriter struct {
	w     *bufio.Writer
	paths map[*node]string // addresses of repositories
}

func (x *xmlWriter) element(n *node, level int) {
	r := schema85()[n.name()]
	x.indent(level)
	x.w.WriteString("<" + n.name())
	x.attributes(n, r)
	switch {
	case r != nil && r.text != nil:
		x.w.WriteString(">" + escapeText(textOf(n, r)) + "</" + n.name() + ">\n")
	case n.hasKids():
		x.w.WriteString(">\n")
		x.children(n, r, level+1)
		x.indent(level)
		x.w.WriteString("</" + n.name() + ">\n")
	case n.all() != "":
		x.w.WriteString(">" + escapeText(n.all()) + "</" + n.name() + ">\n")
	default:
		x.w.WriteString("/>\n")
	}
}

func (x *xmlWriter) indent(level int) { x.w.WriteString(strings.Repeat("    ", level)) }

// textOf is an element's text as kiwi's reader understood it.
func textOf(n *node, r *rule) string {
	if len(r.attrs) > 0 {
		return n.all()
	}
	return formatValue(r.text.read(n.text()))
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
		for _, a := range n.Attr {
			x.w.WriteString(" " + a.FullKey() + "=" + quoteAttr(a.Value))
		}
		return
	}
	for _, known := range r.attrs {
		v, ok := n.attr(known.name)
		if address := x.paths[n]; address != "" && known.name == "path" {
			v = address
		}
		if ok && !strings.HasPrefix(known.name, "xsi:") {
			x.w.WriteString(" " + known.name + "=" + quoteAttr(formatValue(known.typ.read(v))))
		}
	}
}

func (x *xmlWriter) children(n *node, r *rule, level int) {
	if r == nil || r.open {
		for k := range n.kids() {
			x.element(k, level)
		}
		return
	}
	for _, known := range r.kids {
		for k := range n.every(known.name) {
			x.element(k, level)
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
