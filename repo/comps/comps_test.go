package comps

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

const seed = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE comps PUBLIC "-//Red Hat, Inc.//DTD Comps info//EN" "comps.dtd">
<comps>
 <group><id>core</id><name>Core</name><name xml:lang="de">Kern</name><packagelist>
  <packagereq type="mandatory">bash</packagereq><packagereq>glibc</packagereq>
  <packagereq type="default">less</packagereq><packagereq type="optional">nano</packagereq>
  <packagereq type="conditional" requires="systemd">systemd-pam</packagereq>
  <packagereq type="mandatory" basearchonly="true">grub2</packagereq></packagelist></group>
 <group><id>extra</id><name>Extra Tools</name><packagelist><packagereq type="default">less</packagereq>
  <packagereq type="default">tree</packagereq></packagelist></group>
 <environment><id>server</id><name>Server</name><grouplist><groupid>core</groupid><groupid>unknown</groupid></grouplist>
  <optionlist><groupid default="true">extra</groupid></optionlist></environment>
</comps>`

func TestExpand(t *testing.T) {
	c, err := Parse([]byte(seed))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		ids  string
		req  Request
		want string
	}{
		{"core", Request{}, "bash glibc less (systemd-pam if systemd) grub2"},
		{"@core", Request{Kinds: Kinds(DNF5, false)}, "bash glibc grub2"},
		{"core", Request{Kinds: Kinds(DNF4, false)}, "bash glibc less (systemd-pam if systemd) grub2"},
		{"core", Request{Kinds: []Kind{Optional}}, "nano"},
		{"@^server", Request{}, "bash glibc less (systemd-pam if systemd) grub2"},
		{"@^server", Request{Offered: TakesOffered(DNF4)}, "bash glibc less (systemd-pam if systemd) grub2"},
		{"@^server", Request{Offered: TakesOffered(DNF5)}, "bash glibc less (systemd-pam if systemd) grub2 tree"},
		{"server", Request{Offered: AllOffered}, "bash glibc less (systemd-pam if systemd) grub2 tree"},
		{"Extra Tools", Request{}, "less tree"},
		{"EXTRA*", Request{}, "less tree"},
		{"core extra", Request{Kinds: []Kind{Default}}, "less tree"},
	} {
		ids := strings.Fields(test.ids)
		if test.ids == "Extra Tools" {
			ids = []string{test.ids}
		}
		wanted, err := c.Expand(ids, test.req)
		var got []string
		for _, w := range wanted {
			got = append(got, w.Condition())
		}
		if err != nil || strings.Join(got, " ") != test.want {
			t.Errorf("%s: %v, %v", test.ids, got, err)
		}
	}
	var unknown *UnknownError
	if _, err := c.Expand([]string{"serv"}, Request{}); !errors.As(err, &unknown) || !strings.Contains(unknown.Hint(), "server") {
		t.Errorf("%v", err)
	}
}

func TestMerge(t *testing.T) {
	a, err := Parse([]byte(seed))
	if err != nil {
		t.Fatal(err)
	}
	b, err := Parse([]byte(`<comps><group><id>core</id><packagelist><packagereq>bash</packagereq><packagereq>dnf</packagereq></packagelist></group>
<environment><id>server</id><grouplist><groupid>extra</groupid></grouplist></environment></comps>`))
	if err != nil {
		t.Fatal(err)
	}
	before := fmt.Sprint(b)
	a.Merge(b)
	if n := len(a.Groups[0].Packages); n != 7 || !slices.Contains(a.Environments[0].Groups, "extra") || fmt.Sprint(b) != before {
		t.Errorf("%+v", a)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(seed), "core*")
	f.Add([]byte(`<comps/>`), "[a-")
	f.Fuzz(func(t *testing.T, data []byte, id string) {
		c, err := Parse(data)
		if err != nil {
			return
		}
		_, _ = c.Expand([]string{id}, Request{Offered: AllOffered})
	})
}
