package description

import (
	"fmt"
	"regexp"
	"strings"
)

var (
	entityDecl = regexp.MustCompile(`<!ENTITY\s+([\pL_][\pL\pN._-]*)\s+("[^"]*"|'[^']*')\s*>`)
	entityAny  = regexp.MustCompile(`<!ENTITY\s`)
)

// Limits on entities: how many, how long a value may be, how deep they may refer
// to each other.
const (
	maxEntities   = 100
	maxEntity     = 4096
	maxReferences = 8
)

// doctype accepts a document type declaration. Internal text entities are
// honoured, anything that holds markup, could fetch a file or grow is refused.
func (r *reader) doctype(text string) error {
	found := entityDecl.FindAllStringSubmatch("<!"+text, maxEntities+1)
	if len(found) > maxEntities || len(found) != len(entityAny.FindAllString("<!"+text, maxEntities+1)) {
		return r.syntax(r.start, "external or parameter entities are not supported")
	}
	raw := map[string]string{}
	for _, f := range found {
		if _, twice := raw[f[1]]; !twice { // the first declaration counts
			raw[f[1]] = f[2][1 : len(f[2])-1]
		}
	}
	r.dec.Entity = map[string]string{}
	for name := range raw {
		value, ok := r.expand(raw, raw[name], maxReferences)
		if !ok {
			return r.syntax(r.start, fmt.Sprintf("entity %s holds markup, is too long or refers to itself", name))
		}
		r.dec.Entity[name] = value
	}
	return nil
}

// expand resolves the references in an entity's value. What makes markup of it is
// refused; written as &amp; or &lt; it stays text.
func (r *reader) expand(raw map[string]string, value string, depth int) (string, bool) {
	var b strings.Builder
	for value != "" {
		i := strings.IndexByte(value, '&')
		if i < 0 {
			i = len(value)
		}
		plain, rest := value[:i], value[i:]
		if strings.ContainsAny(plain, "<%") {
			return "", false
		}
		b.WriteString(plain)
		if rest != "" {
			var part string
			var ok bool
			if part, value, ok = r.expandReference(raw, rest, depth); !ok {
				return "", false
			}
			b.WriteString(part)
		} else {
			value = ""
		}
		if b.Len() > maxEntity {
			return "", false
		}
	}
	return b.String(), true
}

// expandReference resolves the reference that text begins with and returns the rest.
func (r *reader) expandReference(raw map[string]string, text string, depth int) (part, rest string, ok bool) {
	name, rest, closed := strings.Cut(text[1:], ";")
	if inner, known := raw[name]; known && depth > 0 {
		part, ok = r.expand(raw, inner, depth-1)
		return part, rest, ok
	}
	part = r.reference(name)
	markup := strings.HasPrefix(name, "#") && strings.ContainsAny(part, "<&%")
	return part, rest, closed && part != "" && !markup
}
