package modules

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// doc writes a module; requires is a YAML map in flow style.
func doc(name, stream string, version int, requires string, artifacts ...string) string {
	return fmt.Sprintf("---\ndocument: modulemd\nversion: 2\ndata:\n  name: %s\n  stream: %q\n  version: %d\n  context: c\n  arch: x86_64\n"+
		"  dependencies: [{requires: %s}]\n  profiles: {common: {rpms: [%s]}}\n  artifacts: {rpms: [%s]}\n...\n",
		name, stream, version, requires, name, strings.Join(artifacts, ", "))
}

func defaults(name, stream string) string {
	return fmt.Sprintf("---\ndocument: modulemd-defaults\nversion: 1\ndata:\n  module: %s\n  stream: %q\n  profiles: {%q: [common]}\n...\n", name, stream, stream)
}

var seed = defaults("perl", "5.30") +
	doc("perl", "5.26", 1, "{platform: [el9]}", "perl-5.26-1.x86_64") +
	doc("perl", "5.30", 1, "{platform: [el9]}", "perl-0:5.30-1.x86_64", "perl-0:5.30-1.src") +
	doc("perl", "5.30", 2, "{platform: [el9]}", "perl-0:5.30-2.x86_64") +
	doc("dbi", "1", 1, "{platform: [], perl: ['5.26']}", "dbi-0:1-1.x86_64") +
	doc("any", "1", 1, "{platform: ['-el8'], perl: []}", "any-0:1-1.x86_64") +
	doc("old", "1", 1, "{platform: [el8]}", "old-0:1-1.x86_64") +
	doc("loop", "1", 1, "{pool: ['1']}", "loop-0:1-1.x86_64") +
	doc("pool", "1", 1, "{loop: ['1']}", "pool-0:1-1.x86_64") +
	"---\ndocument: modulemd-obsoletes\nversion: 1\ndata: {}\n"

func TestSelect(t *testing.T) {
	s, err := Parse([]byte(seed))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		enable, disable string
		active          string // or the error
		hidden          string
	}{
		{"", "", "perl:5.30:c", "perl-0:5.26-1.x86_64 perl-0:9-1.x86_64 dbi-0:1-1.x86_64"},
		{"perl:5.26", "", "perl:5.26:c", "perl-0:5.30-2.x86_64 perl-0:5.30-1.x86_64"},
		{"dbi", "", "dbi:1:c perl:5.26:c", "perl-0:5.30-2.x86_64"},
		{"any", "", "any:1:c perl:5.30:c", "perl-0:5.26-1.x86_64"},
		{"loop", "", "loop:1:c perl:5.30:c pool:1:c", ""},
		{"", "perl", "", "perl-0:5.30-2.x86_64 perl-0:5.26-1.x86_64"},
		{"perl:5.26 any", "", "any:1:c perl:5.26:c", ""},
		{"perl:5.30 dbi", "", "error", ""},
		{"perl:5.30 perl:5.26", "", "error", ""},
		{"perl:7", "", "error", ""},
		{"none", "", "error", ""},
		{"", "none", "error", ""},
		{"old:1", "", "error", ""},
		{"dbi", "perl", "error", ""},
	} {
		sel, err := s.Select(Request{Platform: "el9", Arch: "x86_64", Enable: strings.Fields(test.enable), Disable: strings.Fields(test.disable)})
		if err != nil {
			if test.active != "error" {
				t.Errorf("%q %q: %v", test.enable, test.disable, err)
			}
			continue
		}
		if got := strings.Join(sel.Active, " "); got != test.active {
			t.Errorf("%q %q: %s", test.enable, test.disable, got)
		}
		for _, nevra := range strings.Fields(test.hidden) {
			if name, _ := binaryName(nevra); !sel.Hides(nevra, name) {
				t.Errorf("%q %q: %s is not hidden", test.enable, test.disable, nevra)
			}
		}
	}
}

func TestProfile(t *testing.T) {
	s, err := Parse([]byte(seed))
	if err != nil {
		t.Fatal(err)
	}
	sel, err := s.Select(Request{Platform: "el9", Enable: []string{"dbi"}})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := s.Profile(sel, "dbi/common"); err != nil || !slices.Equal(got, []string{"dbi"}) {
		t.Error(got, err)
	}
	for _, spec := range []string{"dbi", "dbi/none", "any/common"} {
		if got, err := s.Profile(sel, spec); err == nil {
			t.Error(spec, got)
		}
	}
}

func TestBadDocuments(t *testing.T) {
	for name, text := range map[string]string{
		"no yaml":      "---\n\t: [",
		"bad artifact": doc("a", "1", 1, "{}", "nonsense"),
		"alias bomb": "document: modulemd\nversion: 2\ndata:\n  name: a\n  stream: b\n  x: &a [x,x,x,x,x,x,x,x,x,x]\n  y: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\n" +
			"  z: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n  u: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\n  v: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\n  artifacts: {rpms: [*e,*e,*e,*e,*e,*e,*e,*e]}\n",
	} {
		if _, err := Parse([]byte(defaults("ok", "1") + "---\n" + text)); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(seed), "perl:5.26")
	f.Fuzz(func(t *testing.T, data []byte, enable string) {
		s, err := Parse(data)
		if err != nil {
			return
		}
		_, _ = s.Select(Request{Enable: []string{enable}})
	})
}

// TestEnabled lists what a request enables: dnf 4 and dnf5 enable what a stream
// requires with it.
func TestEnabled(t *testing.T) {
	s, err := Parse([]byte(seed))
	if err != nil {
		t.Fatal(err)
	}
	sel, err := s.Select(Request{Platform: "el9", Arch: "x86_64", Enable: []string{"loop", "any:1", "perl:5.30"}, Disable: []string{"dbi"}})
	if err != nil {
		t.Fatal(err)
	}
	want := "[{loop 1 [pool:1]} {any 1 [perl:5.30]} {perl 5.30 []}] [any dbi loop old perl pool]"
	if got := fmt.Sprint(sel.Enabled, sel.Known); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
