package description

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/fimg/fimg/fault"
)

// minimal is the smallest useful description; REST is replaced.
const minimal = `<?xml version="1.0" encoding="utf-8"?>
<image schemaversion="8.5" name="Small">
	<description type="system"><author>a</author><contact>c</contact><specification>s</specification></description>
	<preferences><version>1</version><type image="oem" filesystem="ext4"/></preferences>
	REST
</image>
`

func small(rest string) string { return strings.Replace(minimal, "REST", rest, 1) }

// openText opens a description of one file and further ones.
func openText(text string, more ...string) (*Document, error) {
	files := fstest.MapFS{"config.xml": {Data: []byte(text)}}
	for i := 0; i+1 < len(more); i += 2 {
		files[more[i]] = &fstest.MapFile{Data: []byte(more[i+1])}
	}
	return Open(context.Background(), Options{FS: files})
}

func mustOpen(t *testing.T, text string, more ...string) *Document {
	t.Helper()
	d, err := openText(text, more...)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func mustSelect(t *testing.T, d *Document, opt Options) *Image {
	t.Helper()
	if opt.Arch == "" {
		opt.Arch = "x86_64"
	}
	img, err := d.Select(opt)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func TestMainFile(t *testing.T) {
	data := func(name string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte(strings.Replace(small(""), "Small", name, 1))}
	}
	all := fstest.MapFS{"config.xml": data("one"), "image/config.xml": data("two"), "b.kiwi": data("four"), "a.kiwi": data("three"), "x/y.xml": data("given")}
	for _, c := range []struct{ remove, file, want string }{
		{"", "x/y.xml", "given"}, {"", "", "one"}, {"config.xml", "", "two"}, {"image/config.xml", "", "three"}, {"a.kiwi", "", "four"},
	} {
		delete(all, c.remove)
		img, err := Load(context.Background(), Options{FS: all, File: c.file, Arch: "x86_64"})
		if err != nil || img.Name != c.want {
			t.Errorf("without %s: %v, %v", c.remove, img, err)
		}
	}
	for _, opt := range []Options{{FS: fstest.MapFS{}}, {Dir: t.TempDir()}, {FS: all, File: "none.xml"}} {
		_, err := Open(context.Background(), opt)
		var bad *Invalid
		if !errors.As(err, &bad) || bad.Cause != NoFile || fault.Of(err) != fault.Description {
			t.Errorf("%v", err)
		}
	}
}

func TestIncludesInPlace(t *testing.T) {
	main := small(`<include from="this://parts/a.xml"/><include from="parts/b.xml"/><packages type="image"><package name="c"/></packages>`)
	main = strings.Replace(main, "<preferences>", `<include from="file://parts/first.xml"/><preferences>`, 1)
	d := mustOpen(t, main,
		"parts/a.xml", `<image name="other" schemaversion="1"><!-- gone --><packages type="image"><package name="a"/></packages></image>`,
		"parts/b.xml", `<image><packages type="image"><package name="b"/></packages><include from="this://parts/a.xml"/></image>`,
		"parts/first.xml", `<image><preferences><version>0</version></preferences></image>`)
	img := mustSelect(t, d, Options{})
	if got := Names(img.Packages.Image.Packages); !slices.Equal(got, []string{"a", "b", "c"}) || img.Version != "0" || img.Preferences.LastVersion != "1" {
		t.Errorf("packages %q, version %s", got, img.Version)
	}
	if from := img.Packages.Image.Packages[1].Source; from.File != "parts/b.xml" || from.Line != 1 {
		t.Errorf("source %v", from)
	}
	checks := img.Checks()
	if !slices.ContainsFunc(checks, func(c Check) bool { return c.Name == "check_include_references_unresolvable" }) {
		t.Errorf("an include that was not followed is no failing check: %v", checks)
	}
	if got := d.Included(); !slices.Equal(got, []string{"config.xml", "parts/first.xml", "parts/a.xml", "parts/b.xml"}) {
		t.Errorf("files %q", got)
	}
	for from, cause := range map[string]Cause{"this://none.xml": NoInclude, "this://broken.xml": Schema, "this://empty.xml": ""} {
		_, err := openText(small(`<include from="`+from+`"/>`), "broken.xml", "<image>", "empty.xml", "<other><packages/></other>")
		var bad *Invalid
		if errors.As(err, &bad); (cause == "") != (err == nil) || err != nil && bad.Cause != cause {
			t.Errorf("%s: %v", from, err)
		}
	}
}

// TestIncludeNoURI: kiwi leaves an include alone whose address is no URI.
func TestIncludeNoURI(t *testing.T) {
	for from, left := range map[string]bool{"this://a b.xml": true, "this://ä.xml": true, "b.xml": false, "this://x:y.xml": true, "this://a%2.xml": true,
		"this://sub/x:y.xml": false, "this://[a].xml": true, "this://b.xml#part": true, "": true, "this://b.xml?q": false, "this://a'(b),!.xml": false} {
		d, err := openText(small(`<include from="`+from+`"/>`), "a b.xml", "<image/>", "ä.xml", "<image/>", "b.xml", "<image/>", "x:y.xml", "<image/>",
			"a%2.xml", "<image/>", "sub/x:y.xml", "<image/>", "[a].xml", "<image/>", "a'(b),!.xml", "<image/>")
		if err != nil {
			t.Errorf("%s: %v", from, err)
			continue
		}
		checks := mustSelect(t, d, Options{}).Checks()
		if got := slices.ContainsFunc(checks, func(c Check) bool { return strings.Contains(c.Text, "no address") }); got != left {
			t.Errorf("%q left alone: %v, checks %v", from, got, checks)
		}
	}
}

func TestIncludeFromDisk(t *testing.T) {
	dir := t.TempDir()
	other := filepath.Join(t.TempDir(), "x.xml")
	for name, text := range map[string]string{filepath.Join(dir, "sub", "d.kiwi"): small(`<include from="file://` + other + `"/><include from="this://../y.xml"/>`),
		other:                         `<image><users><user name="u" password="p"/></users></image>`,
		filepath.Join(dir, "y.xml"):   `<image><users><user name="v" password="p"/></users></image>`,
		filepath.Join(dir, "sub/x/f"): ""} {
		os.MkdirAll(filepath.Dir(name), 0o755)
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	img, err := Load(context.Background(), Options{Dir: dir, File: "sub/d.kiwi", Arch: "x86_64"})
	if err != nil || len(img.Users) != 2 || img.Users[1].Source.File != "y.xml" {
		t.Errorf("%+v, %v", img, err)
	}
	if _, err := Load(context.Background(), Options{Dir: dir, File: "sub/x", Arch: "x86_64"}); err == nil {
		t.Error("a directory was read as a description")
	}
}

// TestIncludeByURL: kiwi takes a relative path in a URL from the working directory.
func TestIncludeByURL(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("d/part/x.xml", `<image><users><user name="u" password="p"/></users></image>`)
	write("d/config.xml", small(`<include from="file://part/x.xml"/>`))
	_, err := Open(context.Background(), Options{Dir: filepath.Join(dir, "d")})
	if err == nil || !strings.Contains(err.Error(), "this://part/x.xml is relative to the description") {
		t.Errorf("%v", err)
	}
	t.Chdir(filepath.Join(dir, "d"))
	if _, err := Open(context.Background(), Options{}); err != nil {
		t.Error(err)
	}
}

func TestUpgrade(t *testing.T) {
	old := `<image schemaversion="7.4" name="Old">
	<description type="system"><author>a</author><contact>c</contact><specification>s</specification></description>
	<preferences><version>1</version><packagemanager>dnf</packagemanager>
		<type image="oem" filesystem="btrfs" btrfs_root_is_snapshot="true" vga="791"><bootloader name="grub2" console="serial console"/></type>
		<type image="oci"><containerconfig name="n" additionaltags="a,b"/></type></preferences>
	<repository type="rpm-dir" use_for_bootstrap="true"><source path="dir:///x"/></repository>
</image>`
	img := mustSelect(t, mustOpen(t, old), Options{})
	if img.SchemaVersion != "8.5" || img.Preferences.PackageManager != "dnf4" || !img.Type.Attr.BtrfsRootIsSnapper.IsTrue() ||
		img.Type.Bootloader.OutputConsole != "serial" || img.Type.Bootloader.InputConsole != "console" || img.Repositories[0].Type != "" {
		t.Errorf("%+v", img)
	}
	img = mustSelect(t, mustOpen(t, old), Options{Type: "oci"})
	if !slices.Equal(img.Type.Container.AdditionalNames, []string{":a", ":b"}) {
		t.Errorf("names %q", img.Type.Container.AdditionalNames)
	}
	for version, ok := range map[string]bool{"7.3": false, "": false, "x": false, "8.6": false, "9": false, "8.50": false, "8.10": true, "7.45": true, " 8.5 ": true, "-8": false, ".": false} {
		text := strings.Replace(small(""), `"8.5"`, `"`+version+`"`, 1)
		if _, err := openText(text); (err == nil) != ok {
			t.Errorf("version %q: %v", version, err)
		}
	}
	if d := mustOpen(t, old); d.SchemaVersion() != "7.4" {
		t.Errorf("written version %s", d.SchemaVersion())
	}
}

func TestProfileResolution(t *testing.T) {
	d := mustOpen(t, small(`<profiles>
		<profile name="A" description=""><requires profile="B"/><requires profile="C" arch="s390x"/></profile>
		<profile name="B" description=""><requires profile="A"/><requires profile="D"/></profile>
		<profile name="C" description="" arch="s390x"/>
		<profile name="D" description="" import="true"/>
		<profile name="I" description="" import="true"><requires profile="A"/></profile>
		<profile name="Bad" description=""><requires profile="Bb"/></profile>
		<profile name="Two" description="" arch="x86_64"/><profile name="Two" description="" arch="x86_64"><requires profile="D"/></profile>
	</profiles>`))
	for _, c := range []struct {
		ask  []string
		arch string
		want string
	}{
		{nil, "x86_64", "D,I"}, {[]string{"A"}, "x86_64", "A,B,D"}, {[]string{"A"}, "s390x", "A,B,D,C"},
		{[]string{"D", "A", "D"}, "x86_64", "D,A,B"}, {[]string{"Two"}, "x86_64", "Two,D"},
	} {
		img := mustSelect(t, d, Options{Profiles: c.ask, Arch: c.arch})
		if got := strings.Join(img.Profiles, ","); got != c.want {
			t.Errorf("%v on %s: %s, want %s", c.ask, c.arch, got, c.want)
		}
	}
	for ask, hint := range map[string]string{"Twoo": "close names: Two", "C": "the profile exists for s390x", "zzzzz": "", "Bad": "close names: B"} {
		_, err := d.Select(Options{Profiles: []string{ask}, Arch: "x86_64"})
		var unknown *ProfileError
		if !errors.As(err, &unknown) || !strings.Contains(unknown.Hint(), hint) || fault.Of(err) != fault.Description || err.Error() == "" {
			t.Errorf("%s: %v, hint %q", ask, err, fault.HintOf(err))
		}
	}
	if _, err := d.Select(Options{}); fault.Of(err) != fault.Usage {
		t.Errorf("no architecture: %v", err)
	}
}

func TestTypeChoice(t *testing.T) {
	text := strings.Replace(small(`<profiles><profile name="P" description="p"><requires profile="H"/></profile><profile name="H" description="h"/><profile name="S" description="s"/></profiles>
		<preferences profiles="P"><type image="oci"/><type image="docker" primary="true"/></preferences>
		<preferences profiles="S" arch="s390x"><type image="kis"/></preferences>`), `<type image="oem" filesystem="ext4"/>`, "", 1)
	d := mustOpen(t, text)
	if img := mustSelect(t, d, Options{Profiles: []string{"P"}}); img.Type.Attr.Image != "docker" || len(img.Types) != 2 {
		t.Errorf("%+v", img.Types)
	}
	for _, c := range []struct {
		opt  Options
		hint string
	}{
		{Options{Profiles: []string{"H"}}, "this is a helper profile, used by P"},
		{Options{}, "choose an image profile: P"},
		{Options{Profiles: []string{"P"}, Type: "oem"}, "active types: oci, docker"},
		{Options{Profiles: []string{"S"}}, "there is one for s390x"},
	} {
		c.opt.Arch = "x86_64"
		_, err := d.Select(c.opt)
		var none *TypeError
		if !errors.As(err, &none) || none.Hint() != c.hint || none.Error() == "" || fault.Of(err) != fault.Description {
			t.Errorf("%+v: %v, hint %q", c.opt, err, fault.HintOf(err))
		}
	}
	infos := d.Profiles()
	if len(infos) != 3 || infos[0].Images[0].Image != "docker" || len(infos[1].Images) != 0 || !slices.Equal(infos[2].Images[0].Arches, []string{"s390x"}) {
		t.Errorf("%+v", infos)
	}
}

func TestJSONRoundTrip(t *testing.T) {
	d, err := Open(context.Background(), Options{Dir: "testdata/everything"})
	if err != nil {
		t.Fatal(err)
	}
	opt := Options{Arch: "x86_64", Profiles: []string{"Disk"}}
	first, err := json.Marshal(mustSelect(t, d, opt))
	if err != nil {
		t.Fatal(err)
	}
	again, _ := json.Marshal(mustSelect(t, d, opt))
	if string(first) != string(again) {
		t.Error("two selections marshal differently")
	}
	var back Image
	if err := json.Unmarshal(first, &back); err != nil {
		t.Fatal(err)
	}
	third, _ := json.Marshal(&back)
	if string(first) != string(third) {
		t.Errorf("round trip changed\n%s\n%s", first, third)
	}
	if len(back.Checks()) == 0 || strings.Contains(string(first), t.TempDir()) {
		t.Error("an image read back has no checks")
	}
	var out strings.Builder
	if err := back.WriteXML(&out); err != nil || !strings.Contains(out.String(), "<image/>") {
		t.Errorf("%v %s", err, out.String())
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Open(ctx, Options{Dir: "testdata/everything"}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
