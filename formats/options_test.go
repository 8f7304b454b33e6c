package formats_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fimg/fimg/formats"
	"github.com/fimg/fimg/formats/disk"
	"github.com/fimg/fimg/internal/testtool"
)

// optionSets are choices for a qcow2 image that qemu-img, too, can make.
var optionSets = []string{
	"compat=0.10", "compat=1.1", "compression_type=zstd", "lazy_refcounts=on", "refcount_bits=1", "refcount_bits=64",
	"preallocation=metadata", "preallocation=falloc", "preallocation=full", "compat=0.10,preallocation=metadata",
}

// TestEveryClusterSize has qemu-img judge every size of clusters with every set of
// options, and reads what qemu-img makes of them.
func TestEveryClusterSize(t *testing.T) {
	path, src := sample(t, 6<<20|512, disk.Range{Offset: 0, Length: 300_000}, disk.Range{Offset: 1<<20 + 512, Length: 700},
		disk.Range{Offset: 4<<20 + 12_288, Length: 200_000}, disk.Range{Offset: 6 << 20, Length: 512})
	want := print(t, src)
	step := 1
	if testing.Short() {
		step = 6
	}
	for bits := 9; bits <= 21; bits += step {
		for _, set := range optionSets {
			options := fmt.Sprintf("%s,cluster_size=%d", set, 1<<bits)
			t.Run(options, func(t *testing.T) {
				t.Parallel()
				ours := write(t, src, "qcow2", options)
				judge(t, path, ours, "qcow2")
				theirs := filepath.Join(t.TempDir(), "theirs")
				args := []string{"convert", "-O", "qcow2", "-o", options}
				if !strings.Contains(set, "preallocation") {
					args = append(args, "-c")
				}
				testtool.Run(t, "qemu-img", append(args, path, theirs)...)
				for _, name := range []string{ours, theirs} {
					image, err := formats.Open(t.Context(), name, formats.OpenOptions{})
					if err != nil {
						t.Fatal(err)
					}
					if image.Size() != src.Size() || print(t, image) != want {
						t.Errorf("%s: read as %d bytes, not the same", filepath.Base(name), image.Size())
					}
					image.Close()
				}
			})
		}
	}
}

// judge has qemu-img check an image, compare it with the disk and tell its size.
func judge(t *testing.T, raw, image, driver string) {
	t.Helper()
	testtool.Run(t, "qemu-img", "compare", "-f", "raw", "-F", driver, raw, image)
	if driver != "vpc" { // which it cannot check
		testtool.Run(t, "qemu-img", "check", "-f", driver, image)
	}
	var info struct {
		Size int64 `json:"virtual-size"`
	}
	text := testtool.Run(t, "qemu-img", "info", "--output=json", "-f", driver, image)
	if err := json.Unmarshal([]byte(text), &info); err != nil || info.Size < size(t, raw) {
		t.Errorf("qemu-img tells %d bytes: %v", info.Size, err)
	}
}

func size(t *testing.T, name string) int64 {
	t.Helper()
	st, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	return st.Size()
}

// TestEverySize goes from one sector to 10 TB, in both directions.
func TestEverySize(t *testing.T) {
	for _, bytes := range []int64{512, 4096, 1 << 20, 1<<20 + 512, 127<<20 - 512, 1 << 30, 1e12 / 512 * 512, 10 << 40} {
		tail := min(bytes, 70_144)
		path, src := sample(t, bytes, disk.Range{Offset: 0, Length: min(bytes, 512)}, disk.Range{Offset: bytes - tail, Length: tail})
		want := print(t, src)
		for _, c := range []struct{ format, options, driver string }{
			{"qcow2", "", "qcow2"}, {"qcow2", "compression_type=zstd", "qcow2"}, {"vhd", "force_size", "vpc"},
			{"vhd-fixed", "force_size", "vpc"}, {"vmdk", "", "vmdk"}, {"vmdk", "subformat=streamOptimized", "vmdk"},
		} {
			if bytes > 2<<40 && c.format != "qcow2" {
				continue // TestTenTerabytes: they are refused
			}
			t.Run(fmt.Sprintf("%d %s %s", bytes, c.format, c.options), func(t *testing.T) {
				judge(t, path, write(t, src, c.format, c.options), c.driver)
				checkTheirs(t, path, c.driver, c.format, c.options, want)
			})
		}
	}
}

// checkTheirs reads what qemu-img makes of a disk.
func checkTheirs(t *testing.T, path, driver, format, options string, want [32]byte) {
	t.Helper()
	if format == "vhd-fixed" {
		options = "subformat=fixed," + options
	}
	args := []string{"convert", "-O", driver}
	if options != "" {
		args = append(args, "-o", options)
	}
	if format == "qcow2" {
		args = append(args, "-c")
	}
	theirs := filepath.Join(t.TempDir(), "theirs")
	testtool.Run(t, "qemu-img", append(args, path, theirs)...)
	image, err := formats.Open(t.Context(), theirs, formats.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer image.Close()
	if image.Format != format || print(t, image) != want {
		t.Errorf("qemu-img's is read as %s, not the same", image.Format)
	}
}
