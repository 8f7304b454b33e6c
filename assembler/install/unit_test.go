package install

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/fimg/fimg/internal/testtool"
	"github.com/fimg/fimg/repo/rpm"
)

// TestCapsAgainstSetcap compares the attribute with what libcap writes.
func TestCapsAgainstSetcap(t *testing.T) {
	testtool.NeedRoot(t)
	testtool.Need(t, "setcap")
	for _, text := range []string{"cap_net_raw=ep", "cap_net_admin,cap_net_raw+p", "cap_sys_admin=i", "cap_bpf,cap_chown=ep",
		"cap_setuid=eip", "all=p"} {
		dir := t.TempDir()
		write(t, dir, "f", "")
		testtool.Run(t, "setcap", text, filepath.Join(dir, "f"))
		caps, err := parseCaps(text)
		must(t, err)
		if text == "all=p" {
			continue // the kernel knows fewer than all
		}
		want := listing(t, dir, nil)["f"]
		if got := caps.xattr(); !strings.Contains(want, hexOf(got)) {
			t.Errorf("%s: %x, setcap: %s", text, got, want)
		}
	}
	for _, bad := range []string{"cap_nonsense=ep", "cap_chown", "cap_chown=x"} {
		if _, err := parseCaps(bad); err == nil {
			t.Errorf("accepted %q", bad)
		}
	}
}

func hexOf(b []byte) string {
	const digits = "0123456789abcdef"
	var s strings.Builder
	for _, c := range b {
		s.WriteByte(digits[c>>4])
		s.WriteByte(digits[c&15])
	}
	return s.String()
}

func TestWantLang(t *testing.T) {
	tr := &transaction{langs: []string{"en_US", "C", "POSIX"}}
	for langs, want := range map[string]bool{"en": true, "en_US": true, "de": false, "de|en": true, "C": true, "en_GB": false} {
		if got := tr.wantLang(langs); got != want {
			t.Errorf("%s: %v", langs, got)
		}
	}
}

func TestQueryFormat(t *testing.T) {
	h, err := rpm.NewHeader(rpm.RegionImmutable, rpm.StringEntry(rpm.TagName, "pkg"), rpm.StringEntry(rpm.TagVersion, "1.0"),
		rpm.StringEntry(rpm.TagRelease, "2"), rpm.StringEntry(rpm.TagArch, "noarch"),
		rpm.StringsEntry(rpm.TagDirNames, "/a/", "/b/"), rpm.Uint32Entry(rpm.TagEpoch, 3))
	must(t, err)
	for format, want := range map[string]string{
		"echo %{NAME} 100%%":                  "echo pkg 100%",
		`%{name}-%{RPMTAG_VERSION}\t%{EPOCH}`: "pkg-1.0\t3",
		"[%{DIRNAMES} ]":                      "/a/ /b/ ",
		"[%{=NAME}:%{DIRNAMES};]":             "pkg:/a/;pkg:/b/;",
		"%{NEVRA} %{GROUP}":                   "pkg-3:1.0-2.noarch (none)",
	} {
		if got, err := queryFormat(h, format); err != nil || got != want {
			t.Errorf("%s: %q, %v", format, got, err)
		}
	}
	for _, bad := range []string{"%{NAME", "[%{NAME}", "%{NAME:hex}"} {
		if _, err := queryFormat(h, bad); err == nil {
			t.Errorf("accepted %s", bad)
		}
	}
}

func TestOverlaps(t *testing.T) {
	dep := func(op rpm.Sense, v string) rpm.Dependency { return rpm.Dependency{Name: "x", Flags: op, Version: v} }
	for _, c := range []struct {
		a, b rpm.Dependency
		want bool
	}{
		{dep(rpm.SenseEqual, "1-1"), dep(rpm.SenseLess, "2"), true},
		{dep(rpm.SenseEqual, "2-1"), dep(rpm.SenseLess, "2"), false},
		{dep(rpm.SenseEqual, "2-1"), dep(rpm.SenseLess|rpm.SenseEqual, "2"), true},
		{dep(rpm.SenseEqual, "1:1-1"), dep(rpm.SenseGreater, "3"), true},
		{dep(rpm.SenseEqual, "2-3"), dep(rpm.SenseEqual, "2-4"), false},
		{dep(0, ""), dep(rpm.SenseEqual, "2-4"), true},
	} {
		if got := overlaps(c.a, c.b); got != c.want {
			t.Errorf("%v and %v: %v", c.a, c.b, got)
		}
	}
}

func FuzzCaps(f *testing.F) {
	f.Add("cap_net_raw,cap_chown=ep all-i")
	f.Fuzz(func(t *testing.T, s string) {
		if c, err := parseCaps(s); err == nil && len(c.xattr()) != 20 {
			t.Errorf("%q", s)
		}
	})
}

func FuzzQueryFormat(f *testing.F) {
	h, _ := rpm.NewHeader(rpm.RegionImmutable, rpm.StringEntry(rpm.TagName, "pkg"), rpm.StringsEntry(rpm.TagDirNames, "/a/", "/b/"))
	f.Add("%{NAME}[%{DIRNAMES}%{=NAME}]\\n%%")
	f.Fuzz(func(t *testing.T, s string) { queryFormat(h, s) })
}
