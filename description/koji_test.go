package description

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/beevik/etree"

	"github.com/fimg/fimg/internal/testtool"
)

// task is what a Koji image task lays over a description.
type task struct {
	name, version, release string
	repos                  []string
}

// kojiRewrite does to a description what Koji's kiwi plugin does before it calls
// kiwi: includes are replaced by the included children at the end of the file, all
// repositories by those of the task, name and versions are overwritten, and the
// result is indented anew.
func kojiRewrite(t *testing.T, dir, file string, job task) string {
	t.Helper()
	doc := readXML(t, filepath.Join(dir, file))
	root := doc.Root()
	for _, inc := range root.SelectElements("include") {
		path := filepath.Join(dir, strings.TrimPrefix(inc.SelectAttrValue("from", ""), "this://"))
		root.RemoveChild(inc)
		for _, child := range slices.Clone(readXML(t, path).Root().Child) {
			if e, ok := child.(*etree.Element); !ok || e.Tag != "repository" {
				root.AddChild(child)
			}
		}
	}
	for _, r := range root.SelectElements("repository") {
		root.RemoveChild(r)
	}
	slices.Sort(job.repos)
	for _, address := range job.repos {
		r := root.CreateElement("repository")
		r.CreateAttr("type", "rpm-md")
		r.CreateElement("source").CreateAttr("path", address)
	}
	root.CreateAttr("name", job.name)
	prefs := root.SelectElement("preferences")
	prefs.SelectElement("version").SetText(job.version)
	prefs.SelectElement("release-version").SetText(job.release)
	doc.Indent(2)
	out, err := doc.WriteToString()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func readXML(t *testing.T, name string) *etree.Document {
	t.Helper()
	doc := etree.NewDocument()
	if err := doc.ReadFromFile(name); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return doc
}

// withoutPlaces is an image's JSON without where things were written.
func withoutPlaces(t *testing.T, img *Image) string {
	t.Helper()
	v := normal(img)
	var strip func(any)
	strip = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for _, key := range []string{"source", "sources", "defined_at", "file"} {
				delete(v, key)
			}
			for _, x := range v {
				strip(x)
			}
		case []any:
			for _, x := range v {
				strip(x)
			}
		}
	}
	strip(v)
	out, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// testKoji compares a description with its rewritten form for every image profile.
func testKoji(t *testing.T, dir, file string) {
	original, err := Open(context.Background(), Options{Dir: dir, File: file})
	if err != nil {
		t.Fatal(err)
	}
	job := task{name: "Task", version: "43.9", release: "43", repos: []string{
		"https://kojipkgs.example.org/compose/$arch/os", "https://kojipkgs.example.org/a/$basearch/"}}
	compared, to := 0, t.TempDir()
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	main := strings.TrimSuffix(file, ".kiwi") + ".x86_64.kiwi"
	if err := os.WriteFile(filepath.Join(to, main), []byte(kojiRewrite(t, dir, file, job)), 0o644); err != nil {
		t.Fatal(err)
	}
	rewritten, err := Open(context.Background(), Options{Dir: to, File: main})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range original.Profiles() {
		for _, kind := range p.Images {
			for _, arch := range kind.Arches {
				compared++
				compareRewritten(t, original, rewritten, job, p.Name, arch)
			}
		}
	}
	t.Logf("%d images compared", compared)
}

func compareRewritten(t *testing.T, original, rewritten *Document, job task, profile, arch string) {
	t.Helper()
	opt := Options{Arch: arch, Profiles: []string{profile}, Overrides: Overrides{Name: job.name, Version: job.version,
		ReleaseVersion: job.release, IgnoreRepos: true}}
	for _, r := range slices.Sorted(slices.Values(job.repos)) {
		opt.Overrides.AddRepos = append(opt.Overrides.AddRepos, r+",rpm-md")
	}
	want := mustSelect(t, original, opt)
	got := mustSelect(t, rewritten, Options{Arch: arch, Profiles: []string{profile}})
	if a, b := withoutPlaces(t, want), withoutPlaces(t, got); a != b {
		t.Errorf("%s on %s differs after rewriting:\n%s", profile, arch, firstDifference(a, b))
	}
}

func firstDifference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return x[i] + "\n" + y[i]
		}
	}
	return "one is longer"
}

func TestKojiFedora(t *testing.T) {
	testKoji(t, testtool.Shared(t, "descriptions/fedora"), "Fedora.kiwi")
}

func TestKojiOwn(t *testing.T) { testKoji(t, "testdata/included", "Included.kiwi") }
