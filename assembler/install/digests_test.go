package install

import (
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/fimg/fimg/assembler/install/rpmdb"
	"github.com/fimg/fimg/repo/rpm"
)

// TestPackageDigests installs packages beside an rpm 6, whose database has the digests
// of their files: from memory, from a store that has not kept them, from one that has,
// and of a file that differs from the stored one before its header.
func TestPackageDigests(t *testing.T) {
	six := build(t, rpmPackage, "@VERSION@", "6.1.0")["rpm"]
	other := build(t, allPackages, versionOf("1", "", "")...)["all"]
	store := filepath.Join(t.TempDir(), "store")
	install := func(opts Options, files ...string) int {
		root := t.TempDir()
		opts.NoScripts = true
		res := ours(t, root, opts, files...)
		for _, f := range files {
			wantDigests(t, root, f)
		}
		return res.FromStore
	}
	install(Options{}, six, other)
	ours(t, t.TempDir(), Options{Store: store, NoScripts: true}, other) // for no rpm 6
	for i, name := range []string{"not kept", "kept", "another lead"} {
		if i == 2 {
			other = withLead(t, other)
		}
		if n := install(Options{Store: store}, six, other); n != min(i+1, 2) {
			t.Errorf("%s: %d packages from the store", name, n)
		}
	}
}

// withLead copies a package with another name in its lead, which no digest covers.
func withLead(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	must(t, err)
	data[10] ^= 1
	out := filepath.Join(t.TempDir(), "other.rpm")
	must(t, os.WriteFile(out, data, 0o600))
	return out
}

func wantDigests(t *testing.T, root, file string) {
	t.Helper()
	data, err := os.ReadFile(file)
	must(t, err)
	want := []string{fmt.Sprintf("%x", sha256.Sum256(data)), fmt.Sprintf("%x", sha512.Sum512(data))}
	db, err := rpmdb.Open(t.Context(), filepath.Join(root, rpmdb.SysimageDir), rpmdb.Options{})
	must(t, err)
	defer db.Discard()
	list, err := db.Packages(t.Context())
	must(t, err)
	for _, p := range list {
		if got := p.Header.Strings(rpm.TagPackageDigests); slices.Equal(got, want) {
			return
		}
	}
	t.Errorf("no package has the digests of %s", filepath.Base(file))
}
