package dnfstate

import (
	"maps"
	"slices"
)

// after is the state as it goes on from a past: with the reasons that dnf5 gives to
// what was there, and without what changed nothing.
func (s *State) after(p *past) *State {
	out := &State{KnownModules: s.KnownModules, past: p}
	modules, names := maps.Clone(p.modules), maps.Clone(p.names)
	for _, t := range s.Transactions {
		before := out.summarize()
		changed := s.setModules(modules, &t)
		if t.justModules() && !changed {
			continue
		}
		t = t.goingOn(&before)
		names.apply(t.Items)
		out.Transactions = append(out.Transactions, t)
	}
	return out
}

// goingOn gives what takes the place of another version the reason of that one, what
// makes others obsolete at least theirs, and what leaves the reason it had. What was
// asked for again becomes the user's, if dnf5 knew nothing of it; else it stays what
// it is.
func (t Transaction) goingOn(before *summary) Transaction {
	items := slices.Clone(t.Items)
	for n, i := range items {
		switch {
		case i.Action == Remove:
		case !i.Action.inbound():
			items[n].Reason = before.reason(i)
		default:
			if i.Action != Install {
				i.Reason = before.reason(i)
			}
			for _, old := range t.Items {
				if old.outbound() && (old.na() == i.na() || old.By == i.Package) && before.reason(old).strength() > i.Reason.strength() {
					i.Reason = before.reason(old)
				}
			}
			items[n] = i
		}
	}
	for _, id := range t.Again {
		i := Item{Package: id, Repo: "@System", Action: ReasonChange, Reason: User}
		if before.reason(i) == ExternalUser {
			items = append(items, i)
		}
	}
	t.Items = items
	return t
}

// reason is why a package of the system is there, for dnf5.
func (s *summary) reason(i Item) Reason {
	r := s.reasons[i.na()]
	if r.strength() < GroupMember.strength() && s.inGroup(i.Package.Name) {
		return GroupMember
	}
	if r == Unknown {
		return ExternalUser // dnf5 has not installed it
	}
	return r
}

// inGroup reports whether a group brought a package.
func (s *summary) inGroup(name string) bool {
	for _, g := range s.groups {
		if slices.Contains(g.packages, name) {
			return true
		}
	}
	return false
}
