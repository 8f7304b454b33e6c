package tree

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/fimg/fimg/internal/testtool"
)

func collect(t *testing.T, tr Tree) map[string]*Node {
	t.Helper()
	nodes := map[string]*Node{}
	last := ""
	err := tr.Walk(t.Context(), func(n *Node) error {
		if last != "" && Compare(last, n.Path) >= 0 {
			t.Errorf("%s comes after %s", n.Path, last)
		}
		last = n.Path
		nodes[n.Path] = n
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return nodes
}

func TestDir(t *testing.T) {
	root := t.TempDir()
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ok(os.MkdirAll(filepath.Join(root, "a/b"), 0o755))
	ok(os.WriteFile(filepath.Join(root, "a/b/f"), []byte("data"), 0o640))
	ok(os.Link(filepath.Join(root, "a/b/f"), filepath.Join(root, "a/z")))
	ok(os.Symlink("/x", filepath.Join(root, "a-b")))
	ledger := &Ledger{}
	ledger.Set(Entry{Path: "a/z", Owner: &Owner{7, 8}, Xattrs: []Xattr{{"user.k", []byte("v")}}})
	ledger.Set(Entry{Path: "a/b/f", Mode: TypeChar | 0o600, Major: 1, Minor: 3})
	epoch := time.Unix(1000, 0)
	opts := DirOptions{Ledger: ledger, Latest: epoch, Label: func(n *Node) string { return "l:" + n.Path }}
	nodes := collect(t, Dir(root, opts))
	if n := nodes["a/z"]; n.UID != 7 || n.GID != 8 || n.Link == 0 || !n.MTime.Equal(epoch) {
		t.Errorf("a/z: %+v", n)
	}
	if v, _ := nodes["a/z"].Xattr("security.selinux"); string(v) != "l:a/z\x00" {
		t.Errorf("label %q", v)
	}
	if n := nodes["a/b/f"]; n.Type() != TypeChar || n.Major != 1 || n.Minor != 3 || n.Size != 0 {
		t.Errorf("a/b/f: %+v", n)
	}
	if n := nodes["a-b"]; n.Target != "/x" {
		t.Errorf("a-b: %+v", n)
	}
	opts.Top, opts.Pruned = "a", func(p string) bool { return p == "a/b" }
	below := Dir(root, opts)
	nodes = collect(t, below)
	if len(nodes) != 3 || nodes["."] == nil || nodes["b"] == nil || nodes["z"].UID != 7 {
		t.Errorf("below a: %v", nodes)
	}
	f, err := below.Open(nodes["z"])
	ok(err)
	defer f.Close()
	got, err := io.ReadAll(io.NewSectionReader(f, 0, 4))
	if ranges, _ := f.Data(); err != nil || string(got) != "data" || len(ranges) != 1 {
		t.Errorf("content %q, %v, %v", got, ranges, err)
	}
}

func TestDeviceNodes(t *testing.T) {
	testtool.NeedRoot(t)
	root := t.TempDir()
	testtool.Run(t, "mknod", filepath.Join(root, "dev"), "c", "5", "1")
	if n := collect(t, Dir(root, DirOptions{}))["dev"]; n.Major != 5 || n.Minor != 1 || n.Type() != TypeChar {
		t.Errorf("device: %+v", n)
	}
}

func TestMem(t *testing.T) {
	m := NewMem()
	m.MkdirAll("x/y")
	m.Add(Node{Path: "x/y/f", Mode: TypeFile | 0o644}, []byte("abc"))
	nodes := collect(t, m)
	if len(nodes) != 4 || nodes["x/y/f"].Size != 3 {
		t.Errorf("nodes %v", nodes)
	}
	m.Add(Node{Path: "q/f", Mode: TypeFile}, nil)
	if err := m.Walk(context.Background(), func(*Node) error { return nil }); err == nil {
		t.Error("a node without parent was walked")
	}
}

func TestLedgerRoundTrip(t *testing.T) {
	l := &Ledger{}
	l.Set(Entry{Path: "b", Owner: &Owner{1, 2}})
	l.Update("a", func(e *Entry) { e.Mode = TypeDir | 0o700 })
	l.Set(Entry{Path: "gone"})
	l.Delete("gone")
	var b bytes.Buffer
	if _, err := l.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	back, err := ReadLedger(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	var again bytes.Buffer
	if _, err := back.WriteTo(&again); err != nil || !bytes.Equal(b.Bytes(), again.Bytes()) {
		t.Errorf("%q became %q, %v", b.Bytes(), again.Bytes(), err)
	}
	if e, ok := back.Get("b"); !ok || *e.Owner != (Owner{1, 2}) {
		t.Errorf("b: %+v", e)
	}
}

func TestCompare(t *testing.T) {
	paths := []string{"a-b", "a/b", ".", "a", "a/b/c", "a/b-c"}
	slices.SortFunc(paths, Compare)
	if want := []string{".", "a", "a/b", "a/b/c", "a/b-c", "a-b"}; !slices.Equal(paths, want) {
		t.Errorf("order %q", paths)
	}
}
