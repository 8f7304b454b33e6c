package rpmdb

import (
	"context"
	"testing"

	"github.com/fimg/fimg/repo/rpm"
)

// BenchmarkWrite writes a database of all test packages.
func BenchmarkWrite(b *testing.B) {
	ctx := context.Background()
	var headers []*rpm.Header
	for _, f := range binaries(b) {
		h, err := Installed(readPackage(b, f), Install{Time: 1, TID: 1, Color: 3})
		if err != nil {
			b.Fatal(err)
		}
		headers = append(headers, h)
	}
	b.ResetTimer()
	for b.Loop() {
		db, err := Open(ctx, b.TempDir(), Options{})
		if err != nil {
			b.Fatal(err)
		}
		for _, h := range headers {
			if _, err := db.Add(ctx, h); err != nil {
				b.Fatal(err)
			}
		}
		if err := db.Commit(ctx); err != nil {
			b.Fatal(err)
		}
	}
}
