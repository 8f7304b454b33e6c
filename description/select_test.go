package description

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the expected results anew")

// TestEverything compares with results that agree with kiwi's (they were put to
// the golden test once); -update writes them anew.
func TestEverything(t *testing.T) {
	d, err := Open(context.Background(), Options{Dir: "testdata/everything"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ profile, arch, kind string }{
		{"Disk", "x86_64", ""}, {"Lvm", "aarch64", ""}, {"Container", "x86_64", ""}, {"Container", "x86_64", "oci"},
		{"Wrapped", "ppc64le", ""}, {"Live", "x86_64", ""}, {"Zipl", "s390x", ""}, {"Kis", "i686", ""}, {"Appx", "x86_64", ""}, {"Enclave", "x86_64", ""},
	} {
		img := mustSelect(t, d, Options{Arch: c.arch, Profiles: []string{c.profile}, Type: c.kind})
		for i := range img.Repositories { // the only path of the machine
			if strings.HasSuffix(img.Repositories[i].URL, "/everything/repo") {
				img.Repositories[i].URL = "/everything/repo"
			}
		}
		text := strings.Join([]string{indented(t, img), img.ProfileText(), indented(t, img.Checks())}, "\n")
		expect(t, filepath.Join("testdata", "expect", c.profile+"-"+c.arch+c.kind+".txt"), text)
	}
}

func indented(t *testing.T, v any) string {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", " ")
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// expect compares with a file, or writes it.
func expect(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		os.MkdirAll(filepath.Dir(name), 0o755)
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs:\n%s", name, firstDifference(string(want), got))
	}
}

func TestXMLReadsBack(t *testing.T) {
	for _, dir := range []string{"testdata/everything", "testdata/included"} {
		d, err := Open(context.Background(), Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		img := mustSelect(t, d, Options{Profiles: []string{"Disk"}})
		var out strings.Builder
		if err := img.WriteXML(&out); err != nil {
			t.Fatal(err)
		}
		to := t.TempDir()
		if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
		os.Remove(filepath.Join(to, "Included.kiwi"))
		if err := os.WriteFile(filepath.Join(to, "config.xml"), []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		again, err := Load(context.Background(), Options{Dir: to, Arch: "x86_64", Profiles: []string{"Disk"}})
		if err != nil {
			t.Fatal(err)
		}
		for i := range again.Repositories {
			again.Repositories[i].Path, again.Repositories[i].URL = img.Repositories[i].Path, img.Repositories[i].URL
		}
		if a, b := withoutPlaces(t, img), withoutPlaces(t, again); a != b {
			t.Errorf("%s: %s", dir, firstDifference(a, b))
		}
	}
}

func TestExtensionIsKept(t *testing.T) {
	d := mustOpen(t, small(`<extension xmlns:my="urn:my"><my:thing a="1 &lt; 2"><my:part>text</my:part><my:none/></my:thing></extension>`))
	var out strings.Builder
	if err := mustSelect(t, d, Options{}).WriteXML(&out); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), `<my:thing a="1 &lt; 2">`) || !strings.Contains(out.String(), "<my:part>text</my:part>") {
		t.Error(out.String())
	}
	mustOpen(t, out.String())
	for in, want := range map[string]string{`a"b`: `'a"b'`, `a"b'c`: `"a&quot;b'c"`, "a\nb": `"a&#10;b"`, "a": `"a"`} {
		if got := quoteAttr(in); got != want {
			t.Errorf("%q: %s", in, got)
		}
	}
}

func TestTranslate(t *testing.T) {
	for _, c := range []struct {
		in, out string
		local   bool
	}{
		{"https://example.org/a?b=c&d#e", "https://example.org/a?b=c&d", false},
		{"https://example.org/a;p?x", "https://example.org/a?x", false},
		{"HTTP://u:p@h:80/", "http://u:p@h:80/", false},
		{"https://u:p%40 @h/", "https://u:p%2540%20@h/", false},
		{"ftp://h/x", "ftp://h/x", false}, {"https://u@h", "https://u@h", false},
		{"https://h/?credentials=f", "https://h/", false},
		{"dir:///srv/../srv/r/", "/srv/r", true}, {"file://host/x", "/x", true}, {"file:////x", "//x", true},
		{"file:key", "/base/key", true}, {"/srv/repo", "/repo", true}, {"/srv", "/base", true},
		{"obs://A:B:C/standard", "http://download.opensuse.org/repositories/A:/B:/C/standard", false},
	} {
		out, local, err := translate(c.in, "/base")
		if err != nil || out != c.out || local != c.local {
			t.Errorf("%s: %s %v %v", c.in, out, local, err)
		}
	}
	for _, in := range []string{"", "a/b", "foo://x", "obsrepositories:/", "1http://x", "ht tp://x"} {
		if out, _, err := translate(in, ""); err == nil {
			t.Errorf("%q: %s", in, out)
		}
	}
	if got := credentialsFile("https://h/?credentials=f&x=y"); got != "f" {
		t.Errorf("credentials %q", got)
	}
}

func TestProfileQuoting(t *testing.T) {
	img := &Image{Environment: []Variable{{"b", "x"}, {"a", "1"}}}
	got := img.ProfileText(Variable{"a", `it's`}, Variable{"c", `"out er"`}, Variable{"d", `a\"b\\c\`}, Variable{"e", "'"}, Variable{"f", "one\n# no\n\ntwo"}, Variable{"g", `'a'b`}, Variable{"h", "''x''"}, Variable{"i", "a\u2028b\r\nc\u0085d"})
	want := `a='it'\''s'` + "\nb='x'\nc='out er'\n" + `d='a"b\c\'` + "\n" + `e=''\'''` + "\n" + "f='one'\ntwo\n" + "g='ab'\n" + `h=''\''x'\'''` + "\n" + "i='a\nb\n'\nc\nd\n"
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestLookups(t *testing.T) {
	d, err := Open(context.Background(), Options{Dir: "testdata/everything"})
	if err != nil {
		t.Fatal(err)
	}
	img := mustSelect(t, d, Options{Profiles: []string{"Disk"}})
	if s, ok := img.Script("edit_boot_config.sh"); !ok || s.Path != "edit.sh" {
		t.Errorf("%+v", s)
	}
	if _, ok := img.Script("none"); ok {
		t.Error("a script that does not exist was found")
	}
	if o := img.Overlays; len(o) != 2 || o[0].Path != "root" || o[1].Profile != "Disk" {
		t.Errorf("%+v", o)
	}
	for s, want := range map[Source]string{{}: "default", {File: "--x"}: "--x", {File: "a", Line: 2}: "a:2"} {
		if s.String() != want {
			t.Errorf("%+v is %s", s, s)
		}
	}
	if FlagOf(true) != True || FlagOf(false) != False || Unset.Or(true) != true || False.Or(true) || !False.IsFalse() || NumberOf(3).Or(1) != 3 || (Number{}).Or(1) != 1 {
		t.Error("values")
	}
	var f Flag
	var n Number
	for _, text := range []string{"true", "false", "null"} {
		if err := f.UnmarshalJSON([]byte(text)); err != nil {
			t.Error(err)
		}
		if got, _ := f.MarshalJSON(); string(got) != text {
			t.Errorf("%s: %s", text, got)
		}
	}
	for _, text := range []string{"-5", "null"} {
		if err := n.UnmarshalJSON([]byte(text)); err != nil {
			t.Error(err)
		}
		if got, _ := n.MarshalJSON(); string(got) != text {
			t.Errorf("%s: %s", text, got)
		}
	}
	if f.UnmarshalJSON([]byte("1")) == nil || n.UnmarshalJSON([]byte(`"x"`)) == nil {
		t.Error("wrong JSON was read")
	}
	if !slices.Contains(d.arches, "i686") {
		t.Errorf("%q", d.arches)
	}
}
