package install

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestPrune keeps what was used last.
func TestPrune(t *testing.T) {
	s := &store{dir: t.TempDir(), keep: true}
	keys := []string{"aaold", "aaused", "bbnew", "bbbroken"}
	for i, key := range keys {
		if err := os.MkdirAll(filepath.Dir(s.path(key, "")), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(s.path(key, ".data"), make([]byte, 100), 0o600); err != nil {
			t.Fatal(err)
		}
		if key == "bbbroken" {
			continue // a run ended before it wrote the record
		}
		if err := s.note(key, &record{Size: 100}); err != nil {
			t.Fatal(err)
		}
		at := time.Unix(int64(1000+i), 0)
		os.Chtimes(s.path(key, ".json"), at, at)
	}
	s.touch("aaused")
	if err := s.prune(250); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]bool{"aaold": false, "aaused": true, "bbnew": true, "bbbroken": false} {
		if _, err := os.Stat(s.path(key, ".data")); (err == nil) != want {
			t.Errorf("%s: kept is %v", key, err == nil)
		}
	}
}
