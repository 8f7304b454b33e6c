package testtool

import (
	"os"
	"path/filepath"
	"testing"
)

// DNF5 is a root with dnf5, its Python module and rpm, that the environment
// variable FIMG_DNF5 names; tools/oracle-root makes one. "none" says that it could not,
// which "make test" then tells at its end.
func DNF5(t testing.TB) Oracle {
	t.Helper()
	root := os.Getenv("FIMG_DNF5")
	if root == "none" {
		t.Skip("no root with dnf5 could be made")
	}
	if _, err := os.Stat(filepath.Join(root, "usr/bin/dnf5")); root == "" || err != nil {
		Missing(t, "no root with dnf5 in FIMG_DNF5: run make oracle as root")
	}
	NeedRoot(t)
	return Oracle{Root: root}
}
