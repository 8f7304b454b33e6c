package solve_test

import (
	"slices"
	"testing"
)

// TestArchitectures holds what dnf does with globs: each architecture that one
// matches is wanted, and the epoch counts only where there is a colon.
func TestArchitectures(t *testing.T) {
	arch := func(a string) func(*testPackage) { return func(p *testPackage) { p.A = a } }
	version := func(v string) func(*testPackage) { return func(p *testPackage) { p.V = v } }
	u := universe(t, available(t, pkg("a", arch("x86_64")), pkg("a", arch("i686")), pkg("a", arch("aarch64")),
		pkg("a", arch("i686"), version("2")), pkg("b"), pkg("cc", arch("i686")),
		pkg("d", func(p *testPackage) { p.E = "2" })))
	for arg, want := range map[string][]string{
		"a":        {"a-0:1-1.x86_64"},
		"a.i686":   {"a-0:2-1.i686"},
		"a-1-1.*":  {"a-0:1-1.i686", "a-0:1-1.x86_64"},
		"a-1-1.i*": {"a-0:1-1.i686"},
		"[bc]*.*":  {"b-0:1-1.noarch", "cc-0:1-1.i686"},
		"a.ppc*":   nil,
		"b-0*":     nil, // without a colon there is no epoch in what is compared
		"b-0:*":    {"b-0:1-1.noarch"},
		"d?1-1*":   {"d-2:1-1.noarch"},
		"d?2:*":    {"d-2:1-1.noarch"},
		"d-2*":     nil,
	} {
		got, err := transaction(t, u, arg)
		if (err == nil) != (want != nil) {
			t.Errorf("%s: %v", arg, err)
		}
		if err != nil {
			continue
		}
		var have []string
		for _, it := range got.Install {
			have = append(have, u.Package(it.ID).NEVRA())
		}
		slices.Sort(have)
		if !slices.Equal(have, want) {
			t.Errorf("%s: got %q, want %q", arg, have, want)
		}
	}
}
