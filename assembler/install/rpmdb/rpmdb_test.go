package rpmdb

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/fimg/fimg/repo/rpm"
)

func TestRichNames(t *testing.T) {
	for dep, want := range map[string][]string{
		"(a and b)":                       {"a", "b"},
		"(a >= 1 or b = 2 or a)":          {"a", "b"},
		"(a if b)":                        {"a", "!b"},
		"(a if b else c)":                 {"a", "b", "c", "!b"},
		"(a unless (b and c))":            {"a", "!b", "!c"},
		"((x with y) if (p or q) else z)": {"p", "q", "x", "y", "z", "!p", "!q"},
		"(lib(x)(64bit) or rpmlib(y))":    {"lib(x)(64bit)"},
		"(a without b)":                   {"a", "b"},
		"(a":                              nil,
		"()":                              nil,
		"(a xor b)":                       nil,
		"((((a))))":                       {"a"},
	} {
		slices.Sort(want)
		got := richNames(dep)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", dep, got, want)
		}
	}
}

func FuzzRichNames(f *testing.F) {
	f.Add("(a if (b or c) else d)")
	f.Add("((((")
	f.Fuzz(func(t *testing.T, dep string) {
		for _, n := range richNames(dep) {
			if n == "" {
				t.Errorf("%q has an empty name", dep)
			}
		}
	})
}

func header(t testing.TB, name string) *rpm.Header {
	t.Helper()
	h, err := rpm.NewHeader(rpm.RegionImmutable, rpm.StringEntry(rpm.TagName, name),
		rpm.StringEntry(rpm.TagVersion, "1"), rpm.StringEntry(rpm.TagRelease, "1"))
	if err != nil {
		t.Fatal(err)
	}
	h, err = h.With(rpm.Uint32Entry(rpm.TagInstallTID, 0x01020304))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// TestDiscard checks that nothing changes before Commit.
func TestDiscard(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	db, err := Open(ctx, dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Add(ctx, header(t, "a")); err != nil {
		t.Fatal(err)
	}
	if err := db.Discard(); err != nil {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("left over: %v", left)
	}
}

// TestRewrite changes file states of a package in place.
func TestRewrite(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	db, err := Open(ctx, dir, Options{BigEndian: true})
	if err != nil {
		t.Fatal(err)
	}
	h, err := rpm.NewHeader(rpm.RegionImmutable, rpm.StringEntry(rpm.TagName, "a"), rpm.StringEntry(rpm.TagVersion, "1"),
		rpm.StringEntry(rpm.TagRelease, "1"), rpm.StringsEntry(rpm.TagBasenames, "x", "y"),
		rpm.StringsEntry(rpm.TagDirNames, "/"), rpm.Uint32Entry(rpm.TagDirIndexes, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	if h, err = WithStates(h, []State{Normal, NotInstalled}); err != nil {
		t.Fatal(err)
	}
	num, err := db.Add(ctx, h)
	if err != nil {
		t.Fatal(err)
	}
	if h, err = WithStates(h, []State{Replaced, NotInstalled}); err != nil {
		t.Fatal(err)
	}
	if err := db.Rewrite(ctx, num, h); err != nil {
		t.Fatal(err)
	}
	if err := db.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	list, err := List(ctx, dir)
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	if got := States(list[0].Header); !slices.Equal(got, []State{Replaced, NotInstalled}) {
		t.Errorf("states %v", got)
	}
}

// TestKeyByteOrder checks the one key that depends on the machine.
func TestKeyByteOrder(t *testing.T) {
	h := header(t, "a")
	i := slices.IndexFunc(indexes[:], func(x index) bool { return x.tag == rpm.TagInstallTID })
	if k := indexes[i].rows(h, false)[0].key.([]byte); !slices.Equal(k, []byte{4, 3, 2, 1}) {
		t.Errorf("little endian: %x", k)
	}
	if k := indexes[i].rows(h, true)[0].key.([]byte); !slices.Equal(k, []byte{1, 2, 3, 4}) {
		t.Errorf("big endian: %x", k)
	}
}

// TestNotADatabase opens something else.
func TestNotADatabase(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, FileName), []byte("this is not SQLite, and it is long enough to tell\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := List(ctx, dir); err == nil {
		t.Error("List read it")
	}
	if _, err := Open(ctx, dir, Options{}); err == nil {
		t.Error("Open opened it")
	}
	if _, err := List(ctx, t.TempDir()); err == nil {
		t.Error("List found a database in an empty directory")
	}
}
