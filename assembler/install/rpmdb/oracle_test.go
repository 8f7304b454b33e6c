package rpmdb

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fimg/fimg/internal/rpmtest"
	"github.com/fimg/fimg/internal/testtool"
	"github.com/fimg/fimg/repo/rpm"
)

// rpmArgs are the arguments that point the real rpm to a database.
func rpmArgs(dir string, args ...string) []string {
	return append([]string{"--dbpath", dir, "--define", "_db_backend sqlite"}, args...)
}

// binaries returns the test packages that are not source packages, each name
// once.
func binaries(t testing.TB) []string {
	t.Helper()
	testtool.Need(t, "rpm", "rpmbuild", "sqlite3")
	var files []string
	if os.Getenv("FIMG_TEST_RPMS") == "" {
		files = rpmtest.Build(t, "gzip")
	} else {
		files = rpmtest.Files(t)
	}
	return slices.DeleteFunc(files, func(f string) bool { return readPackage(t, f).Header.Source() })
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
	testtool.Run(t, "rpm", rpmArgs(dir, append([]string{"--nodeps", "--noscripts", "--notriggers", "--justdb",
		"--ignorearch", "--ignoreos", "--noorder", "--nosignature", "--force-debian", "-i"}, files...)...)...)
}

// dump returns all rows of all tables.
func dump(t testing.TB, dir string) map[string][]string {
	t.Helper()
	out := make(map[string][]string)
	tables := map[string]string{"Packages": "hnum,quote(blob)"}
	for _, x := range indexes {
		tables[x.name] = "quote(key),hnum,idx"
	}
	for name, columns := range tables {
		s := testtool.Run(t, "sqlite3", filepath.Join(dir, FileName), "SELECT "+columns+" FROM '"+name+"'")
		out[name] = strings.Split(strings.TrimSpace(s), "\n")
		slices.Sort(out[name])
	}
	return out
}

func compareDumps(t *testing.T, want, got map[string][]string) {
	t.Helper()
	for name := range want {
		if slices.Equal(want[name], got[name]) {
			continue
		}
		t.Errorf("%s: %d rows, want %d", name, len(got[name]), len(want[name]))
		for i := range want[name] {
			if i >= len(got[name]) || want[name][i] != got[name][i] {
				t.Logf("first of rpm's that is missing: %.200s", want[name][i])
				break
			}
		}
	}
}

// copyOf writes a database with the packages of another one, from the package
// files.
func copyOf(t testing.TB, dir string, listed []Package, files []string) {
	t.Helper()
	ctx := context.Background()
	byName := make(map[string]string)
	for _, f := range files {
		byName[readPackage(t, f).Header.Identity().NEVRA()] = f
	}
	db, err := Open(ctx, dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range listed {
		number := func(tag rpm.Tag) uint32 {
			n, _ := l.Header.Number(tag)
			return uint32(n)
		}
		h, err := Installed(readPackage(t, byName[l.Header.Identity().NEVRA()]), Install{
			Time: number(rpm.TagInstallTime), TID: number(rpm.TagInstallTID),
			Color: number(rpm.TagInstallColor), States: States(l.Header), Digests: digestsLike(t, l.Header, byName)})
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
}

// digestsLike hashes a package file with the algorithms that rpm noted down.
func digestsLike(t testing.TB, h *rpm.Header, files map[string]string) []Digest {
	t.Helper()
	var out []Digest
	data, err := os.ReadFile(files[h.Identity().NEVRA()])
	if err != nil {
		t.Fatal(err)
	}
	algos := h.Numbers(rpm.TagPackageDigestAlgos)
	for i := range algos.Len() {
		sum := rpm.HashAlgo(algos.At(i)).New()
		sum.Write(data)
		out = append(out, Digest{rpm.HashAlgo(algos.At(i)), hex.EncodeToString(sum.Sum(nil))})
	}
	return out
}

// TestSameAsRPM compares a database row for row with one that rpm wrote, asks
// rpm questions about it and lets rpm rebuild it.
func TestSameAsRPM(t *testing.T) {
	ctx := context.Background()
	theirs, ours := t.TempDir(), t.TempDir()
	files := binaries(t)
	rpmInstalled(t, theirs, files)
	listed, err := List(ctx, theirs)
	if err != nil {
		t.Fatal(err)
	}
	copyOf(t, ours, listed, files)
	compareDumps(t, dump(t, theirs), dump(t, ours))
	before := ask(t, ours)
	if want := ask(t, theirs); before != want {
		t.Errorf("rpm answers\n%s\nof its own database\n%s", before, want)
	}
	testtool.Run(t, "rpm", rpmArgs(ours, "--verifydb")...)
	testtool.Run(t, "rpm", rpmArgs(ours, "--rebuilddb")...)
	if after := ask(t, ours); before != after {
		t.Errorf("after --rebuilddb rpm answers\n%s\nbefore\n%s", after, before)
	}
}

// ask puts questions to the real rpm.
func ask(t testing.TB, dir string) string {
	t.Helper()
	format := `%{NEVRA} %{INSTALLTIME} %{INSTALLTID} %{INSTALLCOLOR} %{SIGMD5} %{SHA1HEADER}[ %{FILENAMES}:%{FILESTATES:fstate}:%{FILECAPS}][ %{REQUIRENEVRS}][ %{PROVIDENEVRS}]\n`
	all := strings.Split(testtool.Run(t, "rpm", rpmArgs(dir, "-qa", "--qf", format)...), "\n")
	slices.Sort(all)
	for _, q := range [][]string{
		{"-q", "--whatprovides", "fimgtest"}, {"-q", "--whatrequires", "fimgtest-rich"},
		{"-qf", "/usr/share/fimgtest/a-file"}, {"-q", "--whatprovides", "/usr/bin/fimgtest"},
		{"-q", "--triggeredby", "fimgtest-x"}, {"-qa", "--last"},
	} {
		if os.Getenv("FIMG_TEST_RPMS") == "" {
			all = append(all, testtool.Run(t, "rpm", rpmArgs(dir, q...)...))
		}
	}
	return strings.Join(all, "\n")
}

// TestIncremental adds to and erases from a database that rpm wrote, and lets
// rpm erase from the result.
func TestIncremental(t *testing.T) {
	ctx := context.Background()
	files := binaries(t)
	dir, want := t.TempDir(), t.TempDir()
	rpmInstalled(t, dir, files[:2])
	rpmInstalled(t, want, files)
	db, err := Open(ctx, dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files[2:] {
		h, err := Installed(readPackage(t, f), Install{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.Add(ctx, h); err != nil {
			t.Fatal(err)
		}
	}
	list, err := db.Packages(ctx)
	if err != nil || len(list) != len(files) {
		t.Fatalf("%d packages, want %d: %v", len(list), len(files), err)
	}
	if err := db.Remove(ctx, list[0].Num); err != nil {
		t.Fatal(err)
	}
	if err := db.Remove(ctx, list[0].Num); err == nil {
		t.Error("a package was removed twice")
	}
	if err := db.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"-wal", "-shm", "-journal"} {
		if _, err := os.Stat(filepath.Join(dir, FileName+suffix)); err == nil {
			t.Errorf("%s is left over", suffix)
		}
	}
	if b, err := os.ReadFile(filepath.Join(dir, FileName)); err != nil || b[18] != 1 || b[19] != 1 {
		t.Errorf("the database needs a write-ahead log to be read: %v", err)
	}
	name := list[0].Header.Identity().NVRA()
	testtool.Run(t, "rpm", rpmArgs(want, "--nodeps", "--noscripts", "--notriggers", "--justdb", "--force-debian", "-e", name)...)
	if got, want := names(t, dir), names(t, want); got != want {
		t.Errorf("packages are\n%s, want\n%s", got, want)
	}
	testtool.Run(t, "rpm", rpmArgs(dir, "--verifydb")...)
	last := list[len(list)-1].Header.Identity().NVRA()
	testtool.Run(t, "rpm", rpmArgs(dir, "--nodeps", "--noscripts", "--notriggers", "--justdb", "--force-debian", "-e", last)...)
	if got := names(t, dir); strings.Contains("\n"+got, "\n"+last+"\n") {
		t.Errorf("rpm did not erase %s:\n%s", last, got)
	}
}

func names(t testing.TB, dir string) string {
	t.Helper()
	lines := strings.SplitAfter(testtool.Run(t, "rpm", rpmArgs(dir, "-qa", "--qf", `%{NVRA}\n`)...), "\n")
	slices.Sort(lines)
	return strings.Join(lines, "")
}

// TestSameBits writes the same database twice and looks for leftovers.
func TestSameBits(t *testing.T) {
	files := binaries(t)
	var sums [2][32]byte
	for i := range sums {
		dir := t.TempDir()
		var listed []Package
		for _, f := range files {
			listed = append(listed, Package{Header: readPackage(t, f).Header})
		}
		copyOf(t, dir, listed, files)
		b, err := os.ReadFile(filepath.Join(dir, FileName))
		if err != nil {
			t.Fatal(err)
		}
		sums[i] = sha256.Sum256(b)
		left, err := os.ReadDir(dir)
		if err != nil || len(left) != 1 {
			t.Errorf("more than the database is left: %v %v", left, err)
		}
	}
	if sums[0] != sums[1] {
		t.Error("two databases of the same packages differ")
	}
}

// TestCookie compares the fingerprint with rpm's.
func TestCookie(t *testing.T) {
	python := testtool.Need(t, "/usr/bin/python3")[0]
	ctx, dir := context.Background(), t.TempDir()
	rpmInstalled(t, dir, binaries(t))
	want := testtool.Run(t, python, "-c", "import rpm; rpm.addMacro('_dbpath', '"+dir+"'); "+
		"rpm.addMacro('_db_backend', 'sqlite'); ts = rpm.TransactionSet(); ts.openDB(); print(ts.dbCookie())")
	got, err := Cookie(ctx, dir, Options{})
	if err != nil || got != strings.TrimSpace(want) {
		t.Errorf("cookie %s, rpm has %s: %v", got, want, err)
	}
}
