package description

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// validator compares a document with the schema and collects what is wrong.
type validator struct {
	schema   grammar
	path     []string
	mistakes []Mistake
}

// validate returns every mistake of an upgraded document: grammar, kiwi's
// Schematron constraints, and values its reader refuses.
func validate(root *node) []Mistake {
	v := &validator{schema: schema85()}
	if root.name != "image" || root.space != "" {
		v.report(root.at, Schema, fmt.Sprintf("top element is <%s>, not <image>", root.name), root.name, []string{"image"})
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

// full tells that enough mistakes were found.
func (v *validator) full() bool { return len(v.mistakes) >= 4*maxMistake }

// element checks one element whose name is allowed where it stands.
func (v *validator) element(n *node) {
	r := v.schema[n.name]
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
	if len(n.kids) == 0 || len(n.attrs) > countPrefixes(n) || n.all != "" {
		v.report(n.at, Schema, "<extension> holds elements of a namespace and nothing else", "", nil)
	}
	for _, k := range n.kids {
		k.walk(func(e, _ *node) {
			if e.space == "" {
				v.report(e.at, Schema, fmt.Sprintf("element <%s> in <extension> belongs to no namespace", e.name), "", nil)
			}
		})
	}
}

// countPrefixes is the number of namespace declarations among the attributes.
func countPrefixes(n *node) int {
	count := 0
	for _, a := range n.attrs {
		if a.name == "xmlns" || strings.HasPrefix(a.name, "xmlns:") {
			count++
		}
	}
	return count
}

func (v *validator) attributes(n *node, r *rule) {
	for _, a := range n.attrs {
		if a.name == "xmlns" || strings.HasPrefix(a.name, "xmlns:") {
			continue
		}
		known := r.attr(a.name)
		if known == nil {
			v.report(a.at, Schema, fmt.Sprintf("attribute %s is not allowed in <%s>", a.name, n.name), a.name, r.attrNames())
			continue
		}
		v.value(a.at, known.typ, a.value, "attribute "+a.name)
	}
	for _, known := range r.attrs {
		if _, ok := n.attr(known.name); known.required && !ok {
			v.report(n.at, Schema, fmt.Sprintf("<%s> lacks its attribute %s", n.name, known.name), "", nil)
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
		v.report(n.at, Schema, fmt.Sprintf("<%s> may have only one of the attributes %s", n.name, list), "", nil)
	}
	if count == 0 && !c.optional {
		v.report(n.at, Schema, fmt.Sprintf("<%s> needs one of the attributes %s", n.name, list), "", nil)
	}
}

// value checks an attribute's or element's value against its type.
func (v *validator) value(at place, d *datatype, value, what string) {
	shown := value
	if len(shown) > 80 {
		shown = shown[:80] + "…"
	}
	switch {
	case !d.allows(value):
		text := fmt.Sprintf("%s has the value %q", what, shown)
		if about := d.about(); about != "" {
			text += ", not " + about
		}
		v.report(at, Schema, text, collapse(value), d.words)
	case !d.readable(value):
		v.report(at, Value, fmt.Sprintf("%s has the value %q: no blanks around, nothing beyond 63 bits", what, shown), value, nil)
	}
}

func (v *validator) text(n *node, r *rule) {
	switch {
	case r.text == nil && strings.TrimSpace(n.all) != "":
		shown := collapse(n.all)
		v.report(n.at, Schema, fmt.Sprintf("<%s> holds the text %q but may not hold text", n.name, shown[:min(len(shown), 80)]), "", nil)
	case r.text != nil && r.text.base != stringBase:
		v.value(n.at, r.text, n.all, "<"+n.name+">")
	}
}

func (v *validator) children(n *node, r *rule) {
	counts := map[string]int{}
	for _, k := range n.kids {
		counts[k.name]++
		v.path = append(v.path, step1(k.name, counts[k.name]))
		known := r.kid(k.name)
		switch {
		case known == nil || k.space != "":
			v.unknown(n, k, r)
		case known.max > 0 && counts[k.name] > known.max:
			v.report(k.at, Schema, fmt.Sprintf("a second <%s> in <%s>", k.name, n.name), "", nil)
			v.element(k)
		default:
			v.element(k)
		}
		v.path = v.path[:len(v.path)-1]
	}
	for _, known := range r.kids {
		if counts[known.name] < known.min {
			v.report(n.at, Schema, fmt.Sprintf("<%s> lacks an element <%s>", n.name, known.name), "", nil)
		}
	}
}

func (v *validator) unknown(n, k *node, r *rule) {
	if v.full() {
		return
	}
	text := fmt.Sprintf("element <%s> is not allowed in <%s>", k.name, n.name)
	if len(r.kids) == 0 {
		text += ", which has no child elements"
	}
	if where := v.parents(k.name); len(where) > 0 && len(where) <= 4 {
		text += "; it belongs in <" + strings.Join(where, ">, <") + ">"
	}
	v.report(k.at, Schema, text, k.name, r.kidNames())
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
