package xfs

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fimg/fimg/internal/testtool"
	"github.com/fimg/fimg/internal/treetest"
	"github.com/fimg/fimg/seed"
	"github.com/fimg/fimg/tree"
)

func options(size int64) Options {
	return Options{Size: size, Label: "root", UUID: seed.New("test").UUID("fs"), Time: time.Unix(1700000000, 0)}
}

// image writes a tree into a new sparse file.
func image(t testing.TB, src tree.Tree, o Options) string {
	t.Helper()
	return treetest.Image(t, o.Size, func(f *os.File) error { return Write(context.Background(), f, src, o) })
}

func check(t testing.TB, img string) {
	t.Helper()
	testtool.Run(t, "xfs_repair", "-n", "-f", img)
}

// devices is a tree with device numbers that fit.
type devices struct{ tree.Tree }

func (d devices) Walk(ctx context.Context, fn func(*tree.Node) error) error {
	return d.Tree.Walk(ctx, func(n *tree.Node) error {
		n.Major, n.Minor = n.Major%(maxMajor+1), n.Minor%(maxMinor+1)
		return fn(n)
	})
}

// mounted is the kernel's view of a tree. It shows ACLs a second time, as stored.
type mounted struct{ tree.Tree }

func (m mounted) Walk(ctx context.Context, fn func(*tree.Node) error) error {
	return m.Tree.Walk(ctx, func(n *tree.Node) error {
		n.Xattrs = slices.DeleteFunc(n.Xattrs, func(x tree.Xattr) bool { return strings.HasPrefix(x.Name, "trusted.SGI_ACL_") })
		return fn(n)
	})
}

// odd is a tree with everything a file system must hold, and what only this one
// does: attributes of all forms.
func odd(names int) tree.Tree {
	m := treetest.Odd(names)
	acl := []byte{2, 0, 0, 0, 1, 0, 6, 0, 255, 255, 255, 255, 2, 0, 4, 0, 0xe8, 3, 0, 0, 4, 0, 4, 0, 255, 255, 255, 255,
		16, 0, 4, 0, 255, 255, 255, 255, 32, 0, 4, 0, 255, 255, 255, 255}
	attrs := []tree.Xattr{{Name: "security.selinux", Value: []byte("a:b:c\x00")}, {Name: "system.posix_acl_access", Value: acl},
		{Name: "trusted.t", Value: []byte("t")}, {Name: "user.long", Value: bytes.Repeat([]byte("long"), 5000)},
		{Name: "user.middle", Value: bytes.Repeat([]byte("m"), 2000)}}
	for n := range len(attrs) + 1 {
		at := time.Unix(1_700_000_000, int64(n))
		m.Add(tree.Node{Path: fmt.Sprintf("attrs%d", n), Mode: tree.TypeFile | 0o644, MTime: at, Xattrs: attrs[:n]}, []byte("x"))
		m.Add(tree.Node{Path: fmt.Sprintf("attrs%d.d", n), Mode: tree.TypeDir | 0o755, MTime: at, Xattrs: attrs[:n]}, nil)
		m.Add(tree.Node{Path: fmt.Sprintf("attrs%d.d/x", n), Mode: tree.TypeFile | 0o644, MTime: at}, nil)
	}
	for n := range 4 {
		kind := []uint32{tree.TypeFIFO, tree.TypeSocket, tree.TypeChar, tree.TypeBlock}[n]
		m.Add(tree.Node{Path: fmt.Sprintf("special%d", n), Mode: kind | 0o600, Xattrs: attrs[:1]}, nil)
	}
	m.Add(tree.Node{Path: "link with label", Mode: tree.TypeLink | 0o777, Target: strings.Repeat("t", 300), Xattrs: attrs[:1]}, nil)
	return devices{m}
}

func TestSizes(t *testing.T) {
	for _, c := range []struct {
		want int
		v    any
	}{{264, superblock{}}, {224, freeHeader{}}, {344, inodeHeader{}}, {listSize, listHeader{}}, {groupNodeSize, groupNode{}},
		{longNodeSize, longNode{}}, {inodeHead, rawInode{}}, {48, blockHeader{}}, {dirHead, treeHeader{}}, {linkHead, linkHeader{}}} {
		if n := binary.Size(c.v); n != c.want {
			t.Errorf("%T: %d bytes, want %d", c.v, n, c.want)
		}
	}
}

// variants are words of mkfs.xfs.
func variants() map[string]string {
	return map[string]string{
		"plain": "", "sectors": "-s size=4096", "inodes 1K": "-i size=1024", "inodes 2K": "-isize=2048",
		"no reflink": "-m reflink=0", "no finobt": "-m finobt=0,reflink=0", "no counts": "-m inobtcount=0", "old times": "-m bigtime=0",
		"no sparse": "-i sparse=0", "big extents": "-i nrext64=1", "oldest": "-m finobt=0,reflink=0,bigtime=0,inobtcount=0 -i sparse=0",
		"two groups": "-d agcount=2", "many groups": "-d agsize=64m -l size=32m", "labels": "-f -K -q -L mine -m uuid=11111111-2222-3333-4444-555555555555",
	}
}

func TestOracle(t *testing.T) {
	testtool.Need(t, "xfs_repair", "xfs_db")
	for name, words := range variants() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := options(700 << 20)
			if err := ParseArgs(strings.Fields(words), &o); err != nil {
				t.Fatal(err)
			}
			check(t, image(t, odd(40_000), o))
		})
	}
}

// TestKernel shows the kernel's own view, then lets it change much of it.
func TestKernel(t *testing.T) {
	testtool.Need(t, "mount", "umount", "xfs_repair")
	testtool.NeedRoot(t)
	for name, words := range variants() {
		if strings.Contains(words, "uuid") {
			continue
		}
		t.Run(name, func(t *testing.T) {
			o := options(700 << 20)
			if err := ParseArgs(strings.Fields(words), &o); err != nil {
				t.Fatal(err)
			}
			o.UUID = seed.New(name).UUID("fs")
			src := odd(20000)
			img := image(t, src, o)
			dir := testtool.Mount(t, img, "ro")
			treetest.Same(t, src, mounted{tree.Dir(dir, tree.DirOptions{})})
			testtool.Run(t, "umount", dir)
			dir = testtool.Mount(t, img, "rw")
			treetest.Churn(t, dir)
			testtool.Run(t, "umount", dir)
			check(t, img)
		})
	}
}

// TestGrow grows a mounted file system, as images do when they first start.
func TestGrow(t *testing.T) {
	testtool.Need(t, "mount", "umount", "xfs_repair", "xfs_growfs")
	testtool.NeedRoot(t)
	o := options(minSize)
	img := image(t, odd(300), o)
	if err := os.Truncate(img, 10*o.Size); err != nil {
		t.Fatal(err)
	}
	dir := testtool.Mount(t, img, "rw")
	testtool.Run(t, "xfs_growfs", dir)
	testtool.Run(t, "cp", "-a", "/etc", dir)
	testtool.Run(t, "umount", dir)
	check(t, img)
}

// TestRandom puts random trees with random options to the checker and the kernel.
func TestRandom(t *testing.T) {
	testtool.Need(t, "xfs_repair")
	testtool.NeedRoot(t)
	for n := range testtool.Sets(8) {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			r := rand.New(rand.NewPCG(n, 5))
			o := options(0)
			o.UUID = seed.New(fmt.Sprint(n)).UUID("random")
			o.SectorSize, o.InodeSize = []int{512, 4096}[r.IntN(2)], []int{512, 1024, 2048}[r.IntN(3)]
			o.Without = Features(r.UintN(32))
			o.With = Features(r.UintN(2)) * BigExtents
			src := devices{treetest.Random(n, r.IntN(3000))}
			var err error
			if o.Size, err = Estimate(t.Context(), src, o); err != nil {
				t.Fatal(err)
			}
			o.Size += r.Int64N(3) << 26
			img := image(t, src, o)
			check(t, img)
			treetest.Same(t, src, opened(t, img))
			dir := testtool.Mount(t, img, "ro")
			treetest.Same(t, src, mounted{tree.Dir(dir, tree.DirOptions{})})
			testtool.Run(t, "umount", dir)
		})
	}
}

func TestWorkers(t *testing.T) {
	o := options(400 << 20)
	src := odd(3000)
	var want []byte
	for _, workers := range []int{1, 2, 7} {
		o.Workers = workers
		raw, err := os.ReadFile(image(t, src, o))
		if err != nil {
			t.Fatal(err)
		}
		if want != nil && !bytes.Equal(raw, want) {
			t.Errorf("%d workers make other bits", workers)
		}
		want = raw
	}
}
