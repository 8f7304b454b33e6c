package install

import (
	"testing"
	"time"

	"github.com/fimg/fimg/internal/rpmtest"
	"github.com/fimg/fimg/internal/testtool"
)

// TestRepository installs all packages below the directory in FIMG_TEST_REPO, a
// set that is complete and free of conflicts, and compares tree and database with
// rpm's. Scriptlets are left out: what they do depends on time and chance.
func TestRepository(t *testing.T) {
	dir := testtool.Repo(t)
	files := rpmtest.Find(t, dir)
	a, b := t.TempDir(), t.TempDir()
	ours(t, a, Options{NoScripts: true, Time: time.Unix(1700000000, 0), DBPath: dbPath}, files...)
	theirs(t, b, append([]string{"-i", "--noscripts", "--notriggers"}, files...)...)
	same(t, a, b)
	sameDatabase(t, a, b)
}
