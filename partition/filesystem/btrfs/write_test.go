package btrfs

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/fimg/fimg/fault"
	"github.com/fimg/fimg/internal/testtool"
	"github.com/fimg/fimg/internal/treetest"
	"github.com/fimg/fimg/partition/filesystem"
	"github.com/fimg/fimg/seed"
	"github.com/fimg/fimg/tree"
)

// image writes a file system into a new file and returns its path.
func image(t testing.TB, src tree.Tree, opts Options) string {
	t.Helper()
	if opts.Size == 0 {
		opts.Size = 512 * mib
	}
	opts.Seed = seed.New(t.Name())
	opts.UUID = opts.Seed.UUID("fs")
	opts.Time = time.Unix(1_750_000_000, 0)
	return treetest.Image(t, opts.Size, func(f *os.File) error {
		_, err := Write(context.Background(), f, src, opts)
		return err
	})
}

// check puts a file system to btrfs check.
func check(t testing.TB, file string) {
	t.Helper()
	out := testtool.Run(t, "btrfs", "check", "--check-data-csum", file)
	for _, bad := range []string{"ERROR", "WARNING", "mismatch", "cache and super generation"} {
		if strings.Contains(out, bad) {
			t.Errorf("btrfs check: %s", out)
		}
	}
}

func TestCheckOptions(t *testing.T) {
	testtool.Need(t, "btrfs")
	zstd := Compression{Algo: ZSTD, Level: 1}
	cases := map[string]Options{
		"plain":       {},
		"zstd":        {Compression: zstd, Label: "fedora"},
		"zstd force":  {Compression: Compression{Algo: ZSTD, Level: 9, Force: true}},
		"zlib":        {Compression: Compression{Algo: Zlib}, Checksum: XXHash64},
		"lzo":         {Compression: Compression{Algo: LZO, Force: true}, Checksum: SHA256},
		"4K nodes":    {NodeSize: 4096, Compression: zstd, Checksum: Blake2b},
		"64K nodes":   {NodeSize: 65536, Compression: zstd},
		"single":      {MetadataSingle: true, NoFreeSpaceTree: true},
		"group tree":  {BlockGroupTree: true, Compression: zstd},
		"quota":       {Quota: QuotaFull, Root: "root", Subvolumes: []Subvolume{{Path: "d0", Location: "home", Limit: 1 << 30}}},
		"no inline":   {MaxInline: -1},
		"holes":       {NoHolesDisabled: true, Compression: zstd},
		"nodatacow":   {NoDataCOW: true, Compression: zstd},
		"subvolumes":  {Root: "@", RootDefault: true, Subvolumes: []Subvolume{{Path: "d0", Location: "@/d0", NoCOW: true}, {Location: "@/some/where/else", ReadOnly: true}, {Path: "d1", Location: "top"}}},
		"level three": {Root: "a", Subvolumes: []Subvolume{{Path: "d0", Location: "a/d0"}, {Path: "d0/e", Location: "a/d0/e"}}},
	}
	number := uint64(0)
	for name, opts := range cases {
		number++
		src := treetest.Random(number, 150)
		src.Add(tree.Node{Path: "d0", Mode: tree.TypeDir | 0o751, UID: 3}, nil)
		src.Add(tree.Node{Path: "d0/e", Mode: tree.TypeDir | 0o700}, nil)
		src.Add(tree.Node{Path: "d0/e/f", Mode: tree.TypeFile | 0o600}, []byte("text"))
		src.Add(tree.Node{Path: "d1", Mode: tree.TypeDir | 0o750}, nil)
		t.Run(name, func(t *testing.T) { check(t, image(t, src, opts)) })
	}
}

// TestCheckSectors needs a checker that knows sectors larger than pages.
func TestCheckSectors(t *testing.T) {
	for _, sector := range []int{16384, 65536} {
		t.Run(fmt.Sprint(sector), func(t *testing.T) {
			opts := Options{SectorSize: sector, Compression: Compression{Algo: ZSTD, Level: 1}}
			check(t, image(t, treetest.Random(uint64(sector), 200), opts))
		})
	}
}

func TestCheckRandom(t *testing.T) {
	for s := range uint64(6) {
		t.Run(fmt.Sprint(s), func(t *testing.T) {
			opts := Options{Compression: Compression{Algo: ZSTD, Level: 1}}
			check(t, image(t, treetest.Random(100+s, 300), opts))
		})
	}
}

func TestHardCases(t *testing.T) {
	src := tree.NewMem()
	src.MkdirAll("links")
	for i := range 1500 {
		src.Add(tree.Node{Path: fmt.Sprintf("links/%s%d", strings.Repeat("l", 200), i), Mode: tree.TypeFile | 0o644, Link: 1}, []byte("one"))
	}
	src.Add(tree.Node{Path: strings.Repeat("x", 255), Mode: tree.TypeFile}, nil)
	src.Add(tree.Node{Path: "link", Mode: tree.TypeLink | 0o777, Target: strings.Repeat("p", 4095)}, nil)
	collide(src)
	many := tree.Node{Path: "attributes", Mode: tree.TypeFile | 0o600, MTime: time.Unix(-5, 7)}
	for i := range 200 {
		many.SetXattr(fmt.Sprintf("user.%d", i), make([]byte, i*10))
	}
	many.SetXattr("user.large", make([]byte, 15000))
	src.Add(many, nil)
	check(t, image(t, src, Options{Compression: Compression{Algo: ZSTD, Level: 1}}))
}

// collide adds files and attributes whose names have one hash.
func collide(src *tree.Mem) {
	seen := map[uint64]string{}
	n := tree.Node{Path: "collisions", Mode: tree.TypeDir | 0o755}
	src.Add(n, nil)
	for i, found := 0, 0; found < 3; i++ {
		name := fmt.Sprintf("user.%x", i*7919)
		h := nameHash(name)
		if other, ok := seen[h]; ok {
			src.Add(tree.Node{Path: "collisions/" + name, Mode: tree.TypeFile}, []byte(name))
			src.Add(tree.Node{Path: "collisions/" + other, Mode: tree.TypeFile}, []byte(other))
			n.SetXattr(name, []byte("a"))
			n.SetXattr(other, []byte("b"))
			found++
		}
		seen[h] = name
	}
	src.Add(n, nil)
}

func TestHugeDirectory(t *testing.T) {
	src := tree.NewMem()
	for i := range 100_000 {
		src.Add(tree.Node{Path: fmt.Sprintf("f%06d", i), Mode: tree.TypeFile | 0o644}, nil)
	}
	check(t, image(t, src, Options{}))
}

// TestLargeFile has data on both sides of 4 GiB.
func TestLargeFile(t *testing.T) {
	src := tree.NewMem()
	f := &treetest.Holes{Size: 5<<30 + 77, Salt: 99, Ranges: []tree.Range{{Offset: 0, Length: 5000}, {Offset: 4<<30 - 4096, Length: 200_000}, {Offset: 5 << 30, Length: 77}}}
	src.AddFile(tree.Node{Path: "large", Mode: tree.TypeFile | 0o644, Size: f.Size}, f)
	check(t, image(t, src, Options{Size: 12 << 30, Compression: Compression{Algo: ZSTD, Level: 1}}))
}

// TestLastlog has a file much larger than the device, nearly all of it a hole.
func TestLastlog(t *testing.T) {
	src := tree.NewMem()
	f := &treetest.Holes{Size: 292 << 30, Salt: 5, Ranges: []tree.Range{{Offset: 292<<30 - 8192, Length: 8192}}}
	src.AddFile(tree.Node{Path: "lastlog", Mode: tree.TypeFile | 0o644, Size: f.Size}, f)
	check(t, image(t, src, Options{Size: 100 * mib}))
}

func TestSameBits(t *testing.T) {
	src := treetest.Random(7, 400)
	var first string
	for _, workers := range []int{1, 2, 16} {
		f, err := os.Open(image(t, src, Options{Workers: workers, Compression: Compression{Algo: ZSTD, Level: 1}}))
		if err != nil {
			t.Fatal(err)
		}
		h := sha256.New()
		if _, err := io.Copy(h, f); err != nil {
			t.Fatal(err)
		}
		f.Close()
		sum := fmt.Sprintf("%x", h.Sum(nil))
		if first == "" {
			first = sum
		}
		if sum != first {
			t.Errorf("%d workers: other bits", workers)
		}
	}
}

func TestTooSmall(t *testing.T) {
	src, zstd := treetest.Random(8, 400), Compression{Algo: ZSTD, Level: 1}
	plan, err := Plan(context.Background(), src, Options{Compression: zstd})
	if err != nil {
		t.Fatal(err)
	}
	estimate, err := Estimate(context.Background(), src, Options{Compression: zstd})
	if err != nil || estimate < plan.Needed {
		t.Errorf("estimate %d, need %d: %v", estimate, plan.Needed, err)
	}
	_, err = Write(context.Background(), discard{}, src, Options{Compression: zstd, Size: 40 * mib})
	var small *filesystem.TooSmallError
	if !errors.As(err, &small) || small.Needed != plan.Needed || small.Have != 40*mib {
		t.Errorf("got %v, want need of %d", err, plan.Needed)
	}
	check(t, image(t, src, Options{Compression: zstd, Size: plan.Needed}))
}

type discard struct{}

func (discard) WriteAt(b []byte, _ int64) (int, error) { return len(b), nil }

func TestRefused(t *testing.T) {
	plain := tree.NewMem()
	plain.Add(tree.Node{Path: "f", Mode: tree.TypeFile}, nil)
	long, wide := tree.NewMem(), tree.NewMem()
	long.Add(tree.Node{Path: "l", Mode: tree.TypeLink | 0o777, Target: strings.Repeat("t", 3950)}, nil)
	wide.Add(tree.Node{Path: "f", Mode: tree.TypeFile, Xattrs: []tree.Xattr{{Name: "user.a", Value: make([]byte, 17000)}}}, nil)
	for name, c := range map[string]struct {
		src  tree.Tree
		opts Options
	}{
		"no directory":  {plain, Options{Subvolumes: []Subvolume{{Path: "f", Location: "f"}}}},
		"occupied":      {plain, Options{Subvolumes: []Subvolume{{Location: "f"}}}},
		"below a file":  {plain, Options{Subvolumes: []Subvolume{{Location: "f/g"}}}},
		"no location":   {plain, Options{Subvolumes: []Subvolume{{Path: "f"}}}},
		"twice":         {plain, Options{Root: "a", Subvolumes: []Subvolume{{Location: "a"}}}},
		"node size":     {plain, Options{NodeSize: 5000}},
		"sector > node": {plain, Options{NodeSize: 4096, SectorSize: 8192}},
		"level":         {plain, Options{Compression: Compression{Algo: Zlib, Level: 10}}},
		"label":         {plain, Options{Label: strings.Repeat("l", 256)}},
		"attribute":     {wide, Options{}},
		"link":          {long, Options{NodeSize: 4096}},
		"limit":         {plain, Options{Subvolumes: []Subvolume{{Location: "a", Limit: 5}}}},
	} {
		c.opts.Size = 512 * mib
		if _, err := Write(context.Background(), discard{}, c.src, c.opts); err == nil || fault.Of(err) == fault.Internal {
			t.Errorf("%s: %v", name, err)
		}
	}
}
