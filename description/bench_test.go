package description

import (
	"context"
	"testing"

	"github.com/fimg/fimg/internal/testtool"
)

// BenchmarkLoadOne loads, validates and resolves one profile of Fedora.kiwi.
func BenchmarkLoadOne(b *testing.B) {
	opt := Options{Dir: testtool.Shared(b, "descriptions/fedora"), File: "Fedora.kiwi", Arch: "x86_64", Profiles: []string{"Cloud-Base-Generic"}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Load(context.Background(), opt); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSelectAll loads Fedora.kiwi once and resolves every profile on five
// architectures.
func BenchmarkSelectAll(b *testing.B) {
	opt := Options{Dir: testtool.Shared(b, "descriptions/fedora"), File: "Fedora.kiwi"}
	b.ReportAllocs()
	for b.Loop() {
		d, err := Open(context.Background(), opt)
		if err != nil {
			b.Fatal(err)
		}
		for _, p := range d.Profiles() {
			for _, arch := range commonArches {
				opt.Arch, opt.Profiles = arch, []string{p.Name}
				d.Select(opt) // refusals count too
			}
		}
	}
}
