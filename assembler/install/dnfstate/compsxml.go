package dnfstate

import (
	"encoding/xml"
	"fmt"
)

// comps is a definition of one group or environment as dnf5 keeps it for the
// time when the repository no longer has it.
type comps struct {
	XMLName     xml.Name      `xml:"comps"`
	Group       *compsGroup   `xml:"group"`
	Environment *compsEnviron `xml:"environment"`
}

type compsGroup struct {
	ID          string    `xml:"id"`
	Name        string    `xml:"name"`
	Description string    `xml:"description"`
	Default     bool      `xml:"default"`
	Visible     bool      `xml:"uservisible"`
	Order       string    `xml:"display_order"`
	LangOnly    string    `xml:"langonly"`
	Packages    []compReq `xml:"packagelist>packagereq"`
}

type compReq struct {
	Type     string `xml:"type,attr"`
	Requires string `xml:"requires,attr,omitempty"`
	Name     string `xml:",chardata"`
}

type compsEnviron struct {
	ID          string   `xml:"id"`
	Name        string   `xml:"name"`
	Description string   `xml:"description"`
	Order       string   `xml:"display_order"`
	Groups      []string `xml:"grouplist>groupid"`
	Options     []option `xml:"optionlist>groupid"`
}

type option struct {
	Default bool   `xml:"default,attr,omitempty"`
	ID      string `xml:",chardata"`
}

// definition returns the XML of a group or an environment.
func (g *Group) definition() ([]byte, error) {
	doc := comps{}
	if g.Environment {
		doc.Environment = g.environment()
	} else {
		doc.Group = &compsGroup{ID: g.ID, Name: g.Name, Description: g.Description,
			Default: g.Default, Visible: g.Visible, Order: g.Order, LangOnly: g.LangOnly}
		for _, m := range g.dnf5Members() {
			for _, t := range m.Type.names() {
				doc.Group.Packages = append(doc.Group.Packages, compReq{t, m.Requires, m.Name})
			}
		}
	}
	b, err := xml.MarshalIndent(doc, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write definition of group %s: %w", g.ID, err)
	}
	return append(append([]byte(xml.Header), b...), '\n'), nil
}

func (g *Group) environment() *compsEnviron {
	e := &compsEnviron{ID: g.ID, Name: g.Name, Description: g.Description, Order: g.Order}
	for _, m := range g.dnf5Members() {
		if m.Type&Mandatory != 0 {
			e.Groups = append(e.Groups, m.Name)
		} else {
			e.Options = append(e.Options, option{m.Type&Default != 0, m.Name})
		}
	}
	return e
}
