package ext4

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/fimg/fimg/internal/testtool"
	"github.com/fimg/fimg/internal/treetest"
	"github.com/fimg/fimg/partition/filesystem"
	"github.com/fimg/fimg/tree"
)

func TestSizes(t *testing.T) {
	if n := binary.Size(superblock{}); n != superSize {
		t.Errorf("superblock of %d bytes", n)
	}
	if n := binary.Size(groupDesc{}); n != 64 {
		t.Errorf("descriptor of %d bytes", n)
	}
	if n := binary.Size(rawInode{}); n != inodeExtraOffset {
		t.Errorf("inode of %d bytes", n)
	}
}

// variants are option words of mke2fs by kind.
func variants() map[string]string {
	return map[string]string{
		"ext4": "", "ext3": "-t ext3", "ext2": "-t ext2", "1K": "-b 1024", "2K": "-b 2048 -I 512", "64K": "-b 65536",
		"no checksums": "-O ^metadata_csum", "uninit_bg": "-O ^metadata_csum,uninit_bg", "meta_bg": "-O meta_bg,^resize_inode",
		"meta_bg 1K": "-O meta_bg,^resize_inode,^flex_bg -b 1024", "no flex_bg": "-O ^flex_bg", "sparse_super2": "-O sparse_super2",
		"one backup": "-O sparse_super2 -E num_backup_sb=1", "all supers": "-O ^sparse_super -i 65536 -m 1",
		"no journal": "-O ^has_journal", "no extents": "-O ^64bit,^extent", "small inodes": "-I 128",
		"for later": "-O metadata_csum_seed,^orphan_file,inline_data,encrypt,verity,large_dir,stable_inodes,ea_inode",
		"plain":     "-O none", "no index": "-O ^dir_index,^filetype", "groups": "-g 8192 -G 4 -J size=16",
		"raid": "-E stride=16,stripe_width=64,resize=100G,root_owner=5:6,lazy_itable_init=0", "ext2 1K": "-t ext2 -b 1024",
	}
}

func TestOracle(t *testing.T) {
	testtool.Need(t, "e2fsck", "dumpe2fs")
	for name, words := range variants() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := options("", 700<<20)
			if err := ParseArgs(strings.Fields(words), &o); err != nil {
				t.Fatal(err)
			}
			src := treetest.Odd(2500)
			img := image(t, src, o)
			check(t, img)
			if out := testtool.Run(t, "dumpe2fs", img); strings.Contains(out, "rror") && !strings.Contains(out, "Errors behavior") {
				t.Errorf("dumpe2fs: %s", out)
			}
			f, err := os.Open(img)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			fs, err := Open(f, o.Size)
			if err != nil {
				t.Fatal(err)
			}
			if i := fs.Info(); i.Label != "root" || i.Free <= 0 || i.Free >= i.Size {
				t.Errorf("info %+v", i)
			}
			sameExtents(t, fs, f)
			if o.RootOwner != nil {
				src.Add(tree.Node{Path: ".", Mode: tree.TypeDir | 0o755, UID: 5, GID: 6}, nil)
			}
			if o.InodeSize != smallInode && o.BlockSize != 65536 { // times, holes
				treetest.Same(t, src, fs)
			}
		})
	}
}

// sameExtents reads every file through the places Extents tells.
func sameExtents(t *testing.T, fs *FS, disk io.ReaderAt) {
	t.Helper()
	_, files := treetest.Nodes(t, fs)
	for _, n := range files {
		if n.Size > 64<<20 {
			continue
		}
		size, extents, err := fs.Extents(n.Path)
		if err != nil || size != n.Size {
			t.Fatalf("%s: %d bytes: %v", n.Path, size, err)
		}
		got, want := make([]byte, roundUp(size, 65536)), make([]byte, size)
		for _, e := range extents {
			if _, err := disk.ReadAt(got[e.File:e.File+e.Length], e.Offset); err != nil {
				t.Fatal(err)
			}
		}
		f, err := fs.Open(n)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.ReadAt(want, 0); err != nil && err != io.EOF || !bytes.Equal(got[:size], want) {
			t.Errorf("%s: content by extents differs (%v)", n.Path, err)
		}
		f.Close()
	}
	if _, _, err := fs.Extents("."); err == nil {
		t.Error("a directory has extents")
	}
}

// check fails unless e2fsck has nothing to say but its passes.
func check(t testing.TB, img string) {
	t.Helper()
	out := testtool.Run(t, "e2fsck", "-fn", img)
	for line := range strings.Lines(out) {
		if !strings.HasPrefix(line, "Pass ") && !strings.HasPrefix(line, "e2fsck ") && !strings.Contains(line, " files (") {
			t.Errorf("e2fsck: %s", out)
			return
		}
	}
}

func TestWorkers(t *testing.T) {
	src := treetest.Odd(300)
	var first []byte
	for _, workers := range []int{1, 2, 16} {
		o := options("ext4", 200<<20)
		o.Workers = workers
		raw, err := os.ReadFile(image(t, src, o))
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = raw
		}
		if !bytes.Equal(first, raw) {
			t.Errorf("%d workers give other bits", workers)
		}
	}
}

func TestTooSmall(t *testing.T) {
	testtool.Need(t, "e2fsck")
	src := treetest.Odd(500)
	for _, size := range []int64{0, 60 << 10, 1 << 20, 5 << 20} {
		o := options("ext4", size)
		var small *filesystem.TooSmallError
		if err := Write(context.Background(), nil, src, o); !errors.As(err, &small) || small.Needed <= size {
			t.Fatalf("%d: %v", size, err)
		}
		if size == 0 {
			o.Size = small.Needed
			check(t, image(t, src, o))
			continue
		}
	}
	for _, kind := range []string{"ext2", "ext3", "ext4"} {
		o := options(kind, 0)
		size, err := Estimate(context.Background(), src, o)
		if err != nil {
			t.Fatal(err)
		}
		o.Size = size
		check(t, image(t, src, o))
	}
	o := options("ext4", 100<<20)
	o.Inodes = 100
	var small *filesystem.TooSmallError
	if err := Write(context.Background(), nil, src, o); !errors.As(err, &small) {
		t.Errorf("too few inodes: %v", err)
	}
}

func TestRefuses(t *testing.T) {
	for _, words := range []string{"-O bigalloc", "-O nonsense", "-E mmp_update_interval=3", "-E offset=5", "-x", "-b", "-b 5000", "device",
		"-I 100000", "-m 70", "-U nonsense", "-t xfs", "-J device=x", "-T whatever", "-O metadata_csum_seed,^metadata_csum", "-N 99999999999", "-d dir"} {
		o := options("", 100<<20)
		err := ParseArgs(strings.Fields(words), &o)
		if err == nil {
			_, err = o.check()
		}
		var bad *OptionError
		if !errors.As(err, &bad) {
			t.Errorf("%s: %v", words, err)
		}
	}
	with := func(n tree.Node) tree.Tree { m := tree.NewMem(); m.Add(n, nil); return m }
	for name, src := range map[string]tree.Tree{
		"type":   with(tree.Node{Path: "x", Mode: 0o644}),
		"link":   with(tree.Node{Path: "x", Mode: tree.TypeLink, Target: strings.Repeat("x", 4096)}),
		"attr":   with(tree.Node{Path: "x", Mode: tree.TypeFile, Xattrs: []tree.Xattr{{Name: "user.x", Value: make([]byte, 5000)}}}),
		"system": with(tree.Node{Path: "x", Mode: tree.TypeFile, Xattrs: []tree.Xattr{{Name: "strange.x"}}}),
		"name":   with(tree.Node{Path: strings.Repeat("x", 256), Mode: tree.TypeFile}),
	} {
		var bad *ContentError
		if err := Write(context.Background(), nil, src, options("ext4", 100<<20)); !errors.As(err, &bad) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
