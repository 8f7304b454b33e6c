package description

// place is a position in one of the files; columns count characters.
type place struct {
	file      string
	line, col int
}

// origin is what etree does not keep of an element: where it and its attributes
// were written, and its namespace.
type origin struct {
	place
	attrs []attrPlace
	space string // empty for all of kiwi's own elements
}

type attrPlace struct {
	name string
	place
}

// origins has the origin of every element of a document.
type origins map[*node]*origin

// at is the place of an element, the zero one for an element that was not read.
func (o origins) at(n *node) place {
	if from := o[n]; from != nil {
		return from.place
	}
	return place{}
}

// attr is the place of an attribute, or of its element when it was not read.
func (o origins) attr(n *node, name string) place {
	if from := o[n]; from != nil {
		for _, a := range from.attrs {
			if a.name == name {
				return a.place
			}
		}
	}
	return o.at(n)
}

// space is the namespace of an element.
func (o origins) space(n *node) string {
	if from := o[n]; from != nil {
		return from.space
	}
	return ""
}

// option notes that an element comes from a command line option.
func (o origins) option(n *node, name string) {
	o[n] = &origin{place: place{file: "--" + name}}
}

// follow gives the elements of a copy the origins of their originals.
func (o origins) follow(from, to *node, copied origins) {
	copied[to] = o[from]
	kids := to.element().ChildElements()
	for i, k := range from.element().ChildElements() {
		o.follow((*node)(k), (*node)(kids[i]), copied)
	}
}
