// Package dnfstate writes what dnf remembers of a system, so that the image's
// own dnf answers as if it had installed the packages: why each package is
// there, from which repository, which groups, environments and module streams
// are chosen, and the history of transactions.
//
// dnf5 keeps TOML files and a SQLite history in usr/lib/sysimage/libdnf5
// (dnf5-system-state(7); libdnf5/system/state), dnf4 a SQLite history in
// var/lib/dnf (libdnf/transaction, schema 1.2) and module streams in
// etc/dnf/modules.d. The same transactions give the same bytes.
package dnfstate

import (
	"maps"
	"slices"

	"github.com/fimg/fimg/repo/rpm"
)

// Directories below the root of an image.
const (
	DNF5Dir        = "usr/lib/sysimage/libdnf5"
	DNF4Dir        = "var/lib/dnf"
	DNF4ModulesDir = "etc/dnf/modules.d"
)

// Names of the histories in these directories.
const (
	DNF5History = "transaction_history.sqlite"
	DNF4History = "history.sqlite"
)

// Reason is why a package or group is installed. The numbers are dnf's.
type Reason int

// The reasons. Earlier than dnf5, ExternalUser does not exist.
const (
	Unknown        Reason = 0
	Dependency     Reason = 1
	User           Reason = 2
	Clean          Reason = 3
	WeakDependency Reason = 4
	GroupMember    Reason = 5
	ExternalUser   Reason = 6
)

// String returns the word dnf5 writes.
func (r Reason) String() string {
	switch r {
	case Dependency:
		return "Dependency"
	case User:
		return "User"
	case Clean:
		return "Clean"
	case WeakDependency:
		return "Weak Dependency"
	case GroupMember:
		return "Group"
	case ExternalUser:
		return "External User"
	}
	return "None"
}

// Action is what a transaction did to a package or group.
type Action int

// The actions. Replaced is the old version of what was upgraded, as Downgraded and
// Reinstalled are of what was that; Obsoleted is what another package replaces.
// ReasonChange does nothing but to give a package another reason (dnf5).
const (
	Install Action = iota + 1
	Upgrade
	Downgrade
	Reinstall
	Remove
	Replaced
	Obsoleted
	Downgraded
	Reinstalled
	ReasonChange
)

// inbound reports whether the item is on the system afterwards.
func (a Action) inbound() bool { return a <= Reinstall }

// Item is one package of a transaction.
type Item struct {
	Package rpm.Identity
	Repo    string // where it is from, "@System" for what was removed
	Action  Action
	Reason  Reason
	By      rpm.Identity // what made the package obsolete
}

// outbound reports whether the item leaves the system.
func (i Item) outbound() bool { return !i.Action.inbound() && i.Action != ReasonChange }

// na is dnf's key for reasons.
func (i Item) na() string { return i.Package.Name + "." + i.Package.Arch }

// nevra is dnf's key for repositories: an epoch of zero is left out.
func (i Item) nevra() string {
	id := i.Package
	id.HasEpoch = id.Epoch != 0
	return id.NEVRA()
}

// Types is a set of package types of a group, or group types of an environment.
type Types int

// The types (comps).
const (
	Conditional Types = 1 << iota
	Default
	Mandatory
	Optional
)

// names returns the words dnf5 writes, in its order.
func (t Types) names() []string {
	var out []string
	for _, n := range []struct {
		t    Types
		name string
	}{{Mandatory, "mandatory"}, {Default, "default"}, {Conditional, "conditional"}, {Optional, "optional"}} {
		if t&n.t != 0 {
			out = append(out, n.name)
		}
	}
	return out
}

// Member is one package of a group, or one group of an environment.
type Member struct {
	Name      string
	Type      Types
	Installed bool   // dnf4: with the group; dnf5 is told what the transactions say
	Requires  string // of a conditional package: only beside a package of that name
}

// Group is a group or an environment that a transaction installed or removed.
type Group struct {
	ID, Name, Description string
	Repo                  string
	Types                 Types // of members that were asked for
	Members               []Member
	Action                Action
	Reason                Reason // User or, as part of an environment, Dependency
	Environment           bool
	// Default, Visible, Order and LangOnly are those of comps.xml. They are only
	// for the definition that dnf5 keeps.
	Default, Visible bool
	Order, LangOnly  string
}

// Transaction is one run of dnf.
type Transaction struct {
	Begin, End int64 // seconds since 1970
	// Before and After are the cookies of the rpm database (rpmdb.Cookie). dnf
	// marks transactions whose Before is not the After of the one before.
	Before, After string
	ReleaseVer    string
	User          uint32
	Command       string
	Comment       string
	Items         []Item
	Groups        []Group
	Modules       []Module       // what a command about modules decides
	Again         []rpm.Identity // packages that were there and are asked for
}

// State is what is to be remembered.
type State struct {
	Transactions []Transaction
	KnownModules []string // the names of all that repositories offer
	OldModules   []Module // of dnf4's files, where dnf5 has none of its own

	past *past // what the state files said before; nil for nothing
}

// summary is the state after all transactions.
type summary struct {
	reasons map[string]Reason // by name and architecture
	repos   map[string]string // by NEVRA
	groups  map[string]groupState
	environ map[string]Group
	cookie  string
}

func newSummary() summary {
	return summary{make(map[string]Reason), make(map[string]string), make(map[string]groupState), make(map[string]Group), ""}
}

func (s *summary) clone() summary {
	return summary{maps.Clone(s.reasons), maps.Clone(s.repos), maps.Clone(s.groups), maps.Clone(s.environ), s.cookie}
}

// groupState is a group and the members that dnf5 counts as installed by it.
type groupState struct {
	Group
	packages []string
}

// summarize applies the transactions in turn, in each one what leaves before
// what comes, as dnf5 does.
func (s *State) summarize() summary {
	sum, names := newSummary(), make(present)
	if s.past != nil {
		sum, names = s.past.clone(), maps.Clone(s.past.names)
	}
	for _, t := range s.Transactions {
		members := names.withGroup(t.Items)
		for _, i := range t.Items {
			if i.Action == ReasonChange {
				sum.reasons[i.na()] = i.Reason
			}
		}
		for _, i := range t.Items {
			if i.outbound() {
				sum.leave(i, t.Items)
			}
		}
		for _, i := range t.Items {
			if i.Action.inbound() {
				sum.come(i)
			}
		}
		for _, g := range t.Groups {
			sum.group(g, members)
		}
		names.apply(t.Items)
		sum.cookie = t.After
	}
	return sum
}

// leave forgets a package; its reason is kept where another version stays.
func (s *summary) leave(i Item, all []Item) {
	delete(s.repos, i.nevra())
	stays := slices.ContainsFunc(all, func(o Item) bool { return o.Action.inbound() && o.na() == i.na() })
	if !stays {
		delete(s.reasons, i.na())
	}
}

// come notes a package. Members of groups are noted with the group.
func (s *summary) come(i Item) {
	switch i.Reason {
	case Dependency, WeakDependency, User, ExternalUser:
		s.reasons[i.na()] = i.Reason
	}
	s.repos[i.nevra()] = i.Repo
}

// group notes a group with those of its packages that are among the members.
func (s *summary) group(g Group, members map[string]bool) {
	switch {
	case !g.Action.inbound() && g.Environment:
		delete(s.environ, g.ID)
	case !g.Action.inbound():
		delete(s.groups, g.ID)
	case g.Environment:
		s.environ[g.ID] = g
	default:
		state := groupState{g, []string{}}
		for _, m := range g.dnf5Members() {
			if members[m.Name] {
				state.packages = append(state.packages, m.Name)
			}
		}
		s.groups[g.ID] = state
	}
}
