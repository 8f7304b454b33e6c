package comps

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"slices"
	"strings"
)

const maxItems = 100_000 // groups, environments, and packages of one group

type document struct {
	XMLName      xml.Name         `xml:"comps"`
	Groups       []groupXML       `xml:"group"`
	Environments []environmentXML `xml:"environment"`
}

type nameXML struct {
	Lang string `xml:"lang,attr"`
	Text string `xml:",chardata"`
}

type groupXML struct {
	ID       string    `xml:"id"`
	Names    []nameXML `xml:"name"`
	Texts    []nameXML `xml:"description"`
	Default  string    `xml:"default"`
	Visible  *string   `xml:"uservisible"`
	Order    string    `xml:"display_order"`
	LangOnly string    `xml:"langonly"`
	Packages []struct {
		Kind         string `xml:"type,attr"`
		Requires     string `xml:"requires,attr"`
		BaseArchOnly string `xml:"basearchonly,attr"`
		Name         string `xml:",chardata"`
	} `xml:"packagelist>packagereq"`
}

type environmentXML struct {
	ID      string    `xml:"id"`
	Names   []nameXML `xml:"name"`
	Texts   []nameXML `xml:"description"`
	Order   string    `xml:"display_order"`
	Groups  []string  `xml:"grouplist>groupid"`
	Options []struct {
		ID      string `xml:",chardata"`
		Default string `xml:"default,attr"`
	} `xml:"optionlist>groupid"`
}

// FormatError says where comps.xml is not what it should be.
type FormatError struct {
	Offset int64 // bytes into the decompressed file
	Err    error
}

func (e *FormatError) Error() string {
	return fmt.Sprintf("parse comps.xml at byte %d: %v", e.Offset, e.Err)
}

// Unwrap returns the cause.
func (e *FormatError) Unwrap() error { return e.Err }

// Parse reads comps.xml. Entities of a document type declaration are not
// expanded: a reference to one is an error.
func Parse(text []byte) (*Comps, error) {
	var doc document
	decoder := xml.NewDecoder(bytes.NewReader(text))
	if err := decoder.Decode(&doc); err != nil {
		return nil, &FormatError{decoder.InputOffset(), err}
	}
	if len(doc.Groups) > maxItems || len(doc.Environments) > maxItems {
		return nil, &FormatError{0, errors.New("too many groups or environments")}
	}
	c := &Comps{}
	for _, g := range doc.Groups {
		group, err := g.group()
		if err != nil {
			return nil, &FormatError{decoder.InputOffset(), err}
		}
		c.mergeGroup(group)
	}
	for _, e := range doc.Environments {
		env, err := e.environment()
		if err != nil {
			return nil, &FormatError{decoder.InputOffset(), err}
		}
		c.mergeEnvironment(env)
	}
	return c, nil
}

func (g *groupXML) group() (Group, error) {
	out := Group{ID: strings.TrimSpace(g.ID), Name: plainName(g.Names), Description: plainName(g.Texts),
		Default: isTrue(strings.TrimSpace(g.Default)), Visible: g.Visible == nil || isTrue(strings.TrimSpace(*g.Visible)),
		Order: strings.TrimSpace(g.Order), LangOnly: strings.TrimSpace(g.LangOnly)}
	if out.ID == "" {
		return out, errors.New("group without an id")
	}
	if len(g.Packages) > maxItems {
		return out, fmt.Errorf("group %s has too many packages", out.ID)
	}
	for _, p := range g.Packages {
		pkg := Package{
			Name: strings.TrimSpace(p.Name), Kind: kindOf(p.Kind), Requires: strings.TrimSpace(p.Requires),
			BaseArchOnly: isTrue(p.BaseArchOnly),
		}
		if pkg.Name != "" {
			out.Packages = append(out.Packages, pkg)
		}
	}
	return out, nil
}

func (e *environmentXML) environment() (Environment, error) {
	out := Environment{ID: strings.TrimSpace(e.ID), Name: plainName(e.Names), Description: plainName(e.Texts),
		Order: strings.TrimSpace(e.Order)}
	if out.ID == "" {
		return out, errors.New("environment without an id")
	}
	for _, g := range e.Groups {
		out.Groups = append(out.Groups, strings.TrimSpace(g))
	}
	for _, g := range e.Options {
		out.Options = append(out.Options, OptionGroup{strings.TrimSpace(g.ID), isTrue(g.Default)})
	}
	return out, nil
}

// plainName is the name in no particular language.
func plainName(names []nameXML) string {
	for _, n := range names {
		if n.Lang == "" {
			return strings.TrimSpace(n.Text)
		}
	}
	return ""
}

func kindOf(text string) Kind {
	switch k := Kind(text); k {
	case Default, Optional, Conditional:
		return k
	}
	return Mandatory
}

func isTrue(text string) bool {
	return text == "true" || text == "True" || text == "1" || text == "yes"
}

// Merge adds the groups and environments of another repository. What both have
// becomes the union of the two.
func (c *Comps) Merge(other *Comps) {
	for _, g := range other.Groups {
		c.mergeGroup(g)
	}
	for _, e := range other.Environments {
		c.mergeEnvironment(e)
	}
}

func (c *Comps) mergeGroup(g Group) {
	i := slices.IndexFunc(c.Groups, func(have Group) bool { return have.ID == g.ID })
	if i < 0 {
		g.Packages = slices.Clone(g.Packages)
		c.Groups = append(c.Groups, g)
		return
	}
	have := map[Package]bool{}
	for _, p := range c.Groups[i].Packages {
		have[p] = true
	}
	for _, p := range g.Packages {
		if !have[p] {
			c.Groups[i].Packages = append(c.Groups[i].Packages, p)
		}
	}
}

func (c *Comps) mergeEnvironment(e Environment) {
	i := slices.IndexFunc(c.Environments, func(have Environment) bool { return have.ID == e.ID })
	if i < 0 {
		e.Groups, e.Options = slices.Clone(e.Groups), slices.Clone(e.Options)
		c.Environments = append(c.Environments, e)
		return
	}
	have := &c.Environments[i]
	for _, g := range e.Groups {
		if !slices.Contains(have.Groups, g) {
			have.Groups = append(have.Groups, g)
		}
	}
	for _, o := range e.Options {
		if !slices.ContainsFunc(have.Options, func(h OptionGroup) bool { return h.ID == o.ID }) {
			have.Options = append(have.Options, o)
		}
	}
}
