package btrfs

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fimg/fimg/tree"
)

// nodesOf lists a tree below a directory, its paths relative to it, without what is
// below the pruned paths.
func nodesOf(t testing.TB, src tree.Tree, below string, pruned ...string) map[string]*tree.Node {
	t.Helper()
	out := map[string]*tree.Node{}
	err := src.Walk(context.Background(), func(n *tree.Node) error {
		rel := n.Path
		if below != "." && rel == below {
			rel = "."
		} else if below != "." {
			var ok bool
			if rel, ok = strings.CutPrefix(n.Path, below+"/"); !ok {
				return nil
			}
		}
		for _, p := range pruned {
			if strings.HasPrefix(n.Path, p+"/") {
				return nil
			}
		}
		out[rel] = n
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// sameTree compares two lists of nodes and their contents.
func sameTree(t testing.TB, want, got tree.Tree, a, b map[string]*tree.Node) {
	t.Helper()
	sameInSectors(t, 4096, want, got, a, b)
}

// sameInSectors is sameTree for holes in units of a sector.
func sameInSectors(t testing.TB, sector int64, want, got tree.Tree, a, b map[string]*tree.Node) {
	t.Helper()
	if !slices.Equal(slices.Sorted(maps.Keys(a)), slices.Sorted(maps.Keys(b))) {
		t.Fatalf("paths differ: want %d, got %d", len(a), len(b))
	}
	links := map[uint64]uint64{}
	for _, p := range slices.Sorted(maps.Keys(a)) {
		x, y := *a[p], *b[p]
		if (x.Link != 0) && (y.Link != 0) {
			if l, ok := links[x.Link]; ok && l != y.Link {
				t.Errorf("%s: not linked as before", p)
			}
			links[x.Link] = y.Link
		}
		if x.IsFile() {
			sameContent(t, sector, want, got, a[p], b[p])
		}
		x.Path, y.Path, x.Link, y.Link, x.Dense, y.Dense = "", "", 0, 0, false, false
		if x.MTime.IsZero() { // stored as the epoch
			x.MTime = time.Unix(0, 0).UTC()
		}
		x.MTime, y.MTime = x.MTime.UTC(), y.MTime.UTC()
		if fmt.Sprintf("%+v", x) != fmt.Sprintf("%+v", y) {
			t.Errorf("%s:\nwant %+v\n got %+v", p, x, y)
		}
	}
}

func sameContent(t testing.TB, sector int64, want, got tree.Tree, x, y *tree.Node) {
	t.Helper()
	fa, ra := readAll(t, sector, want, x)
	fb, rb := readAll(t, sector, got, y)
	if !bytes.Equal(fa, fb) {
		t.Errorf("%s: contents differ (%d and %d bytes)", x.Path, len(fa), len(fb))
	}
	if x.Size > sector && !slices.Equal(ra, rb) {
		t.Errorf("%s: holes differ: want %v, got %v", x.Path, ra, rb)
	}
}

func readAll(t testing.TB, sector int64, src tree.Tree, n *tree.Node) ([]byte, []tree.Range) {
	t.Helper()
	f, err := src.Open(n)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b := make([]byte, n.Size)
	if k, err := f.ReadAt(b, 0); int64(k) < n.Size {
		t.Fatalf("read %s: %d of %d bytes: %v", n.Path, k, n.Size, err)
	}
	ranges, err := dataRanges(f, n.Size, sector)
	if err != nil {
		t.Fatal(err)
	}
	return b, ranges
}
