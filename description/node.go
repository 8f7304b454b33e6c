package description

import "slices"

// node is one element of the document. Text is kept as libxml2's XSLT run leaves
// it for kiwi: text nodes of nothing but white space are gone.
type node struct {
	name  string // with its prefix, as written
	space string // namespace; the empty one for all of kiwi's own elements
	at    place
	attrs []attr
	kids  []*node
	text  string // directly inside, up to the first child element
	all   string // all text directly inside
}

type attr struct {
	name  string // with its prefix
	value string
	at    place
}

// place is a position in one of the files; columns count characters.
type place struct {
	file      string
	line, col int
}

func (n *node) attr(name string) (string, bool) {
	for i := range n.attrs {
		if n.attrs[i].name == name {
			return n.attrs[i].value, true
		}
	}
	return "", false
}

// get returns an attribute's value, empty when it is not written.
func (n *node) get(name string) string {
	v, _ := n.attr(name)
	return v
}

// set overwrites or appends an attribute.
func (n *node) set(name, value string) {
	for i := range n.attrs {
		if n.attrs[i].name == name {
			n.attrs[i].value = value
			return
		}
	}
	n.attrs = append(n.attrs, attr{name: name, value: value, at: n.at})
}

func (n *node) remove(name string) {
	n.attrs = slices.DeleteFunc(n.attrs, func(a attr) bool { return a.name == name })
}

// first returns the first child of that name, or nil.
func (n *node) first(name string) *node {
	if n == nil {
		return nil
	}
	for _, k := range n.kids {
		if k.name == name {
			return k
		}
	}
	return nil
}

// every returns the children of that name; a nil node has none.
func (n *node) every(name string) []*node {
	var out []*node
	if n == nil {
		return nil
	}
	for _, k := range n.kids {
		if k.name == name {
			out = append(out, k)
		}
	}
	return out
}

// child returns the text of the first child of that name and whether it exists.
func (n *node) child(name string) (string, bool) {
	if k := n.first(name); k != nil {
		return k.text, true
	}
	return "", false
}

// clone copies a node with everything below it.
func (n *node) clone() *node {
	c := *n
	c.attrs = slices.Clone(n.attrs)
	c.kids = make([]*node, len(n.kids))
	for i, k := range n.kids {
		c.kids[i] = k.clone()
	}
	return &c
}

// walk calls f for the node and everything below it.
func (n *node) walk(f func(n, parent *node)) { n.walkFrom(nil, f) }

func (n *node) walkFrom(parent *node, f func(n, parent *node)) {
	f(n, parent)
	for _, k := range n.kids {
		k.walkFrom(n, f)
	}
}
