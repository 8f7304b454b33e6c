package description

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

// FuzzDescription loads anything, selects every profile and writes it out; what is
// accepted must read back from its own XML.
func FuzzDescription(f *testing.F) {
	for _, name := range []string{"everything/config.xml", "included/Included.kiwi", "included/parts/images.xml"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(small(overridden)))
	f.Add([]byte(`<!DOCTYPE image [<!ENTITY e "x">]>` + strings.SplitN(small("&e;"), "?>", 2)[1]))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := Open(context.Background(), Options{FS: fstest.MapFS{"config.xml": {Data: data}}})
		if err != nil {
			if err.Error() == "" {
				t.Error("an error without a text")
			}
			return
		}
		var names [][]string
		for _, p := range d.Profiles() {
			names = append(names, []string{p.Name})
		}
		for _, n := range append(names, nil)[:min(len(names)+1, 8)] {
			img, err := d.Select(Options{Arch: "x86_64", Profiles: n})
			if err != nil {
				continue
			}
			img.Checks()
			img.ProfileText()
			if _, err := json.Marshal(img); err != nil {
				t.Error(err)
			}
			readBack(t, img)
		}
	})
}

// FuzzInclude puts anything into an included file.
func FuzzInclude(f *testing.F) {
	data, err := os.ReadFile("testdata/included/parts/images.xml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add("this://part.xml", data)
	f.Add("file:///part.xml", []byte("<image><include from='part.xml'/></image>"))
	f.Fuzz(func(t *testing.T, from string, data []byte) {
		main := strings.Replace(small(""), "</image>", "<include from="+quoteAttr(from)+"/></image>", 1)
		d, err := Open(context.Background(), Options{FS: fstest.MapFS{"config.xml": {Data: []byte(main)}, "part.xml": {Data: data}}})
		if err != nil {
			return
		}
		img, err := d.Select(Options{Arch: "x86_64"})
		if err == nil && len(img.state.unresolved()) == 0 {
			readBack(t, img)
		}
	})
}

// FuzzOverrides gives anything to the options that change a description; what is
// accepted must read back from its own XML.
func FuzzOverrides(f *testing.F) {
	f.Add("bootpartition=true", "https://a,rpm-md,b", "u:p", "a=b", "1.2")
	f.Add("format=oci:qcow2", "/srv/repo,,,5,true", "", "l=", "")
	f.Fuzz(func(t *testing.T, attr, repo, login, label, text string) {
		d, err := openText(small(overridden))
		if err != nil {
			t.Fatal(err)
		}
		img, err := d.Select(Options{Arch: "x86_64", Type: "docker", Overrides: Overrides{TypeAttributes: []string{attr},
			SetRepo: repo, AddRepos: []string{repo}, AddRepoCredentials: []string{login}, ContainerLabels: []string{label},
			ContainerTag: text, ReleaseVersion: text, DerivedFrom: text, AddPackages: []string{text}, SigningKeys: []string{text}}})
		if err != nil {
			return
		}
		img.Checks()
		var out strings.Builder
		if err := img.WriteXML(&out); err != nil {
			t.Fatal(err)
		}
	})
}

func readBack(t *testing.T, img *Image) {
	var out strings.Builder
	if err := img.WriteXML(&out); err != nil {
		t.Fatal(err)
	}
	if _, err := openText(out.String()); err != nil {
		t.Fatalf("own XML is refused: %v\n%s", err, out.String())
	}
}

func FuzzTranslate(f *testing.F) {
	for _, s := range []string{"https://u:p@h/x;y?z#f", "dir:///a//../b", "obs://A:B/c", "/x/y", "file:k", "::", "a:b@c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		where, local, err := translate(s, "/base")
		if err == nil && where == "" || err == nil && local && !strings.HasPrefix(where, "/") {
			t.Errorf("%q: %q %v", s, where, local)
		}
	})
}

func FuzzTuple(f *testing.F) {
	f.Add("https://a,rpm-md,b,1,true,false,{a;b},c,d,true,metalink")
	f.Fuzz(func(t *testing.T, s string) {
		if tuple, err := parseTuple("add-repo", s); err == nil {
			tuple.keys()
		}
	})
}

func FuzzQuote(f *testing.F) {
	f.Add(`a="it's \" x"`)
	f.Fuzz(func(t *testing.T, s string) {
		line := quoteLine(s)
		if line != "" && !strings.HasSuffix(line, "\n") {
			t.Errorf("%q", line)
		}
	})
}
