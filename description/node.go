package description

import (
	"iter"
	"strings"

	"github.com/beevik/etree"
)

// node is an element of the document: etree's, with the look-ups that kiwi's rules
// need. They take exact names, where etree's own also take a name with any prefix,
// and a nil node holds nothing. Text nodes of nothing but white space and comments
// are not in the tree, as libxml2's XSLT run leaves it for kiwi.
type node etree.Element

func (n *node) element() *etree.Element { return (*etree.Element)(n) }

// name is the element's name with its prefix, as written.
func (n *node) name() string {
	if n.Space == "" {
		return n.Tag
	}
	return n.Space + ":" + n.Tag
}

// is tells whether the element has this name, without a prefix.
func (n *node) is(name string) bool { return n.Tag == name && n.Space == "" }

// attr returns the value of an attribute, named with its prefix, and whether it is
// written.
func (n *node) attr(name string) (string, bool) {
	if n == nil {
		return "", false
	}
	prefix, key, prefixed := strings.Cut(name, ":")
	if !prefixed {
		prefix, key = "", name
	}
	for i := range n.Attr {
		if n.Attr[i].Key == key && n.Attr[i].Space == prefix {
			return n.Attr[i].Value, true
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
func (n *node) set(name, value string) { n.element().CreateAttr(name, value) }

func (n *node) remove(name string) { n.element().RemoveAttr(name) }

// kids are the child elements.
func (n *node) kids() iter.Seq[*node] {
	return func(yield func(*node) bool) {
		if n == nil {
			return
		}
		for _, t := range n.Child {
			if e, ok := t.(*etree.Element); ok && !yield((*node)(e)) {
				return
			}
		}
	}
}

func (n *node) hasKids() bool {
	for range n.kids() {
		return true
	}
	return false
}

// every are the child elements of that name.
func (n *node) every(name string) iter.Seq[*node] {
	return func(yield func(*node) bool) {
		for k := range n.kids() {
			if k.is(name) && !yield(k) {
				return
			}
		}
	}
}

// first returns the first child of that name, or nil.
func (n *node) first(name string) *node {
	for k := range n.every(name) {
		return k
	}
	return nil
}

// child returns the text of the first child of that name and whether it exists.
func (n *node) child(name string) (string, bool) {
	if k := n.first(name); k != nil {
		return k.text(), true
	}
	return "", false
}

// text is the text directly inside, up to the first child element.
func (n *node) text() string { return n.element().Text() }

// all is all text directly inside.
func (n *node) all() string {
	var parts []string
	for _, t := range n.Child {
		if c, ok := t.(*etree.CharData); ok {
			parts = append(parts, c.Data)
		}
	}
	return strings.Join(parts, "")
}

// setText makes a text everything that is inside.
func (n *node) setText(text string) {
	n.Child = nil
	n.element().SetText(text)
}

// take removes and returns everything inside, from the end so that it costs no more
// than there is.
func (n *node) take() []etree.Token {
	list := make([]etree.Token, len(n.Child))
	for i := len(n.Child) - 1; i >= 0; i-- {
		list[i] = n.element().RemoveChildAt(i)
	}
	return list
}

// walk calls f for the node and every element below it.
func (n *node) walk(f func(*node)) {
	f(n)
	for k := range n.kids() {
		k.walk(f)
	}
}
