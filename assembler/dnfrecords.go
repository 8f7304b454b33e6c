package assembler

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/fimg/fimg/assembler/install"
	"github.com/fimg/fimg/assembler/install/dnfstate"
	"github.com/fimg/fimg/assembler/manifest"
	"github.com/fimg/fimg/description"
	"github.com/fimg/fimg/repo/comps"
	"github.com/fimg/fimg/repo/pool/evr"
	"github.com/fimg/fimg/repo/rpm"
)

// The login user noted where nobody has logged in: dnf4 writes what the kernel says,
// dnf5 then takes the user that it runs as.
const (
	dnf4Nobody = 1<<32 - 1
	dnf5Nobody = 0
)

// recordInstall notes a transaction of packages as dnf would have.
func (b *builder) recordInstall(res install.Result, verb string, phases ...*description.Phase) {
	t := b.transactionRecord(res, verb)
	for _, p := range phases {
		for _, name := range slices.Concat(description.Names(p.Collections), description.Names(p.Packages)) {
			t.Command += " " + name
		}
	}
	present := map[string]bool{}
	for _, p := range res.Installed {
		id := p.Header.Identity()
		present[id.Name] = true
		t.Items = append(t.Items, dnfstate.Item{Package: id, Repo: p.Item.Repository, Action: dnfstate.Install, Reason: dnfReasons[p.Item.Reason]})
	}
	t.Items = replaced(t.Items, res)
	groups := recordedGroups(b.plan.Lock.Groups, present)
	if len(b.dnf) == 0 {
		t.Groups = groups
		for _, nevra := range b.plan.Lock.Again {
			t.Again = append(t.Again, identityOf(nevra))
		}
	}
	if b.plan.Image.Preferences.PackageManager == "dnf5" {
		claimMembers(t.Items, groups)
	}
	b.dnf = append(b.dnf, t)
}

// replaced notes what packages of a base the installed ones took the place of, as
// another version or because they are obsolete.
func replaced(items []dnfstate.Item, res install.Result) []dnfstate.Item {
	for _, old := range res.Removed {
		left := dnfstate.Item{Package: old, Repo: "@System", Action: dnfstate.Obsoleted, By: obsoleter(res, old.Name)}
		for i, it := range items {
			if it.Action > dnfstate.Reinstall || it.Package.Name != old.Name || it.Package.Arch != old.Arch {
				continue
			}
			switch c := evr.Compare(it.Package.EVR(), old.EVR()); {
			case c > 0:
				items[i].Action, left.Action = dnfstate.Upgrade, dnfstate.Replaced
			case c < 0:
				items[i].Action, left.Action = dnfstate.Downgrade, dnfstate.Downgraded
			default:
				items[i].Action, left.Action = dnfstate.Reinstall, dnfstate.Reinstalled
			}
		}
		items = append(items, left)
	}
	return items
}

// obsoleter is the first installed package that obsoletes another by name.
func obsoleter(res install.Result, name string) rpm.Identity {
	for _, p := range res.Installed {
		if slices.Contains(p.Header.Strings(rpm.TagObsoleteName), name) {
			return p.Header.Identity()
		}
	}
	return rpm.Identity{}
}

// claimMembers gives what belongs to an installed group the reason that dnf5 gives
// it, also where another package needs it; not to conditional packages.
func claimMembers(items []dnfstate.Item, groups []dnfstate.Group) {
	members := claims(groups)
	for i, it := range items {
		if members[it.Package.Name] && it.Reason != dnfstate.User {
			items[i].Reason = dnfstate.GroupMember
		}
	}
}

// claims are the names that the groups claim as theirs.
func claims(groups []dnfstate.Group) map[string]bool {
	members := map[string]bool{}
	for _, g := range groups {
		for _, m := range g.Members {
			members[m.Name] = members[m.Name] || !g.Environment && m.Installed && m.Type != dnfstate.Conditional
		}
	}
	return members
}

// recordRemoval notes what dnf took away again.
func (b *builder) recordRemoval(res install.Result) {
	t := b.transactionRecord(res, "remove")
	for _, id := range res.Removed {
		reason := dnfstate.User
		if b.plan.Image.Preferences.PackageManager == "dnf5" {
			reason = removalReason(id, &b.plan.Lock.Remove)
		}
		t.Items = append(t.Items, dnfstate.Item{Package: id, Repo: "@System", Action: dnfstate.Remove, Reason: reason})
		t.Command += " " + id.Name
	}
	b.dnf = append(b.dnf, t)
}

// removalReason is why dnf5 says that it removed a package: it was asked to, or the
// package needs another one that leaves, or else nothing needs it any more.
func removalReason(id rpm.Identity, r *manifest.Removal) dnfstate.Reason {
	id.HasEpoch = true
	switch nevra := id.NEVRA(); {
	case slices.Contains(r.Dependent, nevra):
		return dnfstate.Dependency
	case slices.Contains(r.Unneeded, nevra):
		return dnfstate.Clean
	}
	return dnfstate.User
}

func (b *builder) transactionRecord(res install.Result, verb string) dnfstate.Transaction {
	at := b.plan.Epoch.Unix()
	release := b.plan.Image.Preferences.ReleaseVersion
	user := uint32(dnf4Nobody)
	if b.plan.Image.Preferences.PackageManager == "dnf5" {
		user = dnf5Nobody
	}
	return dnfstate.Transaction{Begin: at, End: at, Before: res.Before, After: res.After, ReleaseVer: release, User: user,
		Command: strings.TrimSpace(b.plan.Image.Preferences.PackageManager + " --releasever=" + release + " -y " + verb)}
}

// dnfReasons are dnf's reasons by the installer's names.
var dnfReasons = map[string]dnfstate.Reason{"": dnfstate.User, "user": dnfstate.User, "dependency": dnfstate.Dependency,
	"weak-dependency": dnfstate.WeakDependency, "group": dnfstate.GroupMember}

var dnfTypes = map[string]dnfstate.Types{string(comps.Mandatory): dnfstate.Mandatory, string(comps.Default): dnfstate.Default,
	string(comps.Optional): dnfstate.Optional, string(comps.Conditional): dnfstate.Conditional}

// recordedGroups are the groups of a lock as dnf notes them. A member counts as
// installed with the group when it was asked for and is there.
func recordedGroups(groups []manifest.LockedGroup, present map[string]bool) []dnfstate.Group {
	var list []dnfstate.Group
	for _, g := range groups {
		r := dnfstate.Group{ID: g.ID, Name: g.Name, Repo: g.Repository, Action: dnfstate.Install, Reason: dnfstate.User, Environment: g.Environment,
			Description: g.Description, Default: g.Default, Visible: g.Visible, Order: g.Order, LangOnly: g.LangOnly}
		for _, k := range g.Kinds {
			r.Types |= dnfTypes[k]
		}
		if g.Part {
			r.Reason = dnfstate.Dependency
		}
		for _, m := range g.Members {
			t := dnfTypes[m.Kind]
			if m.Wanted {
				r.Types |= t
			}
			r.Members = append(r.Members, dnfstate.Member{Name: m.Name, Type: t, Requires: m.Requires,
				Installed: m.Wanted && (g.Environment || present[m.Name])})
		}
		list = append(list, r)
	}
	return list
}

// writeDNFRecords leaves the records of the package manager of the description in
// the tree, where they go on from those of a base. They are made outside of it and
// copied in, where no link of the tree can lead them elsewhere.
func (b *builder) writeDNFRecords(ctx context.Context) error {
	if len(b.dnf) == 0 {
		return nil
	}
	dir, err := os.MkdirTemp(b.work, "dnf-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := b.copyRecords(dir); err != nil {
		return err
	}
	state := dnfstate.State{Transactions: slices.Concat(b.moduleRecords(), b.dnf), KnownModules: b.plan.Lock.Modules.All}
	if state.OldModules, err = b.dnf4Modules(); err != nil {
		return err
	}
	write := func() error {
		return state.WriteDNF4(ctx, filepath.Join(dir, dnfstate.DNF4Dir), filepath.Join(dir, dnfstate.DNF4ModulesDir))
	}
	old := filepath.Join(dir, dnfstate.DNF4Dir, dnfstate.DNF4History)
	if b.plan.Image.Preferences.PackageManager == "dnf5" {
		write = func() error { return state.WriteDNF5(ctx, filepath.Join(dir, dnfstate.DNF5Dir)) }
		old = filepath.Join(dir, dnfstate.DNF5Dir, dnfstate.DNF5History)
	}
	if err = write(); errors.Is(err, dnfstate.ErrHistory) {
		b.warn("dnf", err.Error()+": a new one begins")
		if err = os.Remove(old); err == nil {
			err = write()
		}
	}
	if err != nil {
		return err
	}
	return b.copyIn(dir)
}

// copyRecords copies the records that are there out of the tree.
func (b *builder) copyRecords(dir string) error {
	names := []string{path.Join(dnfstate.DNF4Dir, dnfstate.DNF4History)}
	if b.plan.Image.Preferences.PackageManager == "dnf5" {
		names = append(b.root.Glob(dnfstate.DNF5Dir+"/*.toml"), path.Join(dnfstate.DNF5Dir, dnfstate.DNF5History))
	}
	for _, name := range names {
		if !b.root.IsFile(name) {
			continue
		}
		raw, err := b.root.ReadFile(name)
		if err != nil {
			return err
		}
		to := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(to), 0o755), os.WriteFile(to, raw, 0o644)); err != nil {
			return err
		}
	}
	return nil
}

// copyIn copies the files below a directory of the host into the tree.
func (b *builder) copyIn(dir string) error {
	return filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if err := b.root.MkdirAll(path.Dir(rel), 0o755); err != nil {
			return err
		}
		for _, journal := range []string{"-wal", "-shm", "-journal"} { // of a database of the base
			if err := b.root.RemoveAll(rel + journal); err != nil {
				return err
			}
		}
		return b.root.WriteFile(rel, data, 0o644)
	})
}
