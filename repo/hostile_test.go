package repo_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fimg/fimg/fault"
	"github.com/fimg/fimg/repo"
	"github.com/fimg/fimg/repo/cache"
	"github.com/fimg/fimg/repo/digest"
	"github.com/fimg/fimg/repo/fetch"
)

const zeros64 = "0000000000000000000000000000000000000000000000000000000000000000"

func metadata(elements string) string {
	return `<?xml version="1.0"?><metadata xmlns:rpm="x">` + elements + `</metadata>`
}

// hostile are primary.xml files that must be refused.
var hostile = map[string]string{
	"empty":             "",
	"no root":           "<?xml version=\"1.0\"?>",
	"other root":        "<filelists></filelists>",
	"cut":               metadata(element("a", zeros64, "a.rpm", 1))[:300],
	"not closed":        `<metadata>` + element("a", zeros64, "a.rpm", 1),
	"wrong nesting":     metadata(`<package type="rpm"><name>a</arch></package>`),
	"up and out":        metadata(element("a", zeros64, "../../etc/passwd", 1)),
	"up, encoded":       metadata(element("a", zeros64, "%2e%2e/%2E%2E/etc/passwd", 1)),
	"absolute":          metadata(element("a", zeros64, "/etc/passwd", 1)),
	"an address":        metadata(element("a", zeros64, "http://example.org/a.rpm", 1)),
	"no location":       metadata(strings.Replace(element("a", zeros64, "X", 1), `<location href="X"/>`, "", 1)),
	"name with a slash": metadata(element("a/b", zeros64, "a.rpm", 1)),
	"short checksum":    metadata(element("a", "1234", "a.rpm", 1)),
	"unknown checksum":  metadata(strings.Replace(element("a", zeros64, "a.rpm", 1), "sha256", "crc32", 1)),
	"negative size":     metadata(element("a", zeros64, "a.rpm", -1)),
	"huge size":         metadata(strings.Replace(element("a", zeros64, "a.rpm", 77), `"77"`, `"99999999999999999999999"`, 1)),
	"entity":            metadata(element("&lol;", zeros64, "a.rpm", 1)),
	"entity bomb": `<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>` +
		metadata(element("&b;", zeros64, "a.rpm", 1)),
	"control character": metadata(element("a\x01", zeros64, "a.rpm", 1)),
	"nul reference":     metadata(element("a&#0;", zeros64, "a.rpm", 1)),
	"fewer than said":   `<metadata packages="2">` + element("a", zeros64, "a.rpm", 1) + `</metadata>`,
	"more than said":    `<metadata packages="0">` + element("a", zeros64, "a.rpm", 1) + `</metadata>`,
	"rubbish behind":    metadata(element("a", zeros64, "a.rpm", 1)) + "<metadata/>",
	"deep":              metadata(`<package type="rpm">` + strings.Repeat("<x>", 10000) + strings.Repeat("</x>", 10000) + `</package>`),
	"cyclic dependency expression": metadata(strings.Replace(element("a", zeros64, "a.rpm", 1), "<rpm:provides>",
		`<rpm:requires><rpm:entry name="`+strings.Repeat("(a or ", 100000)+`"/></rpm:requires><rpm:provides>`, 1)),
}

func TestHostilePrimary(t *testing.T) {
	for name, text := range hostile {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &testRepo{files: map[string][]byte{}}
			r.add("primary", "primary.xml", []byte(text))
			r.write()
			refused(t, r, "primary.xml")
		})
	}
}

// refused loads a repository that must not load, from a directory and from a
// server, and sees that the error says where, and that nothing is kept of it.
func refused(t *testing.T, r *testRepo, file string) {
	t.Helper()
	for _, address := range []string{r.dir(t), serve(t, r)} {
		c := client(t, nil)
		_, err := c.Load(t.Context(), &repo.Source{ID: "bad", BaseURLs: []string{address}})
		var place *repo.MetadataError
		if !errors.As(err, &place) || place.Repository != "bad" || place.File != file || place.Offset < 0 {
			t.Fatalf("%T %v", err, err)
		}
		if len(err.Error()) > 1000 {
			t.Errorf("error of %d characters", len(err.Error()))
		}
		if fault.Of(err) != fault.Repository {
			t.Errorf("class %v of %v", fault.Of(err), err)
		}
		for _, path := range stored(t, c) {
			if !r.interrupted(path, file) {
				t.Errorf("%s was stored", path)
			}
		}
	}
}

// interrupted tells whether a path is the transfer under way of another file than the
// bad one, which the error has ended: it is taken up again the next time.
func (r *testRepo) interrupted(path, bad string) bool {
	for name, body := range r.files {
		if !strings.Contains(name, bad) && strings.HasSuffix(path, fmt.Sprintf("partial/sha256-%x", sha256.Sum256(body))) {
			return true
		}
	}
	return false
}

func TestBomb(t *testing.T) {
	bomb := metadata(strings.Repeat(" ", 50<<20))
	for kind, name := range map[string]string{"primary": "primary.xml", "group": "comps.xml", "modules": "modules.yaml"} {
		r := newRepo(1)
		switch kind {
		case "primary":
			r.data = ""
		case "group":
			r.data = strings.Replace(r.data, `"group"`, `"other"`, 1)
		}
		r.add(kind, name+"x", []byte(bomb))
		r.data = strings.ReplaceAll(r.data, fmt.Sprintf("<open-size>%d<", len(bomb)), "<open-size>1000<")
		r.write()
		refused(t, r, name)
	}
}

func TestHostileRepomd(t *testing.T) {
	sum := fmt.Sprintf(`<checksum type="sha256">%s</checksum>`, zeros64)
	for name, text := range map[string]string{
		"empty":       "",
		"html":        "<html><body>Sign in</body></html>",
		"cut":         `<repomd><data type="primary">` + sum,
		"out":         `<repomd><data type="primary">` + sum + `<location href="../primary.xml"/></data></repomd>`,
		"no checksum": `<repomd><data type="primary"><location href="primary.xml"/></data></repomd>`,
		"md5":         `<repomd><data type="primary"><checksum type="md5">00000000000000000000000000000000</checksum><location href="p"/></data></repomd>`,
		"doctype":     `<!DOCTYPE repomd [<!ENTITY a "b">]><repomd/>`,
		"size":        `<repomd><data type="primary">` + sum + `<location href="p"/><size>-4</size></data></repomd>`,
		"deep":        strings.Repeat("<repomd>", 100000),
	} {
		t.Run(name, func(t *testing.T) {
			r := &testRepo{files: map[string][]byte{"repodata/repomd.xml": []byte(text)}}
			refused(t, r, "repomd.xml")
		})
	}
}

// TestChangedMetadata has metadata that is not what repomd.xml says.
func TestChangedMetadata(t *testing.T) {
	r := newRepo(1)
	for name, body := range r.files {
		if strings.HasSuffix(name, "primary.xml.gz") {
			r.files[name] = append(bytes.Clone(body[:len(body)-1]), body[len(body)-1]^1)
		}
	}
	for _, address := range []string{r.dir(t), serve(t, r)} {
		c := client(t, nil)
		_, err := c.Load(t.Context(), &repo.Source{ID: "bad", BaseURLs: []string{address}})
		var sum *fetch.ChecksumError
		if !errors.As(err, &sum) || fault.Of(err) != fault.Signature {
			t.Errorf("%T %v", err, err)
		}
		for _, path := range stored(t, c) {
			if strings.Contains(path, "primary") {
				t.Errorf("%s was stored", path)
			}
		}
	}
}

// TestDamagedCache changes files behind the cache's back.
func TestDamagedCache(t *testing.T) {
	good := newRepo(2)
	requests := map[string]int{}
	address := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests[filepath.Base(r.URL.Path)]++
		good.ServeHTTP(w, r)
	}))
	c := client(t, func(o *repo.Options) { o.Jobs = 1 })
	src := &repo.Source{ID: "test", BaseURLs: []string{address}}
	for range 2 {
		if err := fetchAll(t, c, src, good); err != nil {
			t.Fatal(err)
		}
	}
	if n := requests["pkg0-1-1.noarch.rpm"]; n != 1 {
		t.Errorf("%d requests for a cached package", n)
	}
	for _, path := range stored(t, c) {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, bytes.Repeat([]byte{'x'}, int(info.Size())), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	again, err := repo.New(repo.Options{CacheDir: c.CacheDir(), Arch: "x86_64", Proxy: "none"})
	if err != nil {
		t.Fatal(err)
	}
	if err := fetchAll(t, again, src, good); err != nil {
		t.Fatal(err)
	}
	if n := requests["pkg0-1-1.noarch.rpm"]; n != 2 {
		t.Errorf("%d requests after the package was damaged", n)
	}
}

func TestHostileReference(t *testing.T) {
	good := newRepo(1)
	c := client(t, nil)
	src := &repo.Source{ID: "test", BaseURLs: []string{good.dir(t)}}
	sum := digest.Checksum{Type: "sha256", Hex: zeros64}
	for _, ref := range []repo.PackageRef{
		{Source: src, Location: "../../../etc/passwd", Checksum: sum, Size: 1},
		{Source: src, Location: good.packages[0]},
		{Source: src, Location: good.packages[0], Checksum: digest.Checksum{Type: "sha256", Hex: "../../x"}},
		{Location: good.packages[0], Checksum: sum},
	} {
		if local, err := c.Package(t.Context(), ref, nil); err == nil {
			t.Errorf("%+v came", local)
		}
	}
}

func TestStorePath(t *testing.T) {
	s, err := cache.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	sum := digest.Checksum{Type: "sha256", Hex: zeros64}
	for _, name := range []string{"..", ".", "", "/", "a/../../..", strings.Repeat("x", 300), "a\nb"} {
		path := s.Path(cache.Packages, sum, name)
		if filepath.Dir(path) != filepath.Join(s.Dir(), "packages", "00", "sha256-"+zeros64) {
			t.Errorf("%q leads to %s", name, path)
		}
	}
}
