package btrfs

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fimg/fimg/internal/tree"
)

// holey is content with holes: data at the ranges, zero elsewhere.
type holey struct {
	data []tree.Range
	size int64
	rnd  uint64
}

func (h *holey) Data() ([]tree.Range, error) { return h.data, nil }
func (h *holey) Close() error                { return nil }

func (h *holey) ReadAt(b []byte, at int64) (int, error) {
	clear(b)
	n := min(int64(len(b)), h.size-at)
	for _, r := range h.data {
		for i := max(r.Offset, at); i < min(r.Offset+r.Length, at+n); i++ {
			b[i-at] = byte(uint64(i) * h.rnd >> 13)
		}
	}
	if n < int64(len(b)) {
		return int(n), io.EOF
	}
	return int(n), nil
}

// content makes bytes that compress well, badly, not at all or partly.
func content(r *rand.Rand, size int) []byte {
	b := make([]byte, size)
	kind := r.IntN(4)
	for i := range b {
		switch {
		case kind == 0:
			b[i] = byte(i / 7)
		case kind == 1 || (kind == 2 && i/100000%2 == 1):
			b[i] = byte(r.Uint32())
		default:
			b[i] = "the quick brown fox jumps"[(i*i/3+r.IntN(3))%25]
		}
	}
	return b
}

var sizes = []int{0, 1, 100, 2047, 2048, 2049, 4095, 4096, 4097, 8192, 65536, 131071, 131073, 300000, 524288, 524289, 1200000}

// randomTree makes a tree with everything that can be in one.
func randomTree(seed uint64, files int) *tree.Mem {
	r := rand.New(rand.NewPCG(seed, 1))
	m := tree.NewMem()
	dirs := []string{"."}
	when := time.Unix(1_700_000_000, 123456789).UTC()
	var linked []tree.Node
	data := map[uint64][]byte{}
	for i := range files {
		n := tree.Node{Path: path.Join(dirs[r.IntN(len(dirs))], fmt.Sprintf("%s%d", strings.Repeat("n", r.IntN(40)), i)),
			UID: r.Uint32N(70000), GID: r.Uint32N(3), MTime: when.Add(time.Duration(i) * time.Second)}
		perm := r.Uint32N(0o10000)
		for k := range r.IntN(4) {
			n.SetXattr(fmt.Sprintf("user.x%d", k), content(r, r.IntN(300)))
		}
		switch r.IntN(12) {
		case 0, 1:
			n.Mode = tree.TypeDir | perm
			dirs = append(dirs, n.Path)
			m.Add(n, nil)
		case 2:
			n.Mode, n.Target, n.Xattrs = tree.TypeLink|0o777, strings.Repeat("t/", 1+r.IntN(400)), nil
			m.Add(n, nil)
		case 3:
			n.Mode, n.Xattrs = []uint32{tree.TypeChar, tree.TypeBlock, tree.TypeFIFO, tree.TypeSocket}[r.IntN(4)]|perm, nil
			if n.Type() == tree.TypeChar || n.Type() == tree.TypeBlock {
				n.Major, n.Minor = r.Uint32N(4096), r.Uint32N(1<<20)
			}
			m.Add(n, nil)
		case 4:
			n.Mode, n.Size = tree.TypeFile|perm, int64(r.IntN(3_000_000))
			m.AddFile(n, randomHoles(r, n.Size))
		case 5:
			if len(linked) > 0 {
				n2 := linked[r.IntN(len(linked))]
				n2.Path = n.Path
				m.Add(n2, data[n2.Link])
				continue
			}
			fallthrough
		default:
			n.Mode = tree.TypeFile | perm
			if r.IntN(20) == 0 {
				n.Flags = tree.NoCOW
			}
			b := content(r, sizes[r.IntN(len(sizes))])
			if r.IntN(8) == 0 {
				n.Link = uint64(i + 1)
				linked = append(linked, n)
				data[n.Link] = b
			}
			m.Add(n, b)
		}
	}
	return m
}

func randomHoles(r *rand.Rand, size int64) *holey {
	h := &holey{size: size, rnd: r.Uint64()}
	for at := int64(0); at < size; {
		start := at + 4096*r.Int64N(200)
		end := min(start+4096*(1+r.Int64N(100)), size)
		if start >= end {
			break
		}
		h.data = append(h.data, tree.Range{Offset: start, Length: end - start})
		at = end
	}
	return h
}

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
			sameContent(t, p, want, got, a[p], b[p])
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

func sameContent(t testing.TB, p string, want, got tree.Tree, x, y *tree.Node) {
	t.Helper()
	fa, ra := readAll(t, want, x)
	fb, rb := readAll(t, got, y)
	if !bytes.Equal(fa, fb) {
		t.Errorf("%s: contents differ (%d and %d bytes)", p, len(fa), len(fb))
	}
	if x.Size > 4096 && !slices.Equal(ra, rb) {
		t.Errorf("%s: holes differ: want %v, got %v", p, ra, rb)
	}
}

func readAll(t testing.TB, src tree.Tree, n *tree.Node) ([]byte, []tree.Range) {
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
	ranges, err := dataRanges(f, n.Size, 4096)
	if err != nil {
		t.Fatal(err)
	}
	return b, ranges
}
