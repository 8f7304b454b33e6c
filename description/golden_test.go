package description

import (
	"archive/tar"
	"context"
	"encoding/json"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/fimg/fimg/internal/testtool"
)

// record is one answer of kiwi's: see the README beside the archive.
type record struct {
	name        string
	OK          bool
	Arch        string   `json:"arch"`
	Description string   `json:"description"`
	File        string   `json:"kiwi_file"`
	Profiles    []string `json:"requested_profiles"`
	Type        *string  `json:"requested_type"`
	Error       struct{ Class, Message string }
	Result      map[string]any
}

// TestGolden compares with kiwi's own answers. FIMG_GOLDEN names an archive of records
// or a directory of records and archives, FIMG_DESCRIPTIONS the directory of
// descriptions; both default to the shared material about Fedora.
func TestGolden(t *testing.T) {
	golden := os.Getenv("FIMG_GOLDEN")
	if golden == "" {
		golden = testtool.Shared(t, "golden/fedora-descriptions.tar.zst")
	}
	where := os.Getenv("FIMG_DESCRIPTIONS")
	if where == "" {
		where = testtool.Shared(t, "descriptions")
	}
	docs := newDocs(t, where)
	equal, total := 0, 0
	fields := map[string]int{}
	readRecords(t, golden, func(r *record) {
		total++
		bad := compare(docs, r)
		if len(bad) == 0 {
			equal++
		}
		for _, b := range bad {
			field, _, _ := strings.Cut(b, ":")
			if fields[field]++; fields[field] <= 3 {
				t.Errorf("%s: %s", r.name, b)
			}
		}
	})
	t.Logf("%d of %d records equal", equal, total)
	for _, f := range slices.Sorted(maps.Keys(fields)) {
		t.Logf("%6d records differ in %s", fields[f], f)
	}
	if total == 0 {
		t.Error("no records")
	}
}

// readRecords calls f for every record of an archive, or of the files and archives
// below a directory. JSON of another kind is passed over.
func readRecords(t *testing.T, from string, f func(*record)) {
	t.Helper()
	one := func(name string, data []byte) {
		r := &record{name: name}
		if err := json.Unmarshal(data, r); err == nil && r.Description != "" {
			f(r)
		}
	}
	if !isDirectory(from) {
		readArchive(t, from, one)
		return
	}
	err := filepath.WalkDir(from, func(p string, e fs.DirEntry, err error) error {
		switch {
		case err != nil || e.IsDir():
			return err
		case strings.HasSuffix(p, ".tar.zst"):
			readArchive(t, p, one)
		case strings.HasSuffix(p, ".json"):
			data, err := os.ReadFile(p)
			one(p, data)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func readArchive(t *testing.T, from string, one func(string, []byte)) {
	t.Helper()
	file, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	z, err := zstd.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	for in := tar.NewReader(z); ; {
		h, err := in.Next()
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Typeflag != tar.TypeReg || !strings.HasSuffix(h.Name, ".json") {
			continue
		}
		data, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		one(h.Name, data)
	}
}

// docs finds and opens descriptions once each.
type docs struct {
	t     *testing.T
	where string
	open  map[string]*opened
	fixed map[string]string
}

type opened struct {
	doc *Document
	err error
}

func newDocs(t *testing.T, where string) *docs {
	return &docs{t: t, where: where, open: map[string]*opened{}, fixed: map[string]string{}}
}

func (d *docs) get(r *record) *opened {
	key := r.Description + "/" + r.File
	if o := d.open[key]; o != nil {
		return o
	}
	doc, err := Open(context.Background(), Options{Dir: d.dir(r.Description), File: r.File})
	d.open[key] = &opened{doc, err}
	return d.open[key]
}

// dir is the directory of a description. Fedora's core.xml is a link that points
// to core-VARIANT.xml in the variant's own golden set. What is not there is for Open
// to report.
func (d *docs) dir(name string) string {
	if dir := filepath.Join(d.where, name); isDirectory(dir) {
		return dir
	}
	if dir := d.fixed[name]; dir != "" {
		return dir
	}
	base, variant, _ := strings.Cut(name, "-")
	from, to := filepath.Join(d.where, base), d.t.TempDir()
	if !isDirectory(from) {
		return filepath.Join(d.where, name)
	}
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		d.t.Fatalf("description %s: %v", name, err)
	}
	core, own := filepath.Join(to, "repositories", "core.xml"), "core-"+variant+".xml"
	if _, err := os.Stat(filepath.Join(to, "repositories", own)); err == nil {
		os.Remove(core)
		if err := os.Symlink(own, core); err != nil {
			d.t.Fatal(err)
		}
	}
	d.fixed[name] = to
	return to
}

func isDirectory(p string) bool {
	info, err := os.Stat(p)
	return err == nil && info.IsDir()
}
