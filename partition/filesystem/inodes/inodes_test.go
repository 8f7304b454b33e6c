package inodes

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/fimg/fimg/tree"
)

var errDamaged = errors.New("damaged")

// disk is a file system of numbers: an inode with names is a directory, others are
// files, those listed in links with several names.
type disk struct {
	names map[int][]Name[int]
	links []int
	reads map[int]int
	mu    sync.Mutex
}

func (d *disk) source() *Source[int, int] {
	return &Source[int, int]{Root: 1, Mode: d.mode, Names: func(i int) ([]Name[int], error) { return slices.Clone(d.names[i]), nil },
		Inode: func(k int) (int, error) {
			d.mu.Lock()
			defer d.mu.Unlock()
			if d.reads[k]++; k == 0 {
				return 0, errDamaged
			}
			return k, nil
		},
		Node: func(i int) (*tree.Node, error) {
			n := &tree.Node{Mode: d.mode(i)}
			if slices.Contains(d.links, i) {
				n.Link = 99
			}
			return n, nil
		},
		Damaged: func(format string, args ...any) error {
			return fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), errDamaged)
		}}
}

func (d *disk) mode(i int) uint32 {
	if _, ok := d.names[i]; ok {
		return tree.TypeDir
	}
	return tree.TypeFile
}

func sample() *disk {
	return &disk{reads: map[int]int{}, links: []int{5, 7}, names: map[int][]Name[int]{
		1: {{"b", 2}, {"a", 3}, {"c", 5}, {"d", 7}}, 2: {{"y", 5}, {"x", 6}, {"z", 7}}, 3: nil}}
}

func TestWalk(t *testing.T) {
	var got []string
	err := sample().source().Walk(t.Context(), func(n *tree.Node) error {
		got = append(got, fmt.Sprint(n.Path, n.Link))
		return nil
	})
	if want := ".0 a0 b0 b/x0 b/y1 b/z2 c1 d2"; err != nil || strings.Join(got, " ") != want {
		t.Errorf("%v, %v", got, err)
	}
}

func TestWalkEnds(t *testing.T) {
	stop := errors.New("stop")
	if err := sample().source().Walk(t.Context(), func(n *tree.Node) error {
		if n.Path == "b/x" {
			return stop
		}
		return nil
	}); !errors.Is(err, stop) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := sample().source().Walk(ctx, func(*tree.Node) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestHostile walks what no file system should be.
func TestHostile(t *testing.T) {
	deep := map[int][]Name[int]{}
	for i := 1; i < maxDepth+10; i++ {
		deep[i] = []Name[int]{{"d", i + 1}}
	}
	for name, names := range map[string]map[int][]Name[int]{
		"loop": {1: {{"a", 2}}, 2: {{"b", 1}}}, "itself": {1: {{"a", 1}}}, "two names": {1: {{"a", 2}, {"b", 2}}, 2: nil},
		"twice": {1: {{"a", 2}, {"b", 3}, {"a", 4}}}, "empty": {1: {{"", 2}}}, "dot": {1: {{".", 2}}}, "dots": {1: {{"..", 2}}},
		"slash": {1: {{"a/b", 2}}}, "zero": {1: {{"a\x00", 2}}}, "deep": deep, "unreadable": {1: {{"a", 0}}},
	} {
		d := &disk{names: names, reads: map[int]int{}}
		if err := d.source().Walk(t.Context(), func(*tree.Node) error { return nil }); !errors.Is(err, errDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTooMany(t *testing.T) {
	none := func(*tree.Node) error { return nil }
	w := &walk[int, int]{Source: sample().source(), ctx: t.Context(), fn: none, links: map[int]uint64{}, seen: map[int]bool{}, names: maxNames - 6}
	if err := w.visit(".", 1, 0); !errors.Is(err, errDamaged) {
		t.Error(err)
	}
}

func TestFind(t *testing.T) {
	d := sample()
	f := Finder[int, int]{Source: d.source()}
	for name, want := range map[string]int{"b/x": 6, "./c": 5, "b//z": 7, "d": 7} {
		if got, err := f.Find(name); err != nil || got != want {
			t.Errorf("%s: %d, %v", name, got, err)
		}
	}
	if d.reads[1] != 1 || d.reads[2] != 1 {
		t.Errorf("directories were read %d and %d times", d.reads[1], d.reads[2])
	}
	for name, want := range map[string]string{"b": "not a regular file", ".": "no such file", "e": "no such file", "c/x": "not a directory", "../c": "no such file"} {
		if _, err := f.Find(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestFinderForgets finds files in more directories than are kept, from several
// goroutines.
func TestFinderForgets(t *testing.T) {
	d := &disk{names: map[int][]Name[int]{1: nil}, reads: map[int]int{}}
	for dir := range 5 {
		d.names[1] = append(d.names[1], Name[int]{fmt.Sprint("d", dir), 10 + dir})
		for i := range maxKept / 3 {
			d.names[10+dir] = append(d.names[10+dir], Name[int]{fmt.Sprint(i), 1000 + i})
		}
	}
	f := Finder[int, int]{Source: d.source()}
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			if got, err := f.Find(fmt.Sprintf("d%d/%d", i%5, i)); err != nil || got != 1000+i {
				t.Errorf("%d, %v", got, err)
			}
		})
	}
	wg.Wait()
	if f.count > maxKept || len(f.kept) == 0 {
		t.Errorf("%d names kept", f.count)
	}
}
