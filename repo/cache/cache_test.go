package cache_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fimg/fimg/repo/cache"
	"github.com/fimg/fimg/repo/digest"
)

// What a killed process left half written goes when the cache is opened again, what
// another one writes just then stays.
func TestSweep(t *testing.T) {
	s, err := cache.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	left := filepath.Join(s.Dir(), "state", ".new-123")
	if err := os.WriteFile(left, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	err = s.WriteIndex("key", func(f *os.File) error {
		if _, err := cache.Open(s.Dir()); err != nil {
			return err
		}
		_, err := f.WriteString("whole")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(s.IndexPath("key")); string(data) != "whole" || !s.IndexSealed("key") {
		t.Errorf("%q, %v", data, err)
	}
	if _, err := os.Lstat(left); err == nil {
		t.Error("what was left is still there")
	}
}

// A stored file that was changed is no hit and stays until another takes its place.
func TestChangedStays(t *testing.T) {
	s, err := cache.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	sum, _, err := digest.Checksum{Type: "sha256"}.Of(strings.NewReader("good"))
	if err != nil {
		t.Fatal(err)
	}
	path := s.Path(cache.Packages, sum, "a.rpm")
	for _, content := range []string{"evil", "too long"} {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, ok := s.Lookup(cache.Packages, sum, 4, "a.rpm"); ok {
			t.Errorf("%q is a hit", content)
		}
		if data, _ := os.ReadFile(path); string(data) != content {
			t.Errorf("%q became %q", content, data)
		}
	}
	p, err := s.Begin(t.Context(), cache.Packages, sum, 4, "a.rpm")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.WriteString("good"); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Commit(); err != nil {
		t.Fatal(err)
	}
	if _, ok := s.Lookup(cache.Packages, sum, 4, "a.rpm"); !ok {
		t.Error("the new file is no hit")
	}
}
