package ext4

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/fimg/fimg/internal/testtool"
	"github.com/fimg/fimg/internal/treetest"
	"github.com/fimg/fimg/tree"
)

// randomOptions draws any mixture of options that checkers know.
func randomOptions(r *rand.Rand) Options {
	o := options([]string{"ext4", "ext4", "ext3", "ext2"}[r.IntN(4)], 0)
	o.BlockSize = []int{0, 1024, 2048, 4096}[r.IntN(4)]
	o.InodeSize = []int{0, 256, 512, 1024}[r.IntN(4)]
	o.GroupsPerFlex = []int64{0, 1, 4, 64}[r.IntN(4)]
	words := []string{"has_journal", "resize_inode", "dir_index", "sparse_super2", "orphan_file", "meta_bg", "extent", "64bit",
		"flex_bg", "metadata_csum_seed", "large_dir", "sparse_super", "huge_file", "uninit_bg", "dir_nlink", "metadata_csum"}
	for range r.IntN(4) {
		word := words[r.IntN(len(words))]
		o.Features = append(o.Features, []string{"", "^"}[r.IntN(2)]+word)
	}
	return o
}

// TestRandom puts random trees with random options to the checker, our reader and
// the kernel, which then changes half of them. Mixtures that mke2fs refuses, too,
// are left out.
func TestRandom(t *testing.T) {
	testtool.NeedRoot(t)
	for n := range testtool.Sets(12) {
		r := rand.New(rand.NewPCG(n, 3))
		o := randomOptions(r)
		src := treetest.Random(n, r.IntN(500))
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			defer func() {
				if t.Failed() {
					t.Logf("options were %+v", o)
				}
			}()
			var err error
			var bad *OptionError
			if o.Size, err = Estimate(t.Context(), src, o); errors.As(err, &bad) {
				return
			} else if err != nil {
				t.Fatal(err)
			}
			if n%4 > 0 {
				o.Size += 64 << 20
			}
			random(t, src, o, n%4 > 0)
		})
	}
}

func random(t *testing.T, src tree.Tree, o Options, spare bool) {
	img := image(t, src, o)
	check(t, img)
	fs := treetest.Opened(t, img, Open)
	treetest.Same(t, src, fs)
	dir := testtool.Mount(t, img, "rw")
	treetest.Same(t, src, tree.Dir(dir, tree.DirOptions{}))
	if spare {
		halve(t, dir)
		testtool.Run(t, "cp", "-a", "/etc/ssl", "/etc/security", dir)
	}
	unmount(t, dir)
	check(t, img)
}

// halve deletes and rewrites what is there.
func halve(t *testing.T, dir string) {
	t.Helper()
	_ = exec.Command("chattr", "-R", "-i", "-a", dir).Run()
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range slices.Sorted(slices.Values(names)) {
		info, err := os.Lstat(name)
		switch {
		case err != nil:
			t.Fatal(err)
		case i%2 == 0 && filepath.Base(name) != "lost+found":
			testtool.Run(t, "rm", "-rf", name)
		case info.Mode().IsRegular():
			if err := os.WriteFile(name, make([]byte, 100_000), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}
