package formats_test

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/fimg/fimg/formats"
	"github.com/fimg/fimg/formats/disk"
	"github.com/fimg/fimg/internal/testtool"
)

func TestOursReadQemus(t *testing.T) {
	path, src := medium(t)
	want := print(t, src)
	for _, c := range []struct {
		driver, format string
		args           []string
	}{
		{"qcow2", "qcow2", nil}, {"qcow2", "qcow2", []string{"-c"}}, {"qcow2", "qcow2", []string{"-o", "compat=0.10"}},
		{"qcow2", "qcow2", []string{"-c", "-o", "compression_type=zstd,cluster_size=4k"}},
		{"qcow2", "qcow2", []string{"-o", "preallocation=metadata,refcount_bits=1"}},
		{"vpc", "vhd", nil}, {"vpc", "vhd-fixed", []string{"-o", "subformat=fixed,force_size"}},
		{"vmdk", "vmdk", nil}, {"vmdk", "vmdk", []string{"-o", "subformat=streamOptimized"}},
	} {
		out := filepath.Join(t.TempDir(), "image")
		testtool.Run(t, "qemu-img", append(append([]string{"convert", "-O", c.driver}, c.args...), path, out)...)
		image, err := formats.Open(t.Context(), out, formats.OpenOptions{})
		if err != nil {
			t.Errorf("%s %q: %v", c.driver, c.args, err)
			continue
		}
		if image.Format != c.format || print(t, image) != want {
			t.Errorf("%s %q: read as %s, not the same", c.driver, c.args, image.Format)
		}
		image.Close()
	}
}

func TestTenTerabytes(t *testing.T) {
	path, src := sample(t, 10<<40, disk.Range{Offset: 5 << 40, Length: 1 << 20}, disk.Range{Offset: 10<<40 - 4096, Length: 4096})
	for _, c := range []struct{ name, options, driver string }{{"qcow2", "", "qcow2"}, {"raw", "", "raw"}} {
		out := write(t, src, c.name, c.options)
		testtool.Run(t, "qemu-img", "compare", "-f", "raw", "-F", c.driver, path, out)
	}
	tar := write(t, src, "gce", "")
	if list := testtool.Run(t, "tar", "--numeric-owner", "-tvzf", tar); list != "-rw-r--r-- 0/0  10995116277760 2023-11-14 22:13 disk.raw\n" {
		t.Errorf("tar lists %q", list)
	}
	for name, options := range map[string]string{"vhd": "force_size", "vhd-fixed": "", "vmdk": ""} {
		o := output(t, name, options, filepath.Join(t.TempDir(), "x"+name))
		if _, err := formats.Write(t.Context(), src, []formats.Output{o}, formats.Options{}); err == nil {
			t.Errorf("a %s of 10 TB is made", name)
		}
	}
}

func TestTwoTerabytesAlmost(t *testing.T) {
	_, src := sample(t, 2000<<30, disk.Range{Offset: 1999 << 30, Length: 1 << 20})
	for _, c := range []struct{ name, options, driver string }{
		{"vhd", "force_size", "vpc"}, {"vhd", "", "vpc"}, {"vhd-fixed", "force_size", "vpc"},
		{"vmdk", "", "vmdk"}, {"vmdk", "subformat=streamOptimized", "vmdk"},
	} {
		out := write(t, src, c.name, c.options)
		var info struct {
			Size int64 `json:"virtual-size"`
		}
		text := testtool.Run(t, "qemu-img", "info", "--output=json", "-f", c.driver, out)
		if err := json.Unmarshal([]byte(text), &info); err != nil || info.Size != 2000<<30 {
			t.Errorf("%s %s: virtual size %d, %v", c.name, c.options, info.Size, err)
		}
		image, err := formats.Open(t.Context(), out, formats.OpenOptions{})
		if err != nil || print(t, image) != print(t, src) {
			t.Errorf("%s %s: not the same: %v", c.name, c.options, err)
		}
	}
}
