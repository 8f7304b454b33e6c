package oci

import (
	"archive/tar"
	"fmt"
	"maps"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"testing"
)

// lay adds layers of members; "d/" is a directory, the others are empty files.
func lay(t *testing.T, layers ...[]string) *overlay {
	t.Helper()
	o := newOverlay()
	for _, members := range layers {
		for index, name := range members {
			h := &tar.Header{Name: name, Typeflag: tar.TypeReg}
			if strings.HasSuffix(name, "/") {
				h.Typeflag = tar.TypeDir
			}
			if err := o.add(index, h, strings.NewReader("")); err != nil {
				t.Fatal(err)
			}
		}
		if err := o.next(); err != nil {
			t.Fatal(err)
		}
	}
	return o
}

// TestOverlay lays layers over each other.
func TestOverlay(t *testing.T) {
	for _, c := range []struct {
		layers []string
		want   string
	}{
		{[]string{"a/ a/b a/c", "a/.wh.b"}, "a a/c"},
		{[]string{"a/ a/b a/c ab", ".wh.a"}, "ab"},
		{[]string{"a/ a/b a/c ab", ".wh.a a/d"}, "a/d ab"},
		{[]string{"a/ a/b a/c ab", "a/d .wh.a"}, "a/d ab"},
		{[]string{"a/ a/b a/c/d", "a/.wh..wh..opq a/b"}, "a a/b"},
		{[]string{"a/b/c a/b/d", ".wh.a"}, ""},
		{[]string{"a/b/c a/b/d", "a/.wh.b", "a/b/e"}, "a/b/e"},
		{[]string{"a b/ b/c", ".wh..wh..opq d"}, "d"},
		{[]string{"a b/ b/c", "d .wh."}, "d"},
		{[]string{"a/ a/b", "a"}, "a"},
		{[]string{"a/ a/b", "a a/ a/c"}, "a a/c"},
		{[]string{"a", "a/ a/b", ".wh.a", "a/c"}, "a/c"},
		{[]string{"a/b", "a/.wh... a/.wh.."}, "a/b"},
	} {
		var layers [][]string
		for _, l := range c.layers {
			layers = append(layers, strings.Fields(l))
		}
		got := strings.Join(slices.Sorted(maps.Keys(lay(t, layers...).paths)), " ")
		if got != c.want {
			t.Errorf("%q: %q, want %q", c.layers, got, c.want)
		}
	}
}

// TestManyWhiteouts takes many files away one by one, and a directory that is large
// because of this layer again and again.
func TestManyWhiteouts(t *testing.T) {
	const count = 100_000
	var files, gone []string
	for i := range count {
		files = append(files, fmt.Sprintf("d%d/f%d", i%100, i))
		gone = append(gone, fmt.Sprintf("d%d/.wh.f%d", i%100, i))
	}
	o := lay(t, files, gone[:count-3])
	if len(o.paths) != 3 || o.lower.count != 103 {
		t.Errorf("%d paths are left, %d of them known", len(o.paths), o.lower.count)
	}
	again := slices.Repeat([]string{".wh..wh..opq", ".wh.d1"}, count/2)
	if o = lay(t, []string{"old"}, slices.Concat(files, again)); len(o.paths) != count {
		t.Errorf("%d paths of the same layer are left", len(o.paths))
	}
}

// naive is the plain way to overlay layers.
func naive(layers [][]string) []string {
	paths := map[string]bool{} // true for directories
	for _, members := range layers {
		own := map[string]bool{}
		remove := func(at string, self bool) {
			for p := range paths {
				if !own[p] && (at == "" || strings.HasPrefix(p, at+"/") || self && p == at) {
					delete(paths, p)
				}
			}
		}
		for _, m := range members {
			name := path.Clean(m)
			dir, base := path.Split(name)
			hidden, white := strings.CutPrefix(base, ".wh.")
			isDir := strings.HasSuffix(m, "/")
			switch {
			case white && hidden == ".wh..opq":
				remove(strings.TrimSuffix(dir, "/"), false)
				continue
			case white:
				remove(dir+hidden, true)
				continue
			case paths[name] && !isDir:
				remove(name, false)
			}
			paths[name], own[name] = isDir, true
		}
	}
	return slices.Sorted(maps.Keys(paths))
}

// TestRandomOverlay compares with the plain way.
func TestRandomOverlay(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		var layers [][]string
		for range 1 + r.IntN(5) {
			var members []string
			for range r.IntN(12) {
				var parts []string
				for range 1 + r.IntN(3) {
					parts = append(parts, string(rune('a'+r.IntN(3))))
				}
				last := &parts[len(parts)-1]
				switch r.IntN(6) {
				case 0:
					*last = ".wh." + *last
				case 1:
					*last = ".wh..wh..opq"
				case 2, 3:
					*last += "/"
				}
				members = append(members, strings.Join(parts, "/"))
			}
			layers = append(layers, members)
		}
		if got, want := slices.Sorted(maps.Keys(lay(t, layers...).paths)), naive(layers); !slices.Equal(got, want) {
			t.Fatalf("%q: %q, want %q", layers, got, want)
		}
	}
}
