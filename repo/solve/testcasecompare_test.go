package solve

import (
	"fmt"
	"slices"
	"strings"
)

// compareRules compares the rules made from dependencies with those listed.
func (c *testcase) compareRules(s *solver) error {
	lines := map[string][]string{}
	for _, l := range c.want {
		if f := strings.Fields(l); len(f) == 4 && f[0] == "rule" && f[1] == "pkg" {
			lines[f[2]] = append(lines[f[2]], f[3])
		}
	}
	var want, have []string
	for _, l := range lines {
		slices.Sort(l)
		want = append(want, strings.Join(l, " "))
	}
	for i := s.pkg.start; i < s.pkg.end; i++ {
		var l []string
		s.rules[i].literals(func(p lit) bool {
			l = append(l, strings.Repeat("-", btoi(p < 0))+caseName(s.u, abs(p)))
			return true
		})
		slices.Sort(l)
		have = append(have, strings.Join(l, " "))
	}
	slices.Sort(want)
	slices.Sort(have)
	if !slices.Equal(want, have) {
		return fmt.Errorf("rules: got %q, want %q", have, want)
	}
	return nil
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// compare looks at the packages that come; of those that go only the replaced
// and removed as such.
func (c *testcase) compare(s *solver) error {
	var want, have []string
	for _, l := range c.want {
		f := strings.Fields(l)
		switch f[0] {
		case "install":
			want = append(want, "+"+f[1])
		case "upgrade", "downgrade", "change", "reinstall":
			want = append(want, "-"+f[1], "+"+f[2])
		case "erase":
			want = append(want, "-"+f[1])
		case "obsoleted", "upgraded":
			want = append(want, "-"+f[1])
		}
	}
	t := s.transaction()
	for _, it := range t.Install {
		have = append(have, "+"+caseName(s.u, it.ID))
	}
	for _, id := range slices.Concat(t.Remove, t.Replace) {
		have = append(have, "-"+caseName(s.u, id))
	}
	slices.Sort(want)
	want = slices.Compact(want)
	slices.Sort(have)
	if !slices.Equal(want, have) {
		return fmt.Errorf("got %q, want %q", have, want)
	}
	return nil
}
