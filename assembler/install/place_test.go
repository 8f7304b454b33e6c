package install

import (
	"testing"

	"github.com/fimg/fimg/repo/rpm"
)

func TestSplitRuns(t *testing.T) {
	e := &element{}
	var all []linked
	add := func(dir string, n int) {
		for range n {
			e.files = append(e.files, rpm.File{Dir: dir, Base: "f"})
			all = append(all, linked{p: &placer{e: e}, set: []int{len(e.files) - 1}})
		}
	}
	add("/a/", 3)
	add("/b/", 20) // joins /a/, which is too small, and is not cut
	add("/c/", leastRun)
	add("/d/", 5)
	runs := splitRuns(all)
	want := []int{23, leastRun, 5}
	if len(runs) != len(want) {
		t.Fatalf("%d runs, want %d", len(runs), len(want))
	}
	for i, run := range runs {
		if len(run) != want[i] {
			t.Errorf("run %d has %d files, want %d", i, len(run), want[i])
		}
	}
	if splitRuns(nil) != nil {
		t.Error("nothing makes a run")
	}
}
