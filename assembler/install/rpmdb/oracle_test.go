package rpmdb

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fimg/fimg/internal/testtool"
	"github.com/fimg/fimg/repo/rpm"
)

// packageFiles returns the packages to test with: those in FIMG_TEST_RPMS, or a
// few that are built on the spot.
func packageFiles(t testing.TB) []string {
	t.Helper()
	dir := os.Getenv("FIMG_TEST_RPMS")
	if dir == "" {
		t.Skip("todo")
	}
	var out []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".rpm") {
			out = append(out, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func readPackage(t testing.TB, path string) *rpm.Package {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	p, err := rpm.ReadPackage(f)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return p
}

// rpmInstalled makes a database with the real rpm. Only the database is written.
func rpmInstalled(t testing.TB, dir string, files []string) {
	t.Helper()
	args := []string{"--dbpath", dir, "--define", "_db_backend sqlite", "--nodeps", "--noscripts", "--notriggers",
		"--justdb", "--ignorearch", "--ignoreos", "--noorder", "--nosignature", "--force-debian", "-i"}
	testtool.Run(t, "rpm", append(args, files...)...)
}

// dump returns all rows of all tables.
func dump(t testing.TB, dir string) map[string][]string {
	t.Helper()
	out := make(map[string][]string)
	file := filepath.Join(dir, FileName)
	for _, x := range append([]string{"Packages"}, names()...) {
		cols := "quote(key),hnum,idx"
		if x == "Packages" {
			cols = "hnum,quote(blob)"
		}
		s := testtool.Run(t, "sqlite3", file, "SELECT "+cols+" FROM '"+x+"'")
		out[x] = strings.Split(strings.TrimSpace(s), "\n")
		slices.Sort(out[x])
	}
	return out
}

func names() []string {
	var out []string
	for _, x := range indexes {
		out = append(out, x.name)
	}
	return out
}

func TestSameAsRPM(t *testing.T) {
	testtool.Need(t, "rpm", "sqlite3")
	ctx := context.Background()
	theirs, ours := t.TempDir(), t.TempDir()
	files := packageFiles(t)
	rpmInstalled(t, theirs, files)
	listed, err := List(ctx, theirs)
	if err != nil {
		t.Fatal(err)
	}
	byName := make(map[string]string)
	for _, f := range files {
		byName[readPackage(t, f).Header.Identity().NEVRA()] = f
	}
	db, err := Open(ctx, ours, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range listed {
		p := readPackage(t, byName[l.Header.Identity().NEVRA()])
		tm, _ := l.Header.Number(rpm.TagInstallTime)
		tid, _ := l.Header.Number(rpm.TagInstallTID)
		color, _ := l.Header.Number(rpm.TagInstallColor)
		h, err := Installed(p, Install{Time: uint32(tm), TID: uint32(tid), Color: uint32(color), States: States(l.Header)})
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
	want, got := dump(t, theirs), dump(t, ours)
	for name := range want {
		if !slices.Equal(want[name], got[name]) {
			t.Errorf("%s differs: %d rows, want %d", name, len(got[name]), len(want[name]))
			for i := range want[name] {
				if i >= len(got[name]) || want[name][i] != got[name][i] {
					t.Logf("want %.200s", want[name][i])
					if i < len(got[name]) { t.Logf("got  %.200s", got[name][i]) }
					break
				}
			}
		}
	}
	testtool.Run(t, "rpm", "--dbpath", ours, "--define", "_db_backend sqlite", "--verifydb")
}
