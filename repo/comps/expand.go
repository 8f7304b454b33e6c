package comps

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fimg/fimg/fault"
)

// Manager is the package manager whose rules are followed.
type Manager string

// The managers that differ.
const (
	DNF4 Manager = "dnf4"
	DNF5 Manager = "dnf5"
)

// Kinds returns the package kinds that a manager installs of a group when kiwi's
// pattern type is plusRecommended (recommended true) or onlyRequired. dnf 4 is
// never told about groups, so that its default applies either way.
func Kinds(m Manager, recommended bool) []Kind {
	if m == DNF5 && !recommended {
		return []Kind{Mandatory}
	}
	return []Kind{Mandatory, Default, Conditional}
}

// Offered says which of the groups that an environment only offers come with it.
type Offered string

// The choices.
const (
	NoOffered      Offered = ""
	DefaultOffered Offered = "default" // those that are preselected
	AllOffered     Offered = "all"
)

// TakesOffered returns what a manager takes of them unless told otherwise: dnf5
// those that are preselected, dnf 4 none.
func TakesOffered(m Manager) Offered {
	if m == DNF5 {
		return DefaultOffered
	}
	return NoOffered
}

// Request says how groups are expanded.
type Request struct {
	Kinds   []Kind // nil means those of dnf's default: mandatory, default, conditional
	Offered Offered
}

// Wanted is a package that a group asks for.
type Wanted struct {
	Package
	Group string // the group's ID
}

// Condition returns the capability that a solver has to see fulfilled: the name,
// or a rich dependency where the package is wanted only beside another.
func (w Wanted) Condition() string {
	if w.Requires == "" {
		return w.Name
	}
	return fmt.Sprintf("(%s if %s)", w.Name, w.Requires)
}

// UnknownError says that no group and no environment has that ID or name.
type UnknownError struct {
	ID   string
	Near []string // IDs that look like it
}

func (e *UnknownError) Error() string {
	return fmt.Sprintf("no group or environment is called %s", e.ID)
}

// FaultClass is Unsolvable.
func (e *UnknownError) FaultClass() fault.Class { return fault.Unsolvable }

// Hint offers the near names.
func (e *UnknownError) Hint() string {
	if len(e.Near) == 0 {
		return ""
	}
	return "did you mean " + strings.Join(e.Near, " or ")
}

// Expand returns the packages that the given groups and environments mean, in the
// order of the requests, each package of each group once. An ID may be written
// with a leading "@" or "@^", may be the name of the group, and may be a shell
// pattern. Groups that an environment lists and no repository has are left out,
// as dnf does for optional ones; a requested one that is unknown is an
// *UnknownError.
func (c *Comps) Expand(ids []string, r Request) ([]Wanted, error) {
	if r.Kinds == nil {
		r.Kinds = Kinds(DNF4, true)
	}
	var out []Wanted
	seen := map[Package]bool{}
	for _, id := range ids {
		groups, err := c.groups(id, r.Offered)
		if err != nil {
			return nil, err
		}
		for _, g := range groups {
			for _, p := range g.Packages {
				if slices.Contains(r.Kinds, p.Kind) && !seen[p] {
					seen[p] = true
					out = append(out, Wanted{p, g.ID})
				}
			}
		}
	}
	return out, nil
}

// Choice is what requests select: dnf remembers it.
type Choice struct {
	Environments []Environment
	Groups       []Group
	// Part tells, by ID, which groups only came with an environment.
	Part map[string]bool
}

// Choose returns the groups and environments that the requests mean, each once,
// in the order of the requests.
func (c *Comps) Choose(ids []string, offered Offered) (Choice, error) {
	out := Choice{Part: map[string]bool{}}
	seen := map[string]bool{}
	for _, id := range ids {
		groups, err := c.groups(id, offered)
		if err != nil {
			return out, err
		}
		name := strings.TrimPrefix(strings.TrimPrefix(id, "@"), "^")
		direct := matching(c.Groups, name, func(g *Group) (string, string) { return g.ID, g.Name })
		for _, e := range matching(c.Environments, name, func(e *Environment) (string, string) { return e.ID, e.Name }) {
			if !seen["^"+e.ID] {
				seen["^"+e.ID] = true
				out.Environments = append(out.Environments, e)
			}
		}
		for i, g := range groups {
			if i < len(direct) {
				out.Part[g.ID] = false
			} else if _, known := out.Part[g.ID]; !known {
				out.Part[g.ID] = true
			}
			if !seen[g.ID] {
				seen[g.ID] = true
				out.Groups = append(out.Groups, g)
			}
		}
	}
	return out, nil
}

// groups returns the groups that one request means: first those it names, then
// those of environments.
func (c *Comps) groups(id string, offered Offered) ([]Group, error) {
	name := strings.TrimPrefix(strings.TrimPrefix(id, "@"), "^")
	groups := matching(c.Groups, name, func(g *Group) (string, string) { return g.ID, g.Name })
	environments := matching(c.Environments, name, func(e *Environment) (string, string) { return e.ID, e.Name })
	if len(groups) == 0 && len(environments) == 0 {
		return nil, &UnknownError{name, c.near(name)}
	}
	for _, e := range environments {
		ids := slices.Clone(e.Groups)
		for _, o := range e.Options {
			if offered == AllOffered || offered == DefaultOffered && o.Default {
				ids = append(ids, o.ID)
			}
		}
		for _, id := range ids {
			if i := slices.IndexFunc(c.Groups, func(g Group) bool { return g.ID == id }); i >= 0 {
				groups = append(groups, c.Groups[i])
			}
		}
	}
	return groups, nil
}

// matching returns the items called exactly so by ID or name, else those that the
// pattern matches in either case.
func matching[T any](items []T, pattern string, names func(*T) (id, name string)) []T {
	var exact, loose []T
	glob := compileGlob(strings.ToLower(pattern))
	for i := range items {
		id, name := names(&items[i])
		switch {
		case id == pattern || name == pattern:
			exact = append(exact, items[i])
		case glob(strings.ToLower(id)) || name != "" && glob(strings.ToLower(name)):
			loose = append(loose, items[i])
		}
	}
	if len(exact) > 0 {
		return exact
	}
	return loose
}

// near returns up to three IDs that contain the wanted one or are contained.
func (c *Comps) near(id string) (near []string) {
	word := strings.ToLower(strings.Trim(id, "*?"))
	add := func(have string) {
		low := strings.ToLower(have)
		if word != "" && len(near) < 3 && (strings.Contains(low, word) || strings.Contains(word, low)) {
			near = append(near, have)
		}
	}
	for _, e := range c.Environments {
		add(e.ID)
	}
	for _, g := range c.Groups {
		add(g.ID)
	}
	return near
}
