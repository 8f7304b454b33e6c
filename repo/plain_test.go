package repo_test

import (
	"os"
	"testing"

	"github.com/fimg/fimg/repo"
)

// TestPlainDirectory compares a directory read without its metadata with the
// same directory read through it.
func TestPlainDirectory(t *testing.T) {
	dir := os.Getenv("FIMG_TEST_REPO")
	if dir == "" {
		t.Skip("FIMG_TEST_REPO is not set")
	}
	c, err := repo.New(repo.Options{CacheDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	with, err := c.Load(t.Context(), &repo.Source{ID: "with", BaseURLs: []string{dir}})
	if err != nil {
		t.Fatal(err)
	}
	without, err := c.Load(t.Context(), &repo.Source{ID: "without", BaseURLs: []string{dir + "/Packages"}})
	if err != nil {
		t.Fatal(err)
	}
	if with.Index.Len() != without.Index.Len() {
		t.Fatal(with.Index.Len(), without.Index.Len())
	}
	sums := map[string]repo.PackageRef{}
	for i := range with.Index.Len() {
		d := with.Index.Details(i)
		ref, err := with.Ref("", d)
		if err != nil {
			t.Fatal(err)
		}
		sums[d.Checksum] = ref
	}
	var refs []repo.PackageRef
	for i := range without.Index.Len() {
		d := without.Index.Details(i)
		ref, err := without.Ref("", d)
		want := sums[d.Checksum]
		if err != nil || "Packages/"+ref.Location != want.Location || ref.Size != want.Size {
			t.Fatalf("%+v instead of %+v, %v", ref, want, err)
		}
		refs = append(refs, ref)
	}
	n := 0
	for local, err := range c.Packages(t.Context(), refs) {
		if err != nil || local.Cached {
			t.Fatal(local, err)
		}
		n++
	}
	if n != len(refs) {
		t.Fatalf("%d of %d packages", n, len(refs))
	}
}
