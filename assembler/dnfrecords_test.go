package assembler

import (
	"testing"

	"github.com/fimg/fimg/assembler/install/dnfstate"
	"github.com/fimg/fimg/assembler/manifest"
	"github.com/fimg/fimg/repo/rpm"
)

// TestRecordedGroups looks at what dnf is told of groups: members that were asked
// for and are there count as installed, a group of an environment as its part.
func TestRecordedGroups(t *testing.T) {
	lock := &manifest.Lock{Repositories: []manifest.LockedRepo{{ID: "fedora"}}, Groups: []manifest.LockedGroup{
		{ID: "core", Name: "Core", Part: true, Members: []manifest.LockedMember{
			{Name: "bash", Kind: "mandatory", Wanted: true}, {Name: "gone", Kind: "default", Wanted: true}, {Name: "vim", Kind: "optional"}}},
		{ID: "cloud", Environment: true, Members: []manifest.LockedMember{{Name: "core", Kind: "mandatory", Wanted: true}}},
	}}
	got := recordedGroups(lock, map[string]bool{"bash": true, "vim": true})
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

// TestRemovalReason has dnf5's answers to "remove usbutils libutempter0" where tmux,
// which was asked for, needs libutempter0.
func TestRemovalReason(t *testing.T) {
	item := func(name string, r dnfstate.Reason) dnfstate.Item {
		return dnfstate.Item{Package: rpm.Identity{Name: name, Arch: "x86_64"}, Action: dnfstate.Install, Reason: r}
	}
	before := []dnfstate.Transaction{{Items: []dnfstate.Item{item("usbutils", dnfstate.GroupMember), item("tmux", dnfstate.User),
		item("libutempter0", dnfstate.Dependency), item("libusb", dnfstate.Dependency)}}}
	for name, want := range map[string]dnfstate.Reason{"usbutils": dnfstate.User, "libutempter0": dnfstate.User,
		"tmux": dnfstate.Dependency, "libusb": dnfstate.Clean} {
		got := removalReason(rpm.Identity{Name: name, Arch: "x86_64"}, []string{"usbutils", "libutempter0"}, before)
		if got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}
