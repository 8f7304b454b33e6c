package assembler

import (
	"slices"
	"testing"

	"github.com/fimg/fimg/assembler/install"
	"github.com/fimg/fimg/assembler/install/dnfstate"
	"github.com/fimg/fimg/assembler/manifest"
	"github.com/fimg/fimg/repo/rpm"
)

// TestRecordedGroups looks at what dnf is told of groups: members that were asked
// for and are there count as installed, a group of an environment as its part.
func TestRecordedGroups(t *testing.T) {
	lock := &manifest.Lock{Groups: []manifest.LockedGroup{
		{ID: "core", Name: "Core", Part: true, Repository: "fedora", Members: []manifest.LockedMember{
			{Name: "bash", Kind: "mandatory", Wanted: true}, {Name: "gone", Kind: "default", Wanted: true}, {Name: "vim", Kind: "optional"}}},
		{ID: "cloud", Environment: true, Members: []manifest.LockedMember{{Name: "core", Kind: "mandatory", Wanted: true}}},
	}}
	got := recordedGroups(lock.Groups, map[string]bool{"bash": true, "vim": true})
	core, cloud := got[0], got[1]
	if core.Reason != dnfstate.Dependency || core.Types != dnfstate.Mandatory|dnfstate.Default || core.Repo != "fedora" {
		t.Errorf("core: %+v", core)
	}
	for i, want := range []bool{true, false, false} {
		if core.Members[i].Installed != want {
			t.Errorf("%s: installed is %v", core.Members[i].Name, core.Members[i].Installed)
		}
	}
	if !cloud.Environment || cloud.Reason != dnfstate.User || !cloud.Members[0].Installed {
		t.Errorf("cloud: %+v", cloud)
	}
}

// TestRemovalReason has dnf5's answers to "remove usbutils libutempter0" where tmux
// needs libutempter0.
func TestRemovalReason(t *testing.T) {
	for name, want := range map[string]dnfstate.Reason{"usbutils": dnfstate.User, "libutempter0": dnfstate.User,
		"tmux": dnfstate.Dependency, "libusb": dnfstate.Clean} {
		id := rpm.Identity{Name: name, Version: "1", Release: "2", Arch: "x86_64"}
		got := removalReason(id, &manifest.Removal{Dependent: []string{"tmux-0:1-2.x86_64"}, Unneeded: []string{"libusb-0:1-2.x86_64"}})
		if got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

// TestClaimMembers has dnf5's answer to a group whose members other packages need,
// too.
func TestClaimMembers(t *testing.T) {
	item := func(name string, r dnfstate.Reason) dnfstate.Item {
		return dnfstate.Item{Package: rpm.Identity{Name: name}, Reason: r}
	}
	items := []dnfstate.Item{item("bash", dnfstate.Dependency), item("less", dnfstate.WeakDependency), item("vim", dnfstate.User),
		item("pam", dnfstate.Dependency), item("glibc", dnfstate.Dependency)}
	claimMembers(items, []dnfstate.Group{{ID: "core", Members: []dnfstate.Member{
		{Name: "bash", Type: dnfstate.Mandatory, Installed: true}, {Name: "less", Type: dnfstate.Default, Installed: true},
		{Name: "vim", Type: dnfstate.Mandatory, Installed: true}, {Name: "pam", Type: dnfstate.Conditional, Installed: true},
		{Name: "glibc", Type: dnfstate.Optional}}}})
	for i, want := range []dnfstate.Reason{dnfstate.GroupMember, dnfstate.GroupMember, dnfstate.User, dnfstate.Dependency, dnfstate.Dependency} {
		if items[i].Reason != want {
			t.Errorf("%s: %s, want %s", items[i].Package.Name, items[i].Reason, want)
		}
	}
}

func TestReplaced(t *testing.T) {
	id := func(name, version string) rpm.Identity {
		return rpm.Identity{Name: name, Version: version, Release: "1", Arch: "noarch"}
	}
	items := []dnfstate.Item{{Package: id("up", "2"), Action: dnfstate.Install}, {Package: id("down", "1"), Action: dnfstate.Install},
		{Package: id("same", "1"), Action: dnfstate.Install}, {Package: id("new", "1"), Action: dnfstate.Install}}
	obsoleting, err := rpm.NewHeader(rpm.RegionImmutable, rpm.StringEntry(rpm.TagName, "new"), rpm.StringEntry(rpm.TagVersion, "1"),
		rpm.StringEntry(rpm.TagRelease, "1"), rpm.StringEntry(rpm.TagArch, "noarch"), rpm.StringsEntry(rpm.TagObsoleteName, "gone"))
	if err != nil {
		t.Fatal(err)
	}
	got := replaced(items, install.Result{Installed: []install.Installed{{Header: obsoleting}},
		Removed: []rpm.Identity{id("up", "1"), id("down", "2"), id("same", "1"), id("gone", "1")}})
	var actions []dnfstate.Action
	for _, i := range got {
		actions = append(actions, i.Action)
	}
	want := []dnfstate.Action{dnfstate.Upgrade, dnfstate.Downgrade, dnfstate.Reinstall, dnfstate.Install,
		dnfstate.Replaced, dnfstate.Downgraded, dnfstate.Reinstalled, dnfstate.Obsoleted}
	if !slices.Equal(actions, want) || got[4].Repo != "@System" || got[4].Package.Name != "up" || got[7].By != id("new", "1") {
		t.Errorf("items %v", got)
	}
}

func TestIdentityOf(t *testing.T) {
	for _, nevra := range []string{"bash-completion-1:2.11-6.fc42.noarch", "a-0:1-2.x86_64"} {
		if got := identityOf(nevra); got.NEVRA() != nevra {
			t.Errorf("%s: %+v", nevra, got)
		}
	}
	identityOf("")
	identityOf("-.")
}
