package pool_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/fimg/fimg/internal/testtool"
	"github.com/fimg/fimg/repo/pool"
	"github.com/fimg/fimg/repo/repodata"
)

// realIndex builds the index of a real repository.
func realIndex(t testing.TB, name string) []byte {
	t.Helper()
	dir := testtool.Shared(t, filepath.Join("repodata", name, "repodata"))
	found, _ := filepath.Glob(filepath.Join(dir, "*-primary.xml.gz"))
	f, err := os.Open(found[0])
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	b := pool.NewBuilder(name)
	if err := repodata.Primary(context.Background(), z, repodata.Limits{}, b.Add); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := b.Index().Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestRealRepositories(t *testing.T) {
	var sources []pool.Source
	for _, name := range []string{"baseos", "appstream", "bridge"} {
		start := time.Now()
		data := realIndex(t, name)
		built := time.Now()
		x, err := pool.Load(data)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d packages, %d bytes, built in %v, loaded in %v", name, x.Len(), len(data), built.Sub(start), time.Since(built))
		sources = append(sources, pool.Source{Index: x, Name: name, Priority: 99, Cost: 1000})
	}
	u, err := pool.NewUniverse("x86_64", sources...)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"/bin/sh", "/usr/bin/bash", "webserver", "libc.so.6()(64bit)"} {
		for _, id := range u.ProvidersOf(name, 0, "") {
			t.Log(name, u.Package(id).NEVRA(), u.Source(id).Name)
		}
	}
	start, unmet := time.Now(), 0
	for id := range u.All() {
		for r := range u.List(id, pool.Requires).All() {
			if len(u.Providers(r)) == 0 {
				unmet++
			}
		}
	}
	t.Logf("all requirements looked up in %v, %d unmet", time.Since(start), unmet)
}
