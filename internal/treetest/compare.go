package treetest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fimg/fimg/tree"
)

// Pattern is a file of a repeated text, with holes where ranges leave them.
type Pattern struct {
	Text   string
	Size   int64
	Ranges []tree.Range
}

// Close implements tree.File.
func (p *Pattern) Close() error { return nil }

// Data implements tree.File.
func (p *Pattern) Data() ([]tree.Range, error) { return p.Ranges, nil }

// ReadAt implements tree.File.
func (p *Pattern) ReadAt(b []byte, at int64) (int, error) {
	clear(b)
	n := int(min(int64(len(b)), p.Size-at))
	for _, r := range p.Ranges {
		for i := max(at, r.Offset); i < min(at+int64(n), r.Offset+r.Length); i++ {
			b[i-at] = p.Text[i%int64(len(p.Text))]
		}
	}
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

// Label is an SELinux label.
func Label(s string) []tree.Xattr {
	return []tree.Xattr{{Name: "security.selinux", Value: []byte(s + "\x00")}}
}

// Odd is a tree with everything a file system must hold; size scales it.
func Odd(names int) *tree.Mem {
	m := tree.NewMem()
	at := time.Date(2024, 5, 6, 7, 8, 9, 123456789, time.UTC)
	add := func(n tree.Node, content string) {
		m.MkdirAll(path.Dir(n.Path))
		if n.MTime.IsZero() {
			n.MTime = at
		}
		m.Add(n, []byte(content))
	}
	add(tree.Node{Path: "etc/passwd", Mode: tree.TypeFile | 0o644, Xattrs: Label("system_u:object_r:passwd_file_t:s0")}, "root")
	add(tree.Node{Path: "etc/empty", Mode: tree.TypeFile | 0o4600, UID: 123456, GID: 654321}, "")
	add(tree.Node{Path: "etc/block", Mode: tree.TypeFile | 0o644}, strings.Repeat("x", 4096))
	add(tree.Node{Path: "etc/more", Mode: tree.TypeFile | 0o644, Flags: tree.Immutable | tree.NoDump}, strings.Repeat("y", 70001))
	add(tree.Node{Path: "a/hard", Mode: tree.TypeFile | 0o644, Link: 7}, "linked")
	add(tree.Node{Path: "b/hard", Mode: tree.TypeFile | 0o644, Link: 7}, "linked")
	for _, n := range []int{1, 59, 60, 61, 900} {
		add(tree.Node{Path: fmt.Sprintf("links/%d", n), Mode: tree.TypeLink | 0o777, Target: strings.Repeat("t", n)}, "")
	}
	add(tree.Node{Path: "dev/null", Mode: tree.TypeChar | 0o666, Major: 1, Minor: 3}, "")
	add(tree.Node{Path: "dev/big", Mode: tree.TypeBlock | 0o660, Major: 300, Minor: 70000}, "")
	add(tree.Node{Path: "dev/fifo", Mode: tree.TypeFIFO | 0o600, MTime: time.Date(1960, 1, 1, 0, 0, 0, 5, time.UTC)}, "")
	add(tree.Node{Path: "dev/socket", Mode: tree.TypeSocket | 0o600, MTime: time.Date(2037, 1, 1, 0, 0, 0, 0, time.UTC)}, "")
	add(tree.Node{Path: strings.Repeat("n", 255), Mode: tree.TypeFile | 0o644}, "long name")
	add(tree.Node{Path: "ünï 日本", Mode: tree.TypeFile | 0o644}, "bytes")
	add(tree.Node{Path: "tmp", Mode: tree.TypeDir | 0o1777}, "")
	add(tree.Node{Path: "lost+found", Mode: tree.TypeDir | 0o700, Xattrs: Label("system_u:object_r:lost_found_t:s0")}, "")
	big := tree.Xattr{Name: "user.big", Value: bytes.Repeat([]byte("v"), 500)}
	for i := range 3 {
		add(tree.Node{Path: fmt.Sprintf("x/shared%d", i), Mode: tree.TypeFile | 0o644,
			Xattrs: []tree.Xattr{{Name: "security.capability", Value: append([]byte{1, 0, 0, 2}, make([]byte, 16)...)}, big, {Name: "user.none", Value: []byte{}}}}, "x")
	}
	for i := range names {
		add(tree.Node{Path: fmt.Sprintf("many/name %d", i), Mode: tree.TypeFile | 0o644}, "")
	}
	for i := range names / 100 {
		add(tree.Node{Path: fmt.Sprintf("dirs/%d", i), Mode: tree.TypeDir | 0o755}, "")
	}
	sparse := func(name string, size int64, ranges ...tree.Range) {
		m.AddFile(tree.Node{Path: name, Mode: tree.TypeFile | 0o644, MTime: at, Size: size}, &Pattern{"sparse!", size, ranges})
	}
	sparse("hole", 10<<20)
	sparse("far", 5<<30, tree.Range{Offset: 0, Length: 5}, tree.Range{Offset: 3<<30 + 17, Length: 10000}, tree.Range{Offset: 5<<30 - 1, Length: 1})
	var many []tree.Range
	for i := range int64(1500) {
		many = append(many, tree.Range{Offset: i * 12288, Length: 100})
	}
	sparse("pieces", 1500*12288, many...)
	return m
}

// Nodes lists a tree without lost+found and what only btrfs has, in a form that can
// be compared.
func Nodes(t testing.TB, src tree.Tree) (lines []string, files []*tree.Node) {
	t.Helper()
	names := map[uint64]int{}
	err := src.Walk(context.Background(), func(n *tree.Node) error { names[n.Link]++; return nil })
	if err != nil {
		t.Fatal(err)
	}
	err = src.Walk(context.Background(), func(n *tree.Node) error {
		if n.Path == "lost+found" {
			return nil
		}
		mtime := n.MTime.UnixNano()
		if n.MTime.IsZero() { // written as the epoch
			mtime = 0
		}
		lines = append(lines, fmt.Sprintf("%q %o %d:%d %d %d:%d %d %q link %v %q %d", n.Path, n.Mode, n.UID, n.GID, mtime,
			n.Major, n.Minor, n.Size, n.Target, n.Link != 0 && names[n.Link] > 1, n.Xattrs, n.Flags&^tree.NoCOW))
		if n.IsFile() {
			files = append(files, n)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return lines, files
}

// Same compares two trees down to the holes.
func Same(t testing.TB, want, got tree.Tree) {
	t.Helper()
	a, files := Nodes(t, want)
	b, _ := Nodes(t, got)
	for _, line := range a {
		if !slices.Contains(b, line) && len(a) < 5000 {
			t.Errorf("missing %s", line)
		}
	}
	if !slices.Equal(a, b) {
		for i := range min(len(a), len(b)) {
			if a[i] != b[i] {
				t.Fatalf("trees differ (%d and %d nodes):\n%s\n%s", len(a), len(b), a[i], b[i])
			}
		}
		t.Fatalf("trees differ: %d and %d nodes", len(a), len(b))
	}
	for _, n := range files {
		sameContent(t, want, got, n)
	}
}

func sameContent(t testing.TB, want, got tree.Tree, n *tree.Node) {
	t.Helper()
	a, err := want.Open(n)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	b, err := got.Open(n)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	wide := func(list []tree.Range) (out []tree.Range) {
		for _, r := range list {
			end := min(n.Size, (r.Offset+r.Length+4095)&^4095)
			at := r.Offset &^ 4095
			if k := len(out); k > 0 && out[k-1].Offset+out[k-1].Length >= at {
				out[k-1].Length = end - out[k-1].Offset
			} else if end > at {
				out = append(out, tree.Range{Offset: at, Length: end - at})
			}
		}
		return out
	}
	ra, _ := a.Data()
	rb, _ := b.Data()
	if n.Size > 4096 && !slices.Equal(wide(ra), wide(rb)) {
		t.Errorf("%s: data %v, want %v", n.Path, rb[:min(5, len(rb))], ra[:min(5, len(ra))])
	}
	for _, r := range wide(ra) {
		x, y := make([]byte, r.Length), make([]byte, r.Length)
		if _, err := a.ReadAt(x, r.Offset); err != nil && err != io.EOF {
			t.Fatal(err)
		}
		if _, err := b.ReadAt(y, r.Offset); err != nil && err != io.EOF || !bytes.Equal(x, y) {
			t.Errorf("%s: content at %d differs (%v)", n.Path, r.Offset, err)
		}
	}
}
