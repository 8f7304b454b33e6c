package btrfs

import (
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fimg/fimg/internal/testtool"
	"github.com/fimg/fimg/internal/treetest"
	"github.com/fimg/fimg/tree"
)

// randomOptions draws any mixture of options that change no attribute of files.
func randomOptions(r *rand.Rand) Options {
	o := Options{
		Compression: Compression{Algo: []Algo{None, Zlib, LZO, ZSTD}[r.IntN(4)], Force: r.IntN(3) == 0},
		Checksum:    []Checksum{CRC32C, XXHash64, SHA256, Blake2b}[r.IntN(4)],
		NodeSize:    []int{0, 4096, 8192, 16384, 32768, 65536}[r.IntN(6)], MetadataSingle: r.IntN(2) == 0,
		NoFreeSpaceTree: r.IntN(5) == 0, NoHolesDisabled: r.IntN(4) == 0,
		MaxInline: []int{0, 0, -1, 100, 4000}[r.IntN(5)], Quota: []Quota{QuotaOff, QuotaOff, QuotaFull, QuotaSimple}[r.IntN(4)],
		SectorSize: []int{0, 0, 0, 16384}[r.IntN(4)], Root: "@", RootDefault: r.IntN(2) == 0, Subvolumes: subvolumes,
	}
	if o.SectorSize > o.NodeSize {
		o.NodeSize = 0
	}
	switch o.Compression.Algo {
	case ZSTD:
		o.Compression.Level = r.IntN(16)
	case Zlib:
		o.Compression.Level = r.IntN(10)
	}
	o.BlockGroupTree = !o.NoFreeSpaceTree && !o.NoHolesDisabled && r.IntN(3) == 0 // it needs both
	return o
}

// TestRandom puts random trees with random options to the checker, our reader and
// the kernel, which then changes half of it. Checkers before 6.7 do not know simple
// quotas, and kernels with small pages no larger sectors.
func TestRandom(t *testing.T) {
	testtool.NeedRoot(t)
	for n := range testtool.Sets(6) {
		opts := randomOptions(rand.New(rand.NewPCG(n, 9)))
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			src := kernelTree(1000 + n)
			file := image(t, src, opts)
			checked := opts.Quota != QuotaSimple || knowsSimpleQuotas(t)
			if checked {
				check(t, file)
			}
			readRandom(t, src, file, opts)
			if opts.SectorSize <= 4096 {
				mountRandom(t, src, file, opts)
			}
			if checked {
				check(t, file)
			}
			if t.Failed() {
				t.Logf("options were %+v", opts)
			}
		})
	}
}

// mountRandom has the kernel read and change a file system.
func mountRandom(t *testing.T, src tree.Tree, file string, opts Options) {
	t.Helper()
	dir := testtool.Mount(t, file, "noatime,subvolid=5")
	compareMounted(t, src, dir)
	testtool.Run(t, "btrfs", "scrub", "start", "-B", dir)
	if opts.Quota != QuotaOff {
		sameQuotas(t, dir, opts.Quota)
	}
	_ = exec.Command("chattr", "-i", "-a", filepath.Join(dir, "top/fixed")).Run()
	work(t, dir)
	testtool.Run(t, "umount", dir)
}

// readRandom compares everything our reader shows with the input.
func readRandom(t *testing.T, src tree.Tree, file string, opts Options) {
	t.Helper()
	fs := openImage(t, file)
	if err := fs.Verify(t.Context()); err != nil {
		t.Error(err)
	}
	for below, c := range map[string]struct {
		at     string
		pruned []string
	}{".": {"@", []string{"d0", "d1"}}, "d0": {"@/d0", nil}, "d1": {"top", nil}} {
		v, err := fs.Volume(c.at)
		if err != nil {
			t.Fatal(err)
		}
		got := nodesOf(t, v, ".")
		delete(got, "some") // made for the subvolume below
		delete(got, "some/else")
		sameInSectors(t, int64(max(opts.SectorSize, 4096)), src, v, nodesOf(t, src, below, c.pruned...), got)
	}
}

func openImage(t *testing.T, file string) *FS {
	t.Helper()
	return treetest.Opened(t, file, Open)
}

// sameQuotas compares what subvolumes are said to use with what the kernel counts;
// of simple quotas, which it does not count again, only that it shows them.
func sameQuotas(t *testing.T, dir string, kind Quota) {
	t.Helper()
	before := testtool.Run(t, "btrfs", "qgroup", "show", "--raw", dir)
	for _, id := range []string{"0/5", "0/256", "0/257", "0/258", "0/259"} {
		if !strings.Contains(before, id) {
			t.Errorf("no %s in\n%s", id, before)
		}
	}
	if kind == QuotaSimple {
		return
	}
	testtool.Run(t, "btrfs", "quota", "rescan", "-w", dir)
	if after := testtool.Run(t, "btrfs", "qgroup", "show", "--raw", dir); after != before {
		t.Errorf("subvolumes are said to use\n%s\nthe kernel counts\n%s", before, after)
	}
}

// knowsSimpleQuotas tells whether the checker is of btrfs-progs 6.7 or later.
func knowsSimpleQuotas(t *testing.T) bool {
	t.Helper()
	var major, minor int
	said := testtool.Run(t, "btrfs", "version")
	if _, err := fmt.Sscanf(said, "btrfs-progs v%d.%d", &major, &minor); err != nil {
		t.Fatalf("btrfs version: %q: %v", said, err)
	}
	return major > 6 || major == 6 && minor >= 7
}
