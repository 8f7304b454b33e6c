package btrfs

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fimg/fimg/internal/testtool"
	"github.com/fimg/fimg/internal/treetest"
	"github.com/fimg/fimg/tree"
)

// subvolumes is a layout with a mount point, a nested and an empty subvolume.
var subvolumes = []Subvolume{{Path: "d0", Location: "@/d0"}, {Path: "d1", Location: "top"}, {Location: "@/some/else", ReadOnly: true}}

func kernelTree(seed uint64) *tree.Mem {
	src := treetest.Random(seed, 300)
	src.Add(tree.Node{Path: "d0", Mode: tree.TypeDir | 0o751, UID: 3}, nil)
	src.Add(tree.Node{Path: "d0/f", Mode: tree.TypeFile | 0o600}, []byte("text"))
	src.Add(tree.Node{Path: "d1", Mode: tree.TypeDir | 0o750}, nil)
	acl := []byte{2, 0, 0, 0, 1, 0, 6, 0, 255, 255, 255, 255, 2, 0, 4, 0, 7, 0, 0, 0,
		4, 0, 4, 0, 255, 255, 255, 255, 16, 0, 4, 0, 255, 255, 255, 255, 32, 0, 0, 0, 255, 255, 255, 255}
	n := tree.Node{Path: "d1/acl", Mode: tree.TypeFile | 0o640}
	n.SetXattr("system.posix_acl_access", acl)
	n.SetXattr("security.capability", []byte{1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	n.SetXattr("security.selinux", []byte("system_u:object_r:etc_t:s0\x00"))
	src.Add(n, []byte("acl"))
	src.Add(tree.Node{Path: "d1/fixed", Mode: tree.TypeFile | 0o640, Flags: tree.Immutable | tree.Append | tree.NoDump}, []byte("fixed"))
	return src
}

// TestKernelSees compares everything the kernel shows with the input.
func TestKernelSees(t *testing.T) {
	testtool.NeedRoot(t)
	for name, opts := range map[string]Options{
		"zstd": {Compression: Compression{Algo: ZSTD, Level: 1}, Quota: QuotaSimple},
		"lzo":  {Compression: Compression{Algo: LZO, Force: true}, Checksum: Blake2b, Quota: QuotaFull},
		"zlib": {Compression: Compression{Algo: Zlib, Force: true}, Checksum: XXHash64, NodeSize: 8192, NoHolesDisabled: true},
		"none": {Checksum: SHA256, NodeSize: 65536, BlockGroupTree: true},
	} {
		t.Run(name, func(t *testing.T) {
			src := kernelTree(uint64(len(name)) + 40)
			opts.Root, opts.RootDefault, opts.Subvolumes = "@", true, subvolumes
			dir := testtool.Mount(t, image(t, src, opts), "noatime,subvolid=5")
			compareMounted(t, src, dir)
			testtool.Run(t, "btrfs", "scrub", "start", "-B", dir)
			exec.Command("chattr", "-i", "-a", filepath.Join(dir, "top/fixed")).Run()
		})
	}
}

func compareMounted(t *testing.T, src tree.Tree, dir string) {
	t.Helper()
	list := testtool.Run(t, "btrfs", "subvolume", "list", dir)
	for _, want := range []string{"path @\n", "top level 256 path @/d0\n", "top level 5 path top\n", "path @/some/else\n"} {
		if !strings.Contains(list, want) {
			t.Errorf("no %q in\n%s", want, list)
		}
	}
	for below, c := range map[string]struct {
		at     string
		pruned []string
	}{".": {"@", []string{"d0", "d1"}}, "d0": {"@/d0", nil}, "d1": {"top", nil}} {
		got := tree.Dir(filepath.Join(dir, c.at), tree.DirOptions{})
		a, b := nodesOf(t, src, below, c.pruned...), nodesOf(t, got, ".", "d0")
		delete(b, "some")
		delete(b, "some/else")
		sameTree(t, src, got, a, b)
	}
}

// TestKernelWorks lets the kernel balance, grow, delete and rewrite, and then
// checks what is left.
func TestKernelWorks(t *testing.T) {
	testtool.NeedRoot(t)
	for name, opts := range map[string]Options{
		"simple quota": {Quota: QuotaSimple},
		"plain":        {Compression: Compression{Algo: ZSTD, Level: 1}},
		"full quota":   {Quota: QuotaFull, BlockGroupTree: true, NodeSize: 4096},
	} {
		t.Run(name, func(t *testing.T) {
			opts.Root, opts.Subvolumes = "@", subvolumes
			file := image(t, kernelTree(77), opts)
			if err := os.Truncate(file, 2<<30); err != nil {
				t.Fatal(err)
			}
			dir := testtool.Mount(t, file, "compress=zstd:1,subvolid=5")
			work(t, dir)
			testtool.Run(t, "umount", dir)
			if opts.Quota != QuotaSimple { // checkers before 6.7 do not know it
				check(t, file)
			}
		})
	}
}

func work(t *testing.T, dir string) {
	t.Helper()
	testtool.Run(t, "btrfs", "filesystem", "resize", "max", dir)
	testtool.Run(t, "btrfs", "balance", "start", "--full-balance", dir)
	testtool.Run(t, "btrfs", "filesystem", "defragment", "-r", "-czstd", filepath.Join(dir, "@"))
	names, err := filepath.Glob(filepath.Join(dir, "@", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for i, n := range slices.Sorted(slices.Values(names)) {
		if i%2 == 0 && !strings.HasSuffix(n, "/d0") && !strings.HasSuffix(n, "/some") {
			testtool.Run(t, "rm", "-rf", n)
		}
	}
	testtool.Run(t, "cp", "-a", "/etc", filepath.Join(dir, "@"))
	testtool.Run(t, "btrfs", "subvolume", "snapshot", filepath.Join(dir, "@"), filepath.Join(dir, "copy"))
	testtool.Run(t, "btrfs", "subvolume", "delete", "-c", filepath.Join(dir, "@", "some", "else"))
	testtool.Run(t, "btrfs", "scrub", "start", "-B", dir)
}
