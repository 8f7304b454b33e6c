package install

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// TestPrune keeps what was used last, and nothing of the first version.
func TestPrune(t *testing.T) {
	s := &store{dir: t.TempDir(), keep: true}
	for i, key := range []string{"old", "used", "new"} {
		f, err := s.create()
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := s.commit(key, f, &record{Size: 100}); err != nil {
			t.Fatal(err)
		}
		at := time.Unix(int64(1000+i), 0)
		os.Chtimes(s.path(key), at, at)
		if key == "used" {
			touchFile(f)
		}
	}
	first := filepath.Join(s.dir, "ab")
	if err := os.MkdirAll(first, 0o700); err != nil {
		t.Fatal(err)
	}
	os.WriteFile(filepath.Join(first, "cd.data"), make([]byte, 100), 0o600)
	if err := s.prune(2 * (100 + maxRecord)); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(s.path("new"))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.prune(2*info.Size() + 1); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{s.path("old"): false, s.path("used"): true, s.path("new"): true, first: false} {
		if _, err := os.Stat(name); (err == nil) != want {
			t.Errorf("%s: kept is %v", name, err == nil)
		}
	}
}

// TestRecord refuses stored files with anything wrong at their end.
func TestRecord(t *testing.T) {
	s := &store{dir: t.TempDir(), keep: true, boot: "boot"}
	f, err := s.create()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := s.commit("key", f, &record{Size: 5000}); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(s.path("key"))
	if err != nil {
		t.Fatal(err)
	}
	changed := slices.Clone(whole)
	changed[len(changed)-1]++
	for name, data := range map[string][]byte{"empty": nil, "no footer": whole[:5000], "short": whole[:len(whole)-1],
		"contents too short": whole[1:], "another version": changed} {
		if err := os.WriteFile(s.path("key"), data, 0o600); err != nil {
			t.Fatal(err)
		}
		if f, _ := s.open("key", 5000); f != nil {
			f.close()
			t.Errorf("%s: it is accepted", name)
		}
	}
	if err := os.WriteFile(s.path("key"), whole, 0o600); err != nil {
		t.Fatal(err)
	}
	if f, r := s.open("key", 5000); f == nil || r.Boot != "boot" {
		t.Errorf("the record is %+v", r)
	} else {
		f.close()
	}
	if f, _ := s.open("key", 4999); f != nil {
		t.Error("contents of another size are accepted")
	}
}
