package repo_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/fimg/fimg/internal/rpmtest"
	"github.com/fimg/fimg/internal/testtool"
	"github.com/fimg/fimg/repo"
	"github.com/fimg/fimg/repo/pool"
)

// TestCreaterepo reads a directory of packages as it is and through the metadata
// that createrepo_c makes of it, in every compression, and compares.
func TestCreaterepo(t *testing.T) {
	testtool.Need(t, "createrepo_c", "rpmbuild")
	dir := t.TempDir()
	for i, path := range rpmtest.Build(t, "zstd") {
		if err := os.Link(path, filepath.Join(dir, filepath.Base(path))); err != nil {
			t.Fatal(i, err)
		}
	}
	plain, err := client(t, nil).Load(t.Context(), &repo.Source{ID: "plain", BaseURLs: []string{dir}})
	if err != nil || plain.Index.Len() == 0 {
		t.Fatal(err)
	}
	want := describe(t, plain)
	for _, compression := range []string{"gz", "xz", "bz2"} {
		testtool.Run(t, "createrepo_c", "--quiet", "--general-compress-type", compression, dir)
		c := client(t, nil)
		r, err := c.Load(t.Context(), &repo.Source{ID: "with", BaseURLs: []string{"file://" + dir}})
		if err != nil {
			t.Fatalf("%s: %v", compression, err)
		}
		files, err := r.Filelists(t.Context())
		if err != nil || files == nil {
			t.Fatalf("%s: %v", compression, err)
		}
		if got := describe(t, r); got != want {
			t.Errorf("%s:\n%s\ninstead of\n%s", compression, got, want)
		}
		for _, ref := range references(t, r) {
			if local, err := c.Package(t.Context(), ref, nil); err != nil || local.Cached {
				t.Errorf("%s: %+v, %v", compression, local, err)
			}
		}
	}
}

// describe lists the packages of a repository with their dependencies.
func describe(t *testing.T, r *repo.Repository) (out string) {
	t.Helper()
	u, err := pool.NewUniverse("", r.PoolSource(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	for id := range u.All() {
		d := u.Details(id)
		out += u.Package(id).NEVRA() + " " + d.Checksum + " " + d.Location + "\n"
		for kind := pool.Requires; kind <= pool.PreRequires; kind++ {
			for _, ref := range u.Deps(id, kind) {
				out += "  " + string('0'+rune(kind)) + " " + u.Text(ref) + "\n"
			}
		}
		for _, name := range []string{"/usr/bin/fimgtest", "/etc/fimgtest.conf"} {
			out += name + " " + string('0'+rune(len(u.ProvidersOf(name, 0, "")))) + "\n"
		}
	}
	return out
}
