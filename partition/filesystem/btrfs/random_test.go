package btrfs

import (
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/fimg/fimg/internal/testtool"
)

// randomOptions draws any mixture of options that the kernel mounts on a machine
// with small pages, that every checker knows and that change no attribute of files.
func randomOptions(r *rand.Rand) Options {
	o := Options{
		Compression: Compression{Algo: []Algo{None, Zlib, LZO, ZSTD}[r.IntN(4)], Force: r.IntN(3) == 0},
		Checksum:    []Checksum{CRC32C, XXHash64, SHA256, Blake2b}[r.IntN(4)],
		NodeSize:    []int{0, 4096, 8192, 16384, 32768, 65536}[r.IntN(6)], MetadataSingle: r.IntN(2) == 0,
		NoFreeSpaceTree: r.IntN(5) == 0, NoHolesDisabled: r.IntN(4) == 0,
		MaxInline: []int{0, 0, -1, 100, 4000}[r.IntN(5)], Quota: []Quota{QuotaOff, QuotaOff, QuotaFull}[r.IntN(3)],
		Root: "@", RootDefault: r.IntN(2) == 0, Subvolumes: subvolumes,
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

// TestRandom puts random trees with random options to the checker and to the kernel,
// which then changes half of it.
func TestRandom(t *testing.T) {
	testtool.NeedRoot(t)
	for n := range testtool.Sets(4) {
		opts := randomOptions(rand.New(rand.NewPCG(n, 9)))
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			src := kernelTree(1000 + n)
			file := image(t, src, opts)
			check(t, file)
			dir := testtool.Mount(t, file, "noatime,subvolid=5")
			compareMounted(t, src, dir)
			testtool.Run(t, "btrfs", "scrub", "start", "-B", dir)
			_ = exec.Command("chattr", "-i", "-a", filepath.Join(dir, "top/fixed")).Run()
			work(t, dir)
			testtool.Run(t, "umount", dir)
			check(t, file)
			if t.Failed() {
				t.Logf("options were %+v", opts)
			}
		})
	}
}
