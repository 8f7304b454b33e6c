package repodata

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/fimg/fimg/internal/testtool"
)

func realPrimary(t testing.TB, name string) []byte {
	paths, err := filepath.Glob(filepath.Join(testtool.Shared(t, "repodata"), name, "repodata", "*-primary.xml.gz"))
	if err != nil || len(paths) != 1 {
		t.Fatal(paths, err)
	}
	f, err := os.Open(paths[0])
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestRealPrimary(t *testing.T) {
	for name, want := range map[string]int{"baseos": 1125, "appstream": 17649, "bridge": 776} {
		n, deps, files := 0, 0, 0
		err := Primary(t.Context(), bytes.NewReader(realPrimary(t, name)), Limits{}, func(p *Package) error {
			n++
			deps += len(p.Requires) + len(p.Provides)
			files += len(p.Files)
			return nil
		})
		if err != nil || n != want {
			t.Fatalf("%s: %d packages, %v", name, n, err)
		}
		t.Log(name, n, deps, files)
	}
}

func BenchmarkPrimary(b *testing.B) {
	data := realPrimary(b, "appstream")
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if err := Primary(b.Context(), bytes.NewReader(data), Limits{}, func(*Package) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}
