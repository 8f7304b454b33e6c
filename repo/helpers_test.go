package repo_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fimg/fimg/repo"
)

// testRepo is a repository made for a test. Its files are in a map, so that a
// server can serve them in any broken way.
type testRepo struct {
	files    map[string][]byte
	packages []string // locations
	data     string   // data elements of repomd.xml
}

const compsText = `<?xml version="1.0"?>
<!DOCTYPE comps PUBLIC "-//Red Hat, Inc.//DTD Comps info//EN" "comps.dtd">
<comps><group><id>core</id><name>Core</name><name xml:lang="de">Kern</name><packagelist>
<packagereq type="mandatory">pkg0</packagereq><packagereq type="conditional" requires="pkg0">pkg1</packagereq>
</packagelist></group></comps>`

// newRepo makes a repository of n packages of different sizes.
func newRepo(n int) *testRepo {
	r := &testRepo{files: map[string][]byte{}}
	var primary strings.Builder
	fmt.Fprintf(&primary, `<?xml version="1.0"?><metadata xmlns="http://linux.duke.edu/metadata/common" xmlns:rpm="http://linux.duke.edu/metadata/rpm" packages="%d">`, n)
	for i := range n {
		body := bytes.Repeat([]byte(fmt.Sprintf("package %d\n", i)), 5000*(i+1))
		location := fmt.Sprintf("Packages/pkg%d-1-1.noarch.rpm", i)
		r.files[location] = body
		r.packages = append(r.packages, location)
		primary.WriteString(element(fmt.Sprintf("pkg%d", i), fmt.Sprintf("%x", sha256.Sum256(body)), location, len(body)))
	}
	primary.WriteString("</metadata>")
	r.add("primary", "primary.xml", []byte(primary.String()))
	r.add("group", "comps.xml", []byte(compsText))
	r.write()
	return r
}

func element(name, sum, location string, size int) string {
	return fmt.Sprintf(`<package type="rpm"><name>%s</name><arch>noarch</arch><version epoch="0" ver="1" rel="1"/>
<checksum type="sha256" pkgid="YES">%s</checksum><summary>a &amp; b</summary><size package="%d" installed="1" archive="1"/>
<location href="%s"/><format><rpm:provides><rpm:entry name="%s" flags="EQ" epoch="0" ver="1" rel="1"/></rpm:provides></format></package>
`, name, sum, size, location, name)
}

// add puts a metadata file, compressed, into the repository.
func (r *testRepo) add(kind, name string, text []byte) {
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	w.Write(text)
	w.Close()
	r.addRaw(kind, "repodata/"+name+".gz", z.Bytes(), len(text))
}

func (r *testRepo) addRaw(kind, location string, body []byte, open int) {
	r.files[strings.TrimPrefix(location, "../")] = body
	r.data += fmt.Sprintf(`<data type="%s"><checksum type="sha256">%x</checksum><location href="%s"/><size>%d</size><open-size>%d</open-size></data>`,
		kind, sha256.Sum256(body), location, len(body), open)
}

func (r *testRepo) write() {
	r.files["repodata/repomd.xml"] = []byte(`<repomd xmlns="http://linux.duke.edu/metadata/repo"><revision>1</revision>` + r.data + `</repomd>`)
}

// dir writes the files to a directory.
func (r *testRepo) dir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, body := range r.files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, body, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// ServeHTTP serves the files with entity tags and ranges.
func (r *testRepo) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, ok := r.files[strings.TrimPrefix(req.URL.Path, "/")]
	if !ok {
		http.NotFound(w, req)
		return
	}
	w.Header().Set("ETag", fmt.Sprintf(`"%x"`, sha256.Sum256(body)))
	http.ServeContent(w, req, "", time.Time{}, bytes.NewReader(body))
}

func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// client makes a client with an empty cache that is quick to give up.
func client(t *testing.T, change func(*repo.Options)) *repo.Client {
	t.Helper()
	o := repo.Options{CacheDir: filepath.Join(t.TempDir(), "cache"), Arch: "x86_64", Releasever: "42",
		Proxy: "none", Backoff: 1, StallTimeout: 2 * time.Second}
	if change != nil {
		change(&o)
	}
	c, err := repo.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// references returns the references of all packages of a repository.
func references(t *testing.T, r *repo.Repository) []repo.PackageRef {
	t.Helper()
	var refs []repo.PackageRef
	for i := range r.Index.Len() {
		d := r.Index.Details(i)
		ref, err := r.Ref(d.Location, d)
		if err != nil {
			t.Fatal(err)
		}
		refs = append(refs, ref)
	}
	return refs
}

// fetchAll brings all packages of a source here and compares them.
func fetchAll(t *testing.T, c *repo.Client, source *repo.Source, want *testRepo) error {
	t.Helper()
	r, err := c.Load(t.Context(), source)
	if err != nil {
		return err
	}
	n := 0
	for local, err := range c.Packages(t.Context(), references(t, r)) {
		if err != nil {
			return err
		}
		n++
		got, err := os.ReadFile(local.Path)
		if err != nil || !bytes.Equal(got, want.files[local.Ref.Location]) || filepath.Base(local.Path) != filepath.Base(local.Ref.Location) {
			t.Errorf("%s is not what was published: %v", local.Path, err)
		}
	}
	if n != len(want.packages) {
		t.Errorf("%d of %d packages came", n, len(want.packages))
	}
	return nil
}

// stored lists the files of a cache directory, once all are written.
func stored(t *testing.T, c *repo.Client) (list []string) {
	t.Helper()
	c.Close()
	for _, sub := range []string{"packages", "metadata", "index", "state", "partial"} {
		err := filepath.WalkDir(filepath.Join(c.CacheDir(), sub), func(path string, d os.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				list = append(list, path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return list
}
