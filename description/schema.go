package description

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
)

//go:embed schema85.txt
var schemaText string

// grammar is the schema: the rule of every element by its name.
type grammar map[string]*rule

// rule is what may be inside one element.
type rule struct {
	text   *datatype // of the element's text; nil: none is allowed
	attrs  []attrRule
	kids   []kidRule
	choice []choiceRule
	open   bool // anything may be inside (extension)
}

type attrRule struct {
	name     string
	required bool
	typ      *datatype
}

type kidRule struct {
	name     string
	min, max int // max 0: any number
}

// choiceRule: one of the attributes, or with optional at most one.
type choiceRule struct {
	names    []string
	optional bool
}

func (r *rule) attr(name string) *attrRule {
	for i := range r.attrs {
		if r.attrs[i].name == name {
			return &r.attrs[i]
		}
	}
	return nil
}

func (r *rule) kid(name string) *kidRule {
	for i := range r.kids {
		if r.kids[i].name == name {
			return &r.kids[i]
		}
	}
	return nil
}

func (r *rule) attrNames() []string {
	names := make([]string, len(r.attrs))
	for i, a := range r.attrs {
		names[i] = a.name
	}
	slices.Sort(names)
	return names
}

func (r *rule) kidNames() []string {
	names := make([]string, len(r.kids))
	for i, k := range r.kids {
		names[i] = k.name
	}
	slices.Sort(names)
	return names
}

// schema85 is the grammar of schema85.txt, read at first use.
var schema85 = sync.OnceValue(func() grammar { return readGrammar(schemaText) })

func readGrammar(text string) grammar {
	g, types := grammar{}, map[string]*datatype{}
	var cur *rule
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		words := strings.Fields(line)
		if len(words) > 0 && line[0] != ' ' {
			name, typ, _ := strings.Cut(words[0], ":")
			cur = &rule{open: name == "extension"}
			if typ != "" {
				cur.text = typeNamed(types, typ)
			}
			g[name] = cur
			words = words[1:]
		}
		for _, w := range words {
			cur.add(w, types)
		}
	}
	return g
}

func (r *rule) add(word string, types map[string]*datatype) {
	switch rest := word[1:]; word[0] {
	case '@':
		name, typ := rest, ""
		if i := strings.LastIndex(rest, ":"); i >= 0 && !strings.HasPrefix(rest, "xsi:") {
			name, typ = rest[:i], rest[i+1:]
		}
		if i := strings.Index(rest, ":{"); i >= 0 {
			name, typ = rest[:i], rest[i+1:]
		}
		name, optional := strings.CutSuffix(name, "?")
		r.attrs = append(r.attrs, attrRule{name, !optional, typeNamed(types, typ)})
	case '<':
		name, sign, _ := strings.Cut(rest, ">")
		limits := map[string][2]int{"": {1, 1}, "?": {0, 1}, "*": {0, 0}, "+": {1, 0}}[sign]
		r.kids = append(r.kids, kidRule{name, limits[0], limits[1]})
	case '!', '~':
		r.choice = append(r.choice, choiceRule{strings.Split(rest, "|"), word[0] == '~'})
	}
}
