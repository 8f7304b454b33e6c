package btrfs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/fimg/fimg/internal/testtool"
	"github.com/fimg/fimg/internal/treetest"
	"github.com/fimg/fimg/seed"
	"github.com/fimg/fimg/tree"
)

// memory is a sparse device in memory.
type memory struct {
	pages map[int64]*[4096]byte
	size  int64
}

func (m *memory) WriteAt(b []byte, at int64) (int, error) {
	for i := 0; i < len(b); {
		page := m.pages[(at+int64(i))/4096]
		if page == nil {
			page = new([4096]byte)
			m.pages[(at+int64(i))/4096] = page
		}
		i += copy(page[(at+int64(i))%4096:], b[i:])
	}
	return len(b), nil
}

func (m *memory) ReadAt(b []byte, at int64) (int, error) {
	for i := 0; i < len(b); {
		if at+int64(i) >= m.size {
			return i, io.EOF
		}
		n := min(len(b)-i, 4096-int((at+int64(i))%4096))
		clear(b[i : i+n])
		if page := m.pages[(at+int64(i))/4096]; page != nil {
			copy(b[i:i+n], page[(at+int64(i))%4096:])
		}
		i += n
	}
	return len(b), nil
}

func inMemory(t testing.TB, src tree.Tree, opts Options) *memory {
	t.Helper()
	m := &memory{map[int64]*[4096]byte{}, opts.Size}
	opts.Seed, opts.UUID = seed.New("memory"), seed.New("memory").UUID("fs")
	if _, err := Write(context.Background(), m, src, opts); err != nil {
		t.Fatal(err)
	}
	return m
}

// TestReadBack reads what was written, with every kind of option.
func TestReadBack(t *testing.T) {
	for name, opts := range map[string]Options{
		"zstd": {Compression: Compression{Algo: ZSTD, Level: 1}},
		"lzo":  {Compression: Compression{Algo: LZO, Force: true}, Checksum: Blake2b, NodeSize: 4096},
		"zlib": {Compression: Compression{Algo: Zlib}, Checksum: XXHash64, BlockGroupTree: true},
		"none": {Checksum: SHA256, NodeSize: 65536, MetadataSingle: true},
	} {
		t.Run(name, func(t *testing.T) {
			opts.Size, opts.Label, opts.Root, opts.RootDefault = 512*mib, "name", "@", true
			opts.Subvolumes = []Subvolume{{Path: "d0", Location: "@/d0", ReadOnly: true}, {Path: "d1", Location: "top"}}
			src := kernelTree(uint64(len(name)))
			fs, err := Open(inMemory(t, src, opts), opts.Size)
			if err != nil {
				t.Fatal(err)
			}
			if err := fs.Verify(context.Background()); err != nil {
				t.Error(err)
			}
			if info := fs.Info(); info.Label != "name" || info.Type != "btrfs" {
				t.Errorf("info %+v", info)
			}
			readBack(t, src, fs)
		})
	}
}

func readBack(t *testing.T, src tree.Tree, fs *FS) {
	t.Helper()
	var list []string
	for _, v := range fs.Subvolumes() {
		list = append(list, fmt.Sprintf("%d %d %s %v %v", v.ID, v.Parent, v.Path, v.ReadOnly, v.Default))
	}
	want := "[5 0  false false 256 5 @ false true 257 256 @/d0 true false 258 5 top false false]"
	if got := fmt.Sprint(list); got != want {
		t.Errorf("subvolumes %s, want %s", got, want)
	}
	for below, c := range map[string]struct {
		at     string
		pruned []string
	}{".": {"@", []string{"d0", "d1"}}, "d0": {"@/d0", nil}, "d1": {"top", nil}} {
		v, err := fs.Volume(c.at)
		if err != nil {
			t.Fatal(err)
		}
		sameTree(t, src, v, nodesOf(t, src, below, c.pruned...), nodesOf(t, v, "."))
	}
	if _, err := fs.Volume("nowhere"); err == nil {
		t.Error("a subvolume that is not there was found")
	}
	all := nodesOf(t, fs, ".")
	if all["@/d0/f"] == nil || all["top/acl"] == nil {
		t.Error("the whole tree does not enter subvolumes")
	}
}

// TestReadKernel reads what the kernel wrote.
func TestReadKernel(t *testing.T) {
	testtool.NeedRoot(t)
	file := filepath.Join(t.TempDir(), "kernel")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(file, 512*mib); err != nil {
		t.Fatal(err)
	}
	for _, compress := range []string{"lzo", "zlib", "zstd"} {
		testtool.Run(t, "mkfs.btrfs", "-q", "-f", file)
		dir := testtool.Mount(t, file, "compress-force="+compress)
		testtool.Run(t, "cp", "-a", "/etc", dir)
		testtool.Run(t, "btrfs", "subvolume", "create", filepath.Join(dir, "etc", "sub"))
		testtool.Run(t, "umount", dir)
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		fs, err := Open(f, 512*mib)
		if err != nil {
			t.Fatal(err)
		}
		if err := fs.Verify(context.Background()); err != nil {
			t.Error(err)
		}
		src := tree.Dir("/etc", tree.DirOptions{})
		got := nodesOf(t, fs, "etc")
		delete(got, "sub")
		got["."].MTime = nodesOf(t, src, ".")["."].MTime
		sameTree(t, src, fs, nodesOf(t, src, "."), got)
		f.Close()
	}
}

// TestDamage flips a byte in data and in every copy of metadata.
func TestDamage(t *testing.T) {
	src := tree.NewMem()
	src.Add(tree.Node{Path: "f", Mode: tree.TypeFile}, make([]byte, 100_000))
	m := inMemory(t, src, Options{Size: 512 * mib, MetadataSingle: true})
	for at, page := range m.pages {
		if at*4096 == int64(superCopies[1]) {
			continue // the first copy is enough
		}
		page[77] ^= 1
		fs, err := Open(m, m.size)
		if err == nil {
			err = fs.Verify(context.Background())
		}
		var bad *CorruptError
		if err == nil && at*4096 != int64(superCopies[0]) {
			t.Errorf("damage at %d went unnoticed", at*4096)
		} else if err != nil && !errors.As(err, &bad) {
			t.Errorf("damage at %d: %v", at*4096, err)
		}
		page[77] ^= 1
	}
}

// FuzzRead changes bytes of tree blocks and of the super block, corrects the
// checksums, and reads everything: nothing may panic or go on without end.
func FuzzRead(f *testing.F) {
	src := smallTree()
	base := inMemory(f, src, Options{Size: 256 * mib, NodeSize: 4096, MetadataSingle: true, MaxInline: 300,
		Compression: Compression{Algo: LZO}, Root: "@", Subvolumes: []Subvolume{{Path: "d0", Location: "@/d0"}}})
	var blocks []int64
	for at, page := range base.pages {
		if at*4096 == int64(superCopies[0]) || (le.Uint64(page[56:]) == headerFlags && page[100] < 8) {
			blocks = append(blocks, at)
		}
	}
	slices.Sort(blocks)
	f.Add([]byte{0, 0, 0, 100, 7, 1, 0, 0, 101, 9})
	f.Add([]byte{3, 0, 0, 96, 255, 9, 0, 3, 200, 1, 20, 0, 1, 30, 30})
	f.Fuzz(func(t *testing.T, edits []byte) {
		m := &memory{map[int64]*[4096]byte{}, base.size}
		for at, page := range base.pages {
			m.pages[at] = page
		}
		for ; len(edits) >= 5; edits = edits[5:] {
			at := blocks[int(le.Uint16(edits))%len(blocks)]
			page := *m.pages[at]
			page[32+(int(edits[2])<<8|int(edits[3]))%(4096-32)] = edits[4]
			CRC32C.seal(page[:])
			m.pages[at] = &page
		}
		readEverything(m)
	})
}

// smallTree has one of everything, so that it is read quickly.
func smallTree() *tree.Mem {
	src := tree.NewMem()
	src.MkdirAll("d0/e")
	text := bytes.Repeat([]byte("compressible "), 1000)
	src.Add(tree.Node{Path: "a", Mode: tree.TypeFile | 0o644, Link: 1}, text)
	src.Add(tree.Node{Path: "d0/b", Mode: tree.TypeFile | 0o644, Link: 1}, text)
	src.Add(tree.Node{Path: "d0/c", Mode: tree.TypeFile | 0o644, Link: 1}, text)
	src.Add(tree.Node{Path: "d0/e/i", Mode: tree.TypeFile | 0o644, Xattrs: []tree.Xattr{{Name: "user.a", Value: text[:90]}}}, text[:200])
	src.Add(tree.Node{Path: "l", Mode: tree.TypeLink | 0o777, Target: "d0/b"}, nil)
	src.Add(tree.Node{Path: "n", Mode: tree.TypeBlock | 0o600, Major: 8, Minor: 300}, nil)
	h := &treetest.Holes{Size: 50_000, Salt: 3, Ranges: []tree.Range{{Offset: 8192, Length: 8192}}}
	src.AddFile(tree.Node{Path: "s", Mode: tree.TypeFile | 0o644, Size: h.Size}, h)
	return src
}

func readEverything(m *memory) {
	fs, err := Open(m, m.size)
	if err != nil {
		return
	}
	_ = fs.Verify(context.Background())
	_ = fs.Walk(context.Background(), func(n *tree.Node) error {
		if !n.IsFile() {
			return nil
		}
		c, err := fs.Open(n)
		if err != nil {
			return nil
		}
		defer c.Close()
		_, _ = c.Data()
		_, _ = c.ReadAt(make([]byte, min(n.Size, 1<<20)), 0)
		_, _ = c.ReadAt(make([]byte, 4096), n.Size/2)
		return nil
	})
}
