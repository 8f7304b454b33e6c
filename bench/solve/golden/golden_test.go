package golden_test

import (
	"context"
	"testing"

	"github.com/fimg/fimg/bench/solve/golden"
	"github.com/fimg/fimg/internal/testtool"
)

func load(t testing.TB, jobs string) (*golden.File, *golden.World) {
	t.Helper()
	file, err := golden.Read(testtool.Shared(t, "golden/solver/"+jobs))
	if err != nil {
		t.Fatal(err)
	}
	var dirs []string
	for _, r := range file.Meta.Repositories {
		dirs = append(dirs, testtool.Shared(t, "repodata/"+r))
	}
	w, err := golden.Load(context.Background(), file.Meta.Arch, t.TempDir(), dirs)
	if err != nil {
		t.Fatal(err)
	}
	return file, w
}

func TestRecordedAnswers(t *testing.T) {
	for _, name := range []string{"cs9.json.gz", "cs9b.json.gz"} {
		t.Run(name, func(t *testing.T) {
			file, w := load(t, name)
			for i := range file.Jobs {
				j := &file.Jobs[i]
				if testing.Short() && i%5 != 0 {
					continue
				}
				for _, v := range golden.Variants {
					if err := golden.Compare(j.Want(v), w.Run(context.Background(), j, v)); err != nil {
						t.Errorf("%s %s: %v", j.ID, v, err)
					}
				}
			}
		})
	}
}

func BenchmarkJobs(b *testing.B) {
	file, w := load(b, "cs9b.json.gz")
	for b.Loop() {
		for i := range file.Jobs {
			w.Run(b.Context(), &file.Jobs[i], "weak_best")
		}
	}
}
