package dnfstate

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// present counts the installed packages of each name.
type present map[string]int

// apply brings the counts to what they are after a transaction.
func (p present) apply(items []Item) {
	for _, i := range items {
		if i.Action.inbound() {
			p[i.Package.Name]++
		} else if i.outbound() {
			p[i.Package.Name]--
		}
	}
}

// names returns the names that are there.
func (p present) names() map[string]bool {
	out := make(map[string]bool, len(p))
	for name, n := range p {
		if n > 0 {
			out[name] = true
		}
	}
	return out
}

// withGroup returns the names that dnf5's state counts as installed by a group
// of a transaction: those that came for a group, and those that were there.
func (p present) withGroup(items []Item) map[string]bool {
	out := p.names()
	for _, i := range items {
		if i.Action.inbound() && i.Reason == GroupMember {
			out[i.Package.Name] = true
		}
	}
	return out
}

// withTransaction returns the names that dnf5's history counts as installed:
// those that were there before a transaction and those that came with it.
func (p present) withTransaction(items []Item) map[string]bool {
	out := maps.Clone(p)
	for _, i := range items {
		if i.Action.inbound() {
			out[i.Package.Name]++
		}
	}
	return out.names()
}

// dnf5Members returns the members as dnf5 lists them, each name of a type once.
// Packages come by type, those of default and conditional ones mixed as they are
// in comps.xml; groups of an environment by type and name.
func (g *Group) dnf5Members() []Member {
	out := slices.Clone(g.Members)
	slices.SortStableFunc(out, func(a, b Member) int {
		c := cmp.Compare(g.rank(a.Type), g.rank(b.Type))
		if c == 0 && g.Environment {
			c = strings.Compare(a.Name, b.Name)
		}
		return c
	})
	seen := make(map[Member]bool)
	return slices.DeleteFunc(out, func(m Member) bool {
		m.Installed = false
		again := seen[m]
		seen[m] = true
		return again
	})
}

// rank orders the types of members.
func (g *Group) rank(t Types) int {
	switch {
	case t&Mandatory != 0:
		return 0
	case t&(Default|Conditional) != 0:
		return 1
	}
	return 2
}

// dnf5Order returns the items as dnf5 notes them when SOURCE_DATE_EPOCH is set: by
// name, epoch unless zero, version, release and architecture as one string, what
// comes before what leaves where they are equal.
func dnf5Order(items []Item) []Item {
	out := slices.Clone(items)
	slices.SortStableFunc(out, func(a, b Item) int {
		return cmp.Or(strings.Compare(a.nevra(), b.nevra()), cmp.Compare(a.Action, b.Action))
	})
	return out
}

// dnf5Groups returns the groups as dnf5 notes them: environments, groups that were
// asked for, groups of environments.
func dnf5Groups(groups []Group) []Group {
	out := slices.Clone(groups)
	rank := func(g Group) int {
		switch {
		case g.Environment:
			return 0
		case g.Reason == User:
			return 1
		}
		return 2
	}
	slices.SortStableFunc(out, func(a, b Group) int { return cmp.Compare(rank(a), rank(b)) })
	return out
}
