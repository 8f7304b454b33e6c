package ext4

import (
	"os"
	"testing"

	"github.com/fimg/fimg/internal/testtool"
	"github.com/fimg/fimg/internal/treetest"
	"github.com/fimg/fimg/tree"
)

func unmount(t *testing.T, dir string) {
	t.Helper()
	testtool.Run(t, "umount", dir)
}

// TestKernel shows the kernel's own view, then lets it change much of it.
func TestKernel(t *testing.T) {
	testtool.Need(t, "mount", "umount", "e2fsck")
	testtool.NeedRoot(t)
	small := options("ext4", 300<<20) // an index of two levels
	small.BlockSize = 1024
	for name, o := range map[string]Options{
		"1K": small, "ext4": options("ext4", 300<<20), "ext3": options("ext3", 300<<20), "ext2": options("ext2", 300<<20),
		"meta_bg": options("ext4", 300<<20, "meta_bg", "^resize_inode", "metadata_csum_seed"),
	} {
		t.Run(name, func(t *testing.T) {
			src := treetest.Odd(20000)
			img := image(t, src, o)
			dir := testtool.Mount(t, img, "ro")
			treetest.Same(t, src, tree.Dir(dir, tree.DirOptions{}))
			unmount(t, dir)
			dir = testtool.Mount(t, img, "rw")
			treetest.Churn(t, dir)
			unmount(t, dir)
			check(t, img)
			readAgain(t, img)
		})
	}
}

// readAgain reads everything the kernel has left.
func readAgain(t *testing.T, img string) {
	t.Helper()
	fs := treetest.Opened(t, img, Open)
	lines, files := treetest.Nodes(t, fs)
	if len(lines) < 15000 {
		t.Errorf("only %d nodes", len(lines))
	}
	for _, n := range files[:500] {
		if _, err := fs.Open(n); err != nil {
			t.Error(err)
		}
	}
}

// TestOffline grows an image with resize2fs.
func TestOffline(t *testing.T) {
	testtool.Need(t, "resize2fs", "e2fsck")
	for _, o := range []Options{options("ext4", 64<<20), options("ext4", 64<<20, "meta_bg", "^resize_inode"), options("ext2", 64<<20)} {
		src := treetest.Odd(300)
		img := image(t, src, o)
		if err := os.Truncate(img, 100*o.Size); err != nil {
			t.Fatal(err)
		}
		testtool.Run(t, "resize2fs", "-f", img)
		check(t, img)
		fs := treetest.Opened(t, img, Open)
		if fs.Info().Size < 99*o.Size {
			t.Errorf("grown to %d only", fs.Info().Size)
		}
		treetest.Same(t, src, fs)
	}
}
