package fat

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fimg/fimg/internal/testtool"
	"github.com/fimg/fimg/internal/treetest"
	"github.com/fimg/fimg/partition/filesystem"
	"github.com/fimg/fimg/tree"
)

// esp is a tree with everything a FAT can hold.
func esp() *tree.Mem {
	m := tree.NewMem()
	at := time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC)
	add := func(name string, mode uint32, content string) {
		m.MkdirAll(filepath.Dir(name))
		m.Add(tree.Node{Path: name, Mode: tree.TypeFile | mode, MTime: at}, []byte(content))
	}
	add("EFI/BOOT/BOOTX64.EFI", 0o644, "first")
	add("EFI/BOOT/bootx64.efi", 0o644, "second wins")
	add("EFI/boot/fbx64.efi", 0o444, strings.Repeat("fallback", 10000))
	add("EFI/fedora/grub.cfg", 0o644, "set x=y\n")
	add("empty", 0o644, "")
	add(strings.Repeat("ä long name ", 18)+"end", 0o644, "long")
	for i := range 40 {
		add(fmt.Sprintf("many/a long name which is number %d.conf", i), 0o644, fmt.Sprint(i))
	}
	add("many/ALONGN~1.CON", 0o644, "in the way")
	add("many/.hidden", 0o644, "dot")
	add("many/a.b.c", 0o644, "dots")
	add("many/日本語.txt", 0o644, "wide")
	m.Add(tree.Node{Path: "void", Mode: tree.TypeDir | 0o755}, nil)
	return m
}

func image(t testing.TB, src tree.Tree, o Options) string {
	t.Helper()
	return treetest.Image(t, o.Size, func(f *os.File) error { return Write(context.Background(), f, src, o) })
}

func cases() map[string]Options {
	return map[string]Options{
		"fat12":      {Size: 4 << 20, Label: "SMALL"},
		"fat16":      {Size: 30 << 20, Bits: 16, Label: "EFI", Serial: 0x1234abcd},
		"fat16 odd":  {Size: 100<<20 + 512*7, Bits: 16, HiddenSectors: 6144},
		"fat16 4K":   {Size: 100 << 20, Bits: 16, SectorSize: 4096},
		"fat16 2G":   {Size: 2000 << 20, Bits: 16},
		"fat16 8M":   {Size: 8 << 20, Bits: 16},
		"fat32":      {Size: 600 << 20, Label: "EFI"},
		"fat32 64M":  {Size: 64 << 20, Bits: 32},
		"fat32 4K":   {Size: 512 << 20, Bits: 32, SectorSize: 4096},
		"fat32 1K":   {Size: 300 << 20, Bits: 32, ClusterSize: 1024},
		"fat32 200G": {Size: 200 << 30},
	}
}

func TestOracle(t *testing.T) {
	testtool.Need(t, "fsck.vfat", "mdir", "mcopy")
	for name, o := range cases() {
		t.Run(name, func(t *testing.T) {
			img := image(t, esp(), o)
			quiet := strings.Split(strings.TrimSpace(testtool.Run(t, "fsck.vfat", "-n", img)), "\n")
			if len(quiet) != 2 || !strings.Contains(quiet[1], "files,") {
				t.Errorf("fsck.vfat: %q", quiet)
			}
			if all := testtool.Run(t, "fsck.vfat", "-n", "-v", img); !strings.Contains(all, fmt.Sprintf("%d bit entries", o.Bits)) && o.Bits != 0 {
				t.Errorf("fsck.vfat: %s", all)
			}
			mtools(t, img)
			compare(t, img, o)
		})
	}
}

// mtools copies everything out and compares.
func mtools(t *testing.T, img string) {
	t.Helper()
	out := t.TempDir()
	cmd := exec.Command(testtool.Need(t, "mcopy")[0], "-s", "-m", "-n", "-i", img, "::", out)
	cmd.Env = append(os.Environ(), "TZ=UTC", "LC_ALL=C.UTF-8", "MTOOLS_SKIP_CHECK=1")
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("mcopy: %v\n%s", err, text)
	}
	names := map[string]bool{}
	err := filepath.WalkDir(out, func(p string, d os.DirEntry, err error) error {
		rel, _ := filepath.Rel(out, p)
		names[rel] = true
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"EFI/BOOT/BOOTX64.EFI": "second wins", "EFI/BOOT/fbx64.efi": strings.Repeat("fallback", 10000),
		"empty": "", "many/ALONGN~1.CON": "in the way", "many/a long name which is number 17.conf": "17",
		"many/日本語.txt": "wide", strings.Repeat("ä long name ", 18) + "end": "long"} {
		got, err := os.ReadFile(filepath.Join(out, name))
		if err != nil || string(got) != want {
			t.Errorf("%s: %.40q, %v", name, got, err)
		}
	}
	if len(names) != 55 {
		t.Errorf("%d names", len(names))
	}
	if info, err := os.Stat(filepath.Join(out, "EFI/fedora/grub.cfg")); err != nil || info.ModTime().Unix() != 1714979288 {
		t.Errorf("time %v, %v", info.ModTime(), err)
	}
}

// compare reads the image with Open.
func compare(t *testing.T, img string, o Options) {
	t.Helper()
	fs := treetest.Opened(t, img, Open)
	if i := fs.Info(); i.Label != o.Label || i.UUID != fmt.Sprintf("%04X-%04X", o.Serial>>16, o.Serial&0xffff) {
		t.Errorf("info %+v", i)
	}
	count := 0
	err := fs.Walk(context.Background(), func(n *tree.Node) error {
		count++
		if !n.IsFile() {
			return nil
		}
		file, err := fs.Open(n)
		if err != nil {
			return err
		}
		got, err := io.ReadAll(io.NewSectionReader(file, 0, n.Size))
		if err != nil || n.Path == "EFI/BOOT/fbx64.efi" && !bytes.Equal(got, bytes.Repeat([]byte("fallback"), 10000)) {
			t.Errorf("%s: %v", n.Path, err)
		}
		return nil
	})
	if err != nil || count != 55 {
		t.Errorf("%d nodes, %v", count, err)
	}
}

func TestRefuses(t *testing.T) {
	with := func(n tree.Node) *tree.Mem { m := tree.NewMem(); m.Add(n, []byte("x")); return m }
	for name, m := range map[string]*tree.Mem{
		"link":   with(tree.Node{Path: "l", Mode: tree.TypeLink | 0o777, Target: "x"}),
		"device": with(tree.Node{Path: "d", Mode: tree.TypeChar | 0o600}),
		"colon":  with(tree.Node{Path: "a:b", Mode: tree.TypeFile}),
		"dot":    with(tree.Node{Path: "a.", Mode: tree.TypeFile}),
		"utf8":   with(tree.Node{Path: "\xff", Mode: tree.TypeFile}),
	} {
		var bad *NameError
		if err := Write(context.Background(), nil, m, Options{Size: 30 << 20}); !errors.As(err, &bad) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, o := range map[string]Options{
		"bits": {Size: 1 << 20, Bits: 8}, "label": {Size: 1 << 20, Label: "twelve bytes"}, "chars": {Size: 1 << 20, Label: "a/b"},
		"sector": {Size: 1 << 20, SectorSize: 1000}, "huge": {Size: 1 << 50}, "fat16 5G": {Size: 5 << 30, Bits: 16},
	} {
		var bad *OptionError
		if err := Write(context.Background(), nil, tree.NewMem(), o); !errors.As(err, &bad) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestDepth reads back the deepest tree that is written.
func TestDepth(t *testing.T) {
	deep := func(levels int) *tree.Mem {
		m := tree.NewMem()
		name := strings.Repeat("d/", levels) + "file"
		m.MkdirAll(filepath.Dir(name))
		m.Add(tree.Node{Path: name, Mode: tree.TypeFile | 0o644}, []byte("deep"))
		return m
	}
	o := Options{Size: 8 << 20}
	if got := readBack(t, image(t, deep(maxDepth), o)); len(got.content) != maxDepth+1 {
		t.Errorf("%d names, want %d", len(got.content), maxDepth+1)
	}
	var bad *NameError
	if err := Write(context.Background(), nil, deep(maxDepth+1), o); !errors.As(err, &bad) {
		t.Errorf("deeper: %v", err)
	}
}

func TestTooSmall(t *testing.T) {
	m := tree.NewMem()
	m.Add(tree.Node{Path: "big", Mode: tree.TypeFile | 0o644}, make([]byte, 25<<20))
	for _, bits := range []int{0, 12, 16, 32} {
		o := Options{Size: 20 << 20, Bits: bits}
		var small *filesystem.TooSmallError
		if err := Write(context.Background(), nil, m, o); !errors.As(err, &small) {
			t.Fatalf("FAT%d: %v", bits, err)
		}
		size, err := Estimate(context.Background(), m, o)
		if err != nil {
			t.Fatal(err)
		}
		o.Size = size
		image(t, m, o)
	}
}

// TestFullRoot fills the root directory of FAT12 and FAT16 to its last entry, and
// goes on with FAT32 where the kind is free.
func TestFullRoot(t *testing.T) {
	names := func(n int) tree.Tree {
		m := tree.NewMem()
		for i := range n {
			m.Add(tree.Node{Path: fmt.Sprintf("F%d", i), Mode: tree.TypeFile | 0o644}, nil)
		}
		return m
	}
	for _, c := range []struct{ bits, sector, names int }{{12, 512, 65519}, {16, 512, 65519}, {16, 4096, 65407}} {
		o := Options{Size: 64 << 20, Bits: c.bits, SectorSize: c.sector, Label: "FULL"}
		if n := count(t, image(t, names(c.names), o)); n != c.names+1 {
			t.Errorf("%+v: %d nodes", c, n)
		}
		var bad *NameError
		err := Write(t.Context(), nil, names(c.names+1), o)
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), fmt.Sprintf("room for %d entries in the root directory, these names need %d", c.names+1, c.names+2)) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	o := Options{Size: 20 << 20}
	src := names(65525)
	var small *filesystem.TooSmallError
	if err := Write(t.Context(), nil, src, o); !errors.As(err, &small) {
		t.Fatal(err)
	}
	size, err := Estimate(t.Context(), src, o)
	if err != nil || small.Needed > size || size > 64<<20 {
		t.Fatalf("%d bytes, at first %d, %v", size, small.Needed, err)
	}
	o.Size = size
	if n := count(t, image(t, src, o)); n != 65526 {
		t.Errorf("%d nodes", n)
	}
}

// count walks an image.
func count(t *testing.T, img string) (n int) {
	t.Helper()
	fs := treetest.Opened(t, img, Open)
	if err := fs.Walk(t.Context(), func(*tree.Node) error { n++; return nil }); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestSame(t *testing.T) {
	o := Options{Size: 30 << 20, Bits: 16, Label: "EFI"}
	a, _ := os.ReadFile(image(t, esp(), o))
	b, _ := os.ReadFile(image(t, esp(), o))
	if !bytes.Equal(a, b) {
		t.Error("two images differ")
	}
}

// padded is a device with zeros after its bytes.
type padded []byte

func (p padded) ReadAt(b []byte, at int64) (int, error) {
	clear(b)
	if at < int64(len(p)) {
		copy(b, p[at:])
	}
	return len(b), nil
}

func FuzzOpen(f *testing.F) {
	for _, o := range []Options{{Size: 512 << 10}, {Size: 8 << 20, Bits: 16}, {Size: 40 << 20, Bits: 32, ClusterSize: 512}} {
		raw, err := os.ReadFile(image(f, esp(), o))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw[:64<<10], o.Size)
	}
	f.Fuzz(func(t *testing.T, raw []byte, size int64) {
		fs, err := Open(padded(raw), min(size, 64<<20))
		if err != nil {
			return
		}
		fs.Info()
		_ = fs.Walk(context.Background(), func(n *tree.Node) error {
			if n.IsFile() {
				if file, err := fs.Open(n); err == nil {
					_, _ = file.ReadAt(make([]byte, 600), 0)
				}
			}
			return nil
		})
	})
}

func FuzzShortNames(f *testing.F) {
	f.Add("a long name.conf", "A LONG NAME.CON")
	f.Fuzz(func(t *testing.T, a, b string) {
		m := tree.NewMem()
		if strings.Contains(a, "/") || strings.Contains(b, "/") {
			return
		}
		m.Add(tree.Node{Path: a, Mode: tree.TypeFile}, nil)
		m.Add(tree.Node{Path: b, Mode: tree.TypeFile}, nil)
		c, err := collect(context.Background(), m)
		if err != nil {
			return
		}
		if s := c.root.sorted; len(s) == 2 && s[0].short == s[1].short {
			t.Errorf("%q and %q have the same short name %q", a, b, s[0].short)
		}
	})
}
