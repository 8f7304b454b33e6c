package formats_test

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/fimg/fimg/formats"
	"github.com/fimg/fimg/formats/disk"
	"github.com/fimg/fimg/internal/testtool"
)

// sample makes a sparse raw disk of the size with data in the given ranges.
func sample(t testing.TB, size int64, ranges ...disk.Range) (string, formats.Source) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "disk.raw")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	if err := f.Truncate(size); err != nil {
		t.Fatal(err)
	}
	rnd := rand.New(rand.NewPCG(1, uint64(size)))
	for _, r := range ranges {
		if _, err := f.WriteAt(content(rnd, r.Length), r.Offset); err != nil {
			t.Fatal(err)
		}
	}
	src, err := disk.File(f)
	if err != nil {
		t.Fatal(err)
	}
	return path, src
}

// content is half text that packs well and half noise, with zeros between.
func content(rnd *rand.Rand, n int64) []byte {
	b := make([]byte, n)
	for at := 0; at < len(b); {
		run := b[at:min(at+1+rnd.IntN(200_000), len(b))]
		switch rnd.IntN(3) {
		case 0:
			copy(run, bytes.Repeat([]byte("the quick brown fox "), len(run)/20+1))
		case 1:
			for i := range run {
				run[i] = byte(rnd.Uint32())
			}
		}
		at += len(run)
	}
	return b
}

func format(t testing.TB, name string) formats.Format {
	t.Helper()
	f, err := formats.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestQcow2AgainstQemu(t *testing.T) {
	testtool.Need(t, "qemu-img")
	for _, options := range []string{
		"", "compat=0.10", "cluster_size=512", "cluster_size=2M", "compression_type=zstd",
		"lazy_refcounts", "refcount_bits=1", "refcount_bits=64", "refcount_bits=4,cluster_size=4k",
		"preallocation=metadata", "preallocation=full",
	} {
		t.Run(options, func(t *testing.T) {
			path, src := sample(t, 700<<20|512, disk.Range{Offset: 0, Length: 3 << 20},
				disk.Range{Offset: 10<<20 + 4096, Length: 70_000}, disk.Range{Offset: 699 << 20, Length: 1<<20 + 512})
			qemu, err := formats.ParseOptions(options)
			if err != nil {
				t.Fatal(err)
			}
			out := filepath.Join(t.TempDir(), "out.qcow2")
			_, err = formats.Write(t.Context(), src, []formats.Output{{
				Format: format(t, "qcow2"), Path: out, Settings: formats.Settings{Qemu: qemu}}}, formats.Options{})
			if err != nil {
				t.Fatal(err)
			}
			testtool.Run(t, "qemu-img", "check", "-f", "qcow2", out)
			testtool.Run(t, "qemu-img", "compare", "-f", "raw", "-F", "qcow2", path, out)
		})
	}
}
