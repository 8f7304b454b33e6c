package repo_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/fimg/fimg/repo"
)

// TestRepository reads a whole signed repository from the directory named by
// FIMG_TEST_REPO, which holds its key in a file RPM-GPG-KEY-*, directly and over
// HTTP, and once more offline.
func TestRepository(t *testing.T) {
	dir := os.Getenv("FIMG_TEST_REPO")
	if dir == "" {
		t.Skip("FIMG_TEST_REPO is not set")
	}
	keys, _ := filepath.Glob(filepath.Join(dir, "RPM-GPG-KEY-*"))
	server := httptest.NewServer(http.FileServer(http.Dir(dir)))
	defer server.Close()
	for _, address := range []string{"file://" + dir, server.URL} {
		src := &repo.Source{ID: "test", BaseURLs: []string{address}, Keys: keys, RepoGPGCheck: true}
		cache := t.TempDir()
		for _, offline := range []bool{false, true} {
			c, err := repo.New(repo.Options{CacheDir: cache, Arch: "x86_64", Offline: offline})
			if err != nil {
				t.Fatal(err)
			}
			r, err := c.Load(t.Context(), src)
			if err != nil {
				t.Fatal(err)
			}
			want, err := r.Comps.Expand([]string{"core"}, mandatory)
			if err != nil || len(want) == 0 {
				t.Fatal(want, err)
			}
			t.Log(address, r.Index.Len(), len(want), r.Metadata)
		}
	}
}
