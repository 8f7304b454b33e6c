package formats_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fimg/fimg/formats"
	"github.com/fimg/fimg/formats/disk"
	"github.com/fimg/fimg/internal/testtool"
)

// partitioned is a disk with a GUID partition table and some data.
func partitioned(t *testing.T, size int64, args ...string) (string, formats.Source) {
	t.Helper()
	testtool.Need(t, "sgdisk")
	path, _ := sample(t, size, disk.Range{Offset: 3 << 20, Length: 1 << 20}, disk.Range{Offset: size - 2<<20, Length: 100_000})
	testtool.Run(t, "sgdisk", append(args, path)...)
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	src, err := disk.File(f)
	if err != nil {
		t.Fatal(err)
	}
	return path, src
}

// TestGrownTables checks that the partition table of a disk that a format
// enlarges has its copy at the new end and keeps its partitions.
func TestGrownTables(t *testing.T) {
	for _, size := range []int64{100<<20 + 512*7, 33<<20 + 4096, 999<<20 + 512} {
		_, src := partitioned(t, size, "-n", "1:2048:+4M", "-n", "2:0:+8M", "-h", "1")
		_, plain := partitioned(t, size, "-n", "1:2048:+4M", "-n", "2:0:+8M")
		for _, c := range []struct{ name, options string }{
			{"gce", ""}, {"vhd", "force_size"}, {"vhd", ""}, {"vhd-fixed", "force_size"}, {"vhd-fixed", ""}, {"vagrant-virtualbox", ""},
		} {
			t.Run(fmt.Sprint(size, c), func(t *testing.T) {
				for _, src := range []formats.Source{src, plain} {
					checkTable(t, grownRaw(t, src, c.name, c.options), size)
				}
			})
		}
	}
}

// grownRaw writes the format and gets the raw disk back with other tools.
func grownRaw(t *testing.T, src formats.Source, name, options string) string {
	dir := t.TempDir()
	o := output(t, name, options, filepath.Join(dir, "image"))
	o.Settings.Vagrant.VirtualSize = 2
	if _, err := formats.Write(t.Context(), src, []formats.Output{o}, formats.Options{}); err != nil {
		t.Fatal(err)
	}
	out := o.Path
	raw := filepath.Join(dir, "disk.raw")
	driver := "vpc"
	switch name {
	case "gce":
		testtool.Run(t, "tar", "-C", dir, "-xSf", out)
		return raw
	case "vagrant-virtualbox":
		testtool.Run(t, "tar", "-C", dir, "-xf", out)
		out, driver = filepath.Join(dir, "box.vmdk"), "vmdk"
	}
	testtool.Run(t, "qemu-img", "convert", "-f", driver, "-O", "raw", out, raw)
	return raw
}

func checkTable(t *testing.T, raw string, before int64) {
	t.Helper()
	text := testtool.Run(t, "sgdisk", "-v", raw)
	if !strings.Contains(text, "No problems found") || strings.Contains(text, "Caution") || strings.Contains(text, "Warning") {
		t.Errorf("sgdisk: %s", text)
	}
	if info, err := os.Stat(raw); err != nil || info.Size() < before {
		t.Errorf("%v, %v: the disk shrank", info, err)
	}
	list := testtool.Run(t, "sgdisk", "-p", raw)
	if !strings.Contains(list, "4.0 MiB") {
		t.Errorf("partitions are lost: %s", list)
	}
}
