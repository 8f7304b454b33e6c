package main

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fimg/fimg/internal/testtool"
)

// hostile is a change to a proper image that makes it one to refuse.
type hostile struct {
	name, format string // of the proper image, with options after a space
	change       func(b []byte) []byte
}

func set64(at int, v uint64) func([]byte) []byte {
	return func(b []byte) []byte { binary.BigEndian.PutUint64(b[at:], v); return b }
}

func set32(at int, v uint32) func([]byte) []byte {
	return func(b []byte) []byte { binary.BigEndian.PutUint32(b[at:], v); return b }
}

func little32(at int, v uint32) func([]byte) []byte {
	return func(b []byte) []byte { binary.LittleEndian.PutUint32(b[at:], v); return b }
}

func little64(at int, v uint64) func([]byte) []byte {
	return func(b []byte) []byte { binary.LittleEndian.PutUint64(b[at:], v); return b }
}

func cut(n int) func([]byte) []byte { return func(b []byte) []byte { return b[:n] } }

func half(b []byte) []byte { return b[:len(b)/2] }

func swap(old, with string) func([]byte) []byte {
	return func(b []byte) []byte { return bytes.Replace(b, []byte(old), []byte(with), 1) }
}

// at64 reads where a table of a qcow2 image lies.
func at64(b []byte, at int) uint64 { return binary.BigEndian.Uint64(b[at:]) & (1<<56 - 512) }

// footer changes the footer of a VHD and, unless the image is fixed, its copy, and
// corrects the checksums.
func footer(at int, v uint32) func([]byte) []byte {
	return func(b []byte) []byte {
		for _, from := range []int{0, len(b) - 512} {
			f := b[from : from+512]
			if !bytes.HasPrefix(f, []byte("conectix")) {
				continue
			}
			binary.BigEndian.PutUint32(f[at:], v)
			seal(f, 64)
		}
		return b
	}
}

// header changes the dynamic header of a VHD.
func header(at int, v uint32) func([]byte) []byte {
	return func(b []byte) []byte {
		binary.BigEndian.PutUint32(b[512+at:], v)
		seal(b[512:1536], 36)
		return b
	}
}

func seal(b []byte, at int) {
	binary.BigEndian.PutUint32(b[at:], 0)
	sum := uint32(0)
	for _, c := range b {
		sum += uint32(c)
	}
	binary.BigEndian.PutUint32(b[at:], ^sum)
}

// grains finds the directory and the first table of a VMDK.
func grains(b []byte) (directory, table int) {
	directory = int(binary.LittleEndian.Uint64(b[56:])) * 512
	return directory, int(binary.LittleEndian.Uint32(b[directory:])) * 512
}

var hostiles = []hostile{
	{"backing file", "qcow2", set64(8, 4096)},
	{"data file", "qcow2", set64(72, 4)},
	{"name of a data file", "qcow2", func(b []byte) []byte { return set32(108, 8)(set32(104, 0x44415441)(b)) }},
	{"unknown feature", "qcow2", set64(72, 1<<30)},
	{"encrypted", "qcow2", set32(32, 2)},
	{"absurd size", "qcow2", set64(24, 1<<62)},
	{"L1 too short", "qcow2", set32(36, 0)},
	{"L1 too long", "qcow2", set32(36, 1<<31)},
	{"L1 is the header", "qcow2", set64(40, 0)},
	{"L1 is the refcount table", "qcow2", func(b []byte) []byte { return set64(40, at64(b, 48))(b) }},
	{"L1 outside", "qcow2", set64(40, 1<<50)},
	{"L2 is L1", "qcow2", func(b []byte) []byte { l1 := at64(b, 40); return set64(int(l1), l1)(b) }},
	{"L2 is the refcount table", "qcow2", func(b []byte) []byte { return set64(int(at64(b, 40)), at64(b, 48))(b) }},
	{"data is its L2", "qcow2", func(b []byte) []byte { l2 := at64(b, int(at64(b, 40))); return set64(int(l2), l2)(b) }},
	{"data is L1", "qcow2", func(b []byte) []byte { l1 := at64(b, 40); return set64(int(at64(b, int(l1))), l1)(b) }},
	{"refcount block is L1", "qcow2", func(b []byte) []byte { return set64(int(at64(b, 48)), at64(b, 40))(b) }},
	{"refcount block is its table", "qcow2", func(b []byte) []byte { return set64(int(at64(b, 48)), at64(b, 48))(b) }},
	{"refcount table outside", "qcow2", set64(48, 1<<50)},
	{"refcount table without end", "qcow2", set32(56, 1<<30)},
	{"twice the same cluster", "qcow2 preallocation=metadata", func(b []byte) []byte {
		l2 := int(at64(b, int(at64(b, 40))))
		copy(b[l2+8:l2+16], b[l2:l2+8])
		return b
	}},
	{"cut header", "qcow2", cut(100)}, {"cut", "qcow2", half},
	{"differencing", "vhd", footer(60, 4)}, {"differencing fixed", "vhd-fixed", footer(60, 4)},
	{"absurd size", "vhd", footer(48, 1<<30)}, {"absurd size fixed", "vhd-fixed", footer(48, 1<<20)},
	{"header outside", "vhd", footer(20, 1<<31)},
	{"table outside", "vhd", header(20, 1<<31)}, {"no entries", "vhd", header(28, 0)}, {"odd blocks", "vhd", header(32, 3)},
	{"block is the header", "vhd", set32(1536, 1)}, {"block outside", "vhd", set32(1536, 1<<30)},
	{"cut", "vhd", func(b []byte) []byte { return append(b[:4096:4096], b[len(b)-512:]...) }},
	{"parent", "vmdk", swap("parentCID=ffffffff", "parentCID=12345678")},
	{"flat extent elsewhere", "vmdk", swap("SPARSE \"", "FLAT \"/e")},
	{"extent elsewhere", "vmdk", swap("SPARSE \"i", "SPARSE \"/")},
	{"second extent", "vmdk", swap("# The Disk Data Base\n", "RW 1 SPARSE \"x\"\n#    ")},
	{"absurd size", "vmdk", little64(12, 1<<60)}, {"absurd grains", "vmdk", little64(20, 1<<40)}, {"long tables", "vmdk", little32(44, 1<<31)},
	{"directory outside", "vmdk", little64(56, 1<<40)},
	{"table is the directory", "vmdk", func(b []byte) []byte { d, _ := grains(b); return little32(d, uint32(d/512))(b) }},
	{"table outside", "vmdk", func(b []byte) []byte { d, _ := grains(b); return little32(d, 1<<31)(b) }},
	{"grain is its table", "vmdk", func(b []byte) []byte { _, t := grains(b); return little32(t, uint32(t/512))(b) }},
	{"grains overlap", "vmdk", func(b []byte) []byte { _, t := grains(b); copy(b[t+4:t+8], b[t:t+4]); return b }},
	{"grain outside", "vmdk", func(b []byte) []byte { _, t := grains(b); return little32(t, 1<<30)(b) }},
	{"cut", "vmdk", cut(30_000)}, {"cut", "vmdk subformat=streamOptimized", half},
	{"text alone", "raw", func([]byte) []byte { return []byte("# Disk DescriptorFile\nRW 8 FLAT \"/etc/passwd\" 0\n") }},
	{"cut", "raw.gz", half}, {"cut", "raw.xz", half}, {"cut", "raw.zst", half}, {"cut", "gce", half},
	{"changed", "raw.gz", func(b []byte) []byte { b[len(b)-6] ^= 1; return b }},
	{"changed", "raw.xz", func(b []byte) []byte { b[len(b)/2] ^= 1; return b }},
	{"changed", "raw.zst", func(b []byte) []byte { b[len(b)/2] ^= 1; return b }},
	{"no disk inside", "gce", swap("\x1f\x8b", "\x1f\x8c")},
}

// Whatever a stranger's image does, convert and inspect say so in one line with the
// documented exit status, and leave nothing.
func TestHostileImages(t *testing.T) {
	dir := t.TempDir()
	raw := filepath.Join(dir, "disk.raw")
	content := append(bytes.Repeat([]byte("hostile!"), 1<<17), make([]byte, 4<<20)...)
	if err := os.WriteFile(raw, content, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, h := range hostiles {
		t.Run(h.format+" "+h.name, func(t *testing.T) {
			format, options, _ := strings.Cut(h.format, " ")
			work := t.TempDir()
			image := filepath.Join(work, "image")
			args := []string{"convert", "-f", format, raw, image}
			if options != "" {
				args = append(args, "-o", options)
			} else if format == "qcow2" {
				args = append(args, "-o", "preallocation=metadata")
			}
			if code, _, text := convertRun(t, args...); code != 0 {
				t.Fatal(text)
			}
			os.Remove(image + ".vmx")
			good, err := os.ReadFile(image)
			if err == nil {
				err = os.WriteFile(image, h.change(good), 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
			from := format
			if h.name == "text alone" {
				from = ""
			}
			for _, args := range [][]string{{"convert", "--from", from, image, filepath.Join(work, "out.raw")}, {"inspect", image}} {
				if h.name == "no disk inside" && args[0] == "inspect" || strings.HasSuffix(h.name, "fixed") && args[0] == "inspect" {
					continue // nothing marks it as what it was
				}
				code, _, text := convertRun(t, args...)
				if code != 2 || strings.Count(text, "\n") > 2 || !strings.HasPrefix(text, "fimg: ") {
					t.Errorf("%s: exit status %d: %s", args[0], code, text)
				}
			}
			if left, _ := os.ReadDir(work); len(left) != 1 {
				t.Errorf("%v remain", left)
			}
		})
	}
}

// An image with snapshots is read as it is now.
func TestSnapshots(t *testing.T) {
	dir := t.TempDir()
	raw, image, back := dir+"/disk.raw", dir+"/image.qcow2", dir+"/back.raw"
	content := bytes.Repeat([]byte("now"), 700_000)[:2<<20]
	if err := os.WriteFile(raw, bytes.Repeat([]byte{7}, 2<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	testtool.Run(t, "qemu-img", "convert", "-f", "raw", "-O", "qcow2", raw, image)
	testtool.Run(t, "qemu-img", "snapshot", "-c", "before", image)
	if err := os.WriteFile(raw, content, 0o600); err != nil {
		t.Fatal(err)
	}
	testtool.Run(t, "qemu-img", "convert", "-n", "-f", "raw", "-O", "qcow2", raw, image)
	if code, _, text := convertRun(t, "convert", "--from", "qcow2", image, back); code != 0 {
		t.Fatal(text)
	}
	if got, err := os.ReadFile(back); err != nil || !bytes.Equal(got, content) {
		t.Errorf("it does not come back: %v", err)
	}
}
