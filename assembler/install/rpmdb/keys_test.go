package rpmdb

import (
	"context"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fimg/fimg/internal/rpmtest"
	"github.com/fimg/fimg/internal/testtool"
	"github.com/fimg/fimg/repo/rpm"
)

// TestKeysOfOracles compares the entries and files of keys with those that the
// oracles' rpm --import makes, and lets them read ours.
func TestKeysOfOracles(t *testing.T) {
	for _, o := range testtool.Oracles(t) {
		t.Run(filepath.Base(o.Root), func(t *testing.T) {
			keys, files := someKeys(t, o)
			keysInDatabase(t, o, keys, files)
			keysInFiles(t, o, keys, files)
		})
	}
}

// someKeys are keys of all kinds an oracle knows, and files with them.
func someKeys(t *testing.T, o testtool.Oracle) (*rpm.Keyring, []string) {
	kinds := []string{rpmtest.RSA, rpmtest.EdDSA}
	if o.AtLeast(t, 6, 0) {
		kinds = append(kinds, rpmtest.ECDSA, rpmtest.Ed25519)
	}
	keys, files := &rpm.Keyring{}, []string{}
	for _, kind := range kinds {
		armored := rpmtest.NewSigner(t, kind).Armor(t)
		path := filepath.Join(o.Dir(t), "key")
		write(t, path, armored)
		files = append(files, path)
		if err := keys.Add(armored); err != nil {
			t.Fatal(err)
		}
	}
	return keys, files
}

func keyOptions(t *testing.T, o testtool.Oracle) KeyOptions {
	return KeyOptions{RPMVersion: o.Version(t), VersionLine: !o.AtLeast(t, 4, 20)}
}

func keysInDatabase(t *testing.T, o testtool.Oracle, keys *rpm.Keyring, files []string) {
	ctx := context.Background()
	theirs, ours := o.Dir(t), o.Dir(t)
	oracleRPM(t, o, theirs, append([]string{"--import"}, files...)...)
	listed, err := List(ctx, theirs)
	if err != nil {
		t.Fatal(err)
	}
	db, err := Open(ctx, ours, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i, cert := range keys.Certs() {
		at, _ := listed[i].Header.Number(rpm.TagInstallTime)
		opts := keyOptions(t, o)
		opts.Time = uint32(at)
		h, err := KeyHeader(cert, opts)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.Add(ctx, h); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	compareDumps(t, dump(t, theirs), dump(t, ours))
	oracleRPM(t, o, ours, "-q", "gpg-pubkey", "--info")
	if o.AtLeast(t, 6, 0) {
		sameList(t, o, theirs, ours)
	}
}

// sameList compares what "rpmkeys --list" says, with more arguments.
func sameList(t *testing.T, o testtool.Oracle, theirs, ours string, more ...string) {
	t.Helper()
	list := func(dir string) string {
		return sortedLines(string(o.Run(t, "rpmkeys", rpmArgs(dir, append(more, "--list")...)...)))
	}
	if got, want := list(ours), list(theirs); got != want || want == "" {
		t.Errorf("rpmkeys --list:\n%s\nof its own:\n%s", got, want)
	}
}

// keysInFiles compares the stores that are no database.
func keysInFiles(t *testing.T, o testtool.Oracle, keys *rpm.Keyring, files []string) {
	for _, store := range []KeyStore{KeysInFiles, KeysInCertD} {
		if Keeps(o.Version(t), string(store)) != store {
			continue
		}
		theirs, ours := o.Dir(t), o.Dir(t)
		define := []string{"--define", "_keyring " + string(store), "--define", "_keyringpath %{_dbpath}/pubkeys/"}
		if err := os.Mkdir(filepath.Join(theirs, "pubkeys"), 0o755); err != nil {
			t.Fatal(err)
		}
		o.Run(t, "rpmkeys", append(rpmArgs(theirs, append(define, "--import")...), files...)...)
		for _, cert := range keys.Certs() {
			name, data := KeyFile(cert, store, keyOptions(t, o))
			name = filepath.Join(ours, "pubkeys", name)
			if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
				t.Fatal(err)
			}
			write(t, name, data)
		}
		if got, want := contents(t, ours), contents(t, theirs); !maps.Equal(got, want) {
			t.Errorf("%s: %q, rpm has %q", store, got, want)
		}
		if o.AtLeast(t, 6, 0) {
			sameList(t, o, theirs, ours, define...)
		}
	}
}

// contents are the files below a directory but for locks.
func contents(t *testing.T, dir string) map[string]string {
	out := map[string]string{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || strings.HasSuffix(name, "lock") {
			return err
		}
		data, err := os.ReadFile(filepath.Join(dir, name))
		out[name] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
