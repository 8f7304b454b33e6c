package description

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/beevik/etree"
)

// validator compares a document with the schema and collects what is wrong.
type validator struct {
	schema   grammar
	origins  origins
	path     []string
	mistakes []Mistake
}

// validate returns every mistake of an upgraded document: grammar, kiwi's
// Schematron constraints, and values its reader refuses.
func validate(root *node, from origins) []Mistake {
	v := &validator{schema: schema85(), origins: from}
	if !root.is("image") || from.space(root) != "" {
		v.report(v.at(root), Schema, fmt.Sprintf("top element is <%s>, not <image>", root.name()), root.name(), []string{"image"})
		return v.mistakes
	}
	v.path = []string{"", "image"}
	v.element(root)
	v.constraints(root)
	slices.SortStableFunc(v.mistakes, byPlace)
	return v.mistakes[:min(len(v.mistakes), maxMistake)]
}

// byPlace orders the mistakes of one file by line; files keep their order.
func byPlace(a, b Mistake) int {
	if a.File != b.File {
		return 0
	}
	if a.Line != b.Line {
		return a.Line - b.Line
	}
	return a.Column - b.Column
}

func (v *validator) report(at place, cause Cause, text, found string, allowed []string) {
	if v.full() {
		return
	}
	m := mistakeAt(at, cause, text)
	m.Path, m.Found, m.Allowed = strings.Join(v.path, "/"), found, allowed
	m.Near = nearest(found, allowed)
	v.mistakes = append(v.mistakes, m)
}

func (v *validator) at(n *node) place { return v.origins.at(n) }

// full tells that enough mistakes were found.
func (v *validator) full() bool { return len(v.mistakes) >= 4*maxMistake }

// element checks one element whose name is allowed where it stands.
func (v *validator) element(n *node) {
	r := v.schema[n.name()]
	if r.open {
		v.extension(n)
		return
	}
	v.attributes(n, r)
	v.text(n, r)
	v.children(n, r)
}

// extension checks a vendor's block: elements of a namespace of their own, whatever
// they hold.
func (v *validator) extension(n *node) {
	if !n.hasKids() || len(n.Attr) > countPrefixes(n) || n.all() != "" {
		v.report(v.at(n), Schema, "<extension> holds elements of a namespace and nothing else", "", nil)
	}
	for k := range n.kids() {
		k.walk(func(e *node) {
			if v.origins.space(e) == "" {
				v.report(v.at(e), Schema, fmt.Sprintf("element <%s> in <extension> belongs to no namespace", e.name()), "", nil)
			}
		})
	}
}

// countPrefixes is the number of namespace declarations among the attributes.
func countPrefixes(n *node) int {
	count := 0
	for _, a := range n.Attr {
		if isPrefix(a) {
			count++
		}
	}
	return count
}

// isPrefix tells whether an attribute declares a namespace.
func isPrefix(a etree.Attr) bool {
	return a.Space == "xmlns" || a.Space == "" && a.Key == "xmlns"
}

func (v *validator) attributes(n *node, r *rule) {
	for _, a := range n.Attr {
		if isPrefix(a) {
			continue
		}
		name := a.FullKey()
		known := r.attr(name)
		if known == nil {
			v.report(v.origins.attr(n, name), Schema, fmt.Sprintf("attribute %s is not allowed in <%s>", name, n.name()), name, r.attrNames())
			continue
		}
		v.value(n, name, known.typ, a.Value)
	}
	for _, known := range r.attrs {
		if _, ok := n.attr(known.name); known.required && !ok {
			v.report(v.at(n), Schema, fmt.Sprintf("<%s> lacks its attribute %s", n.name(), known.name), "", nil)
		}
	}
	for _, c := range r.choice {
		v.choice(n, c)
	}
}

func (v *validator) choice(n *node, c choiceRule) {
	count := 0
	for _, name := range c.names {
		if _, ok := n.attr(name); ok {
			count++
		}
	}
	list := strings.Join(c.names, ", ")
	if count > 1 {
		v.report(v.at(n), Schema, fmt.Sprintf("<%s> may have only one of the attributes %s", n.name(), list), "", nil)
	}
	if count == 0 && !c.optional {
		v.report(v.at(n), Schema, fmt.Sprintf("<%s> needs one of the attributes %s", n.name(), list), "", nil)
	}
}

// value checks the value of an attribute, or with name "" the text of the element,
// against its type.
func (v *validator) value(n *node, name string, d *datatype, value string) {
	if d.allows(value) && d.readable(value) {
		return
	}
	what, shown := "attribute "+name, value
	if name == "" {
		what = "<" + n.name() + ">"
	}
	if len(shown) > 80 {
		shown = shown[:80] + "…"
	}
	if d.allows(value) {
		v.report(v.origins.attr(n, name), Value, fmt.Sprintf("%s has the value %q: no blanks around, nothing beyond 63 bits", what, shown), value, nil)
		return
	}
	text := fmt.Sprintf("%s has the value %q", what, shown)
	if about := d.about(); about != "" {
		text += ", not " + about
	}
	v.report(v.origins.attr(n, name), Schema, text, collapse(value), d.words)
}

func (v *validator) text(n *node, r *rule) {
	switch {
	case r.text == nil && strings.Trim(n.all(), " \t\r\n") != "":
		shown := collapse(n.all())
		v.report(v.at(n), Schema, fmt.Sprintf("<%s> holds the text %q but may not hold text", n.name(), shown[:min(len(shown), 80)]), "", nil)
	case r.text != nil && r.text.base != stringBase:
		v.value(n, "", r.text, n.all())
	}
}

func (v *validator) children(n *node, r *rule) {
	counts := map[string]int{}
	for k := range n.kids() {
		name := k.name()
		counts[name]++
		v.path = append(v.path, step1(name, counts[name]))
		known := r.kid(name)
		switch {
		case known == nil || v.origins.space(k) != "":
			v.unknown(n, k, r)
		case known.max > 0 && counts[name] > known.max:
			v.report(v.at(k), Schema, fmt.Sprintf("a second <%s> in <%s>", name, n.name()), "", nil)
			v.element(k)
		default:
			v.element(k)
		}
		v.path = v.path[:len(v.path)-1]
	}
	for _, known := range r.kids {
		if counts[known.name] < known.min {
			v.report(v.at(n), Schema, fmt.Sprintf("<%s> lacks an element <%s>", n.name(), known.name), "", nil)
		}
	}
}

func (v *validator) unknown(n, k *node, r *rule) {
	if v.full() {
		return
	}
	text := fmt.Sprintf("element <%s> is not allowed in <%s>", k.name(), n.name())
	if len(r.kids) == 0 {
		text += ", which has no child elements"
	}
	if where := v.parents(k.name()); len(where) > 0 && len(where) <= 4 {
		text += "; it belongs in <" + strings.Join(where, ">, <") + ">"
	}
	v.report(v.at(k), Schema, text, k.name(), r.kidNames())
}

// parents lists the elements in which name may stand.
func (v *validator) parents(name string) []string {
	var list []string
	for parent, r := range v.schema {
		if r.kid(name) != nil {
			list = append(list, parent)
		}
	}
	slices.Sort(list)
	return list
}

// step1 is one step of an element path, with its number among those of its name.
func step1(name string, number int) string {
	if number == 1 {
		return name
	}
	return name + "[" + strconv.Itoa(number) + "]"
}
