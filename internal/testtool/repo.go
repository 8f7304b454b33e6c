package testtool

import (
	"os"
	"path/filepath"
	"testing"
)

// Repo returns the directory of the demonstration repository, which make test
// prepares and names in FIMG_TEST_REPO.
func Repo(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("FIMG_TEST_REPO")
	if _, err := os.Stat(filepath.Join(dir, "repodata", "repomd.xml")); dir == "" || err != nil {
		Missing(t, "no repository in FIMG_TEST_REPO: run make test")
	}
	return dir
}

// Long ends tests that take minutes where -short is given.
func Long(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("takes long; left out with -short")
	}
}
