package dnfstate

import (
	"context"
	"slices"
	"testing"

	"github.com/fimg/fimg/repo/rpm"
)

// TestDNF5Golden has what dnf5 5.4.6 wrote after "install tcpdump
// @hardware-support" with group_package_types=mandatory, and of a group whose
// packages came partly for it, partly for another reason.
func TestDNF5Golden(t *testing.T) {
	item := func(name string, r Reason) Item {
		return Item{rpm.Identity{Name: name, Version: "1", Release: "1", Arch: "x86_64"}, "demo", Install, r, rpm.Identity{}}
	}
	s := &State{Transactions: []Transaction{{
		Items: []Item{item("usbutils", GroupMember), item("tcpdump", User), item("pciutils", GroupMember), item("nano", User), item("systemd-pam", Dependency)},
		Groups: []Group{
			{ID: "cloud-server", Types: Mandatory, Action: Install, Reason: Dependency, Members: []Member{
				{Name: "systemd-pam", Type: Conditional, Requires: "systemd"}, {Name: "nano", Type: Mandatory}}},
			{ID: "hardware-support", Types: Mandatory, Action: Install, Reason: User, Members: []Member{
				{Name: "pciutils", Type: Mandatory}, {Name: "usbutils", Type: Mandatory}, {Name: "ethtool", Type: Default}}},
			{ID: "env", Environment: true, Types: Mandatory, Action: Install, Reason: User, Members: []Member{
				{Name: "standard", Type: Optional}, {Name: "hardware-support", Type: Optional}, {Name: "cloud-server", Type: Mandatory}}},
		}}}}
	files := s.tomlFiles()
	for name, want := range map[string]string{
		"groups.toml": "version = \"1.0\"\n\n[groups]\n[groups.cloud-server]\npackage_types = [\"mandatory\"]\npackages = []\nuserinstalled = false\n\n" +
			"[groups.hardware-support]\npackage_types = [\"mandatory\"]\npackages = [\"pciutils\", \"usbutils\"]\nuserinstalled = true\n\n",
		"packages.toml":     "version = \"1.0\"\n\n[packages]\n\"nano.x86_64\" = {reason = \"User\"}\n\"systemd-pam.x86_64\" = {reason = \"Dependency\"}\n\"tcpdump.x86_64\" = {reason = \"User\"}\n\n",
		"environments.toml": "version = \"1.0\"\n\n[environments]\nenv = {groups = [\"cloud-server\"]}\n\n",
		"modules.toml":      "version = \"1.0\"\n\n[modules]\n",
	} {
		if got := string(files[name]); got != want {
			t.Errorf("%s is\n%s, want\n%s", name, got, want)
		}
	}
	w := &history{ctx: context.Background(), names: make(present), groups: make(map[string]bool)}
	tr := w.asDNF5(s.Transactions[0])
	var got []string
	for _, g := range tr.Groups {
		for _, m := range g.Members {
			mark := "-"
			if m.Installed {
				mark = "+"
			}
			got = append(got, g.ID+" "+mark+m.Name)
		}
	}
	want := []string{"env +cloud-server", "env +hardware-support", "env -standard", "hardware-support +pciutils",
		"hardware-support +usbutils", "hardware-support -ethtool", "cloud-server +nano", "cloud-server +systemd-pam"}
	if !slices.Equal(got, want) {
		t.Errorf("members\n%q, want\n%q", got, want)
	}
	if tr.Items[0].Package.Name != "nano" || tr.Items[4].Package.Name != "usbutils" {
		t.Errorf("order %v", tr.Items)
	}
}
