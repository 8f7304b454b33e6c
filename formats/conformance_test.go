package formats_test

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/fimg/fimg/fault"
	"github.com/fimg/fimg/formats"
	"github.com/fimg/fimg/formats/compress"
	"github.com/fimg/fimg/formats/disk"
	"github.com/fimg/fimg/formats/gce"
	"github.com/fimg/fimg/formats/ordered"
	"github.com/fimg/fimg/formats/qcow2"
	"github.com/fimg/fimg/formats/raw"
	"github.com/fimg/fimg/formats/vagrant"
	"github.com/fimg/fimg/formats/vhd"
	"github.com/fimg/fimg/formats/vmdk"
)

// variant is a format with options. Packed ones cannot skip holes when they are
// read back.
type variant struct {
	name, options string
	packed        bool
}

var variants = []variant{
	{"raw", "", false}, {"qcow2", "", false}, {"qcow2", "compat=0.10,cluster_size=4k", false},
	{"qcow2", "compression_type=zstd,cluster_size=2M", false},
	{"vhd", "", false}, {"vhd", "force_size", false}, {"vhd-fixed", "force_size", false},
	{"vmdk", "", false}, {"vmdk", "subformat=streamOptimized", false},
	{"gce", "", true}, {"raw.gz", "", true}, {"raw.xz", "", true}, {"raw.zst", "", true},
}

// shape is a disk to convert.
type shape struct {
	size int64
	data []disk.Range
	huge bool // too large to read back from a packed format
}

func shapes() map[string]shape {
	list := map[string]shape{
		"nothing": {size: 0}, "one byte": {1, []disk.Range{{Offset: 0, Length: 1}}, false},
		"4K": {4096, []disk.Range{{Offset: 0, Length: 4096}}, false}, "hole": {size: 5 << 20},
		"last partial": {3<<20 + 70_001, []disk.Range{{Offset: 3 << 20, Length: 70_001}}, false},
		"full":         {6 << 20, []disk.Range{{Offset: 0, Length: 6 << 20}}, false},
		"1 TB":         {1e12, []disk.Range{{Offset: 0, Length: 4096}, {Offset: 7e11, Length: 100_000}, {Offset: 1e12 - 4096, Length: 4096}}, true},
	}
	rnd := rand.New(rand.NewPCG(7, 7))
	for i := range 4 {
		s := shape{size: 8<<20 + rnd.Int64N(32<<20)}
		for at := rnd.Int64N(1 << 20); at < s.size; {
			n := min(1+rnd.Int64N(1<<(6+rnd.IntN(15))), s.size-at)
			s.data = append(s.data, disk.Range{Offset: at, Length: n})
			at += n + 1 + rnd.Int64N(3<<20)
		}
		list[fmt.Sprint("random ", i)] = s
	}
	return list
}

// print is a digest of what a disk holds, blind to its size and its holes.
func print(t testing.TB, src formats.Source) [sha256.Size]byte {
	t.Helper()
	h := sha256.New()
	err := disk.Share(t.Context(), src, []disk.Writer{func(_ context.Context, s *disk.Stream) error {
		for c, err := range s.Chunks() {
			if err != nil {
				return err
			}
			for at := 0; at < len(c.Data); at += 512 {
				var block [520]byte
				copy(block[8:], c.Data[at:min(at+512, len(c.Data))])
				if disk.IsZero(block[8:]) {
					continue
				}
				binary.LittleEndian.PutUint64(block[:], uint64(c.Offset)+uint64(at))
				h.Write(block[:])
			}
			c.Release()
		}
		return nil
	}}, disk.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return [sha256.Size]byte(h.Sum(nil))
}

func TestConformance(t *testing.T) {
	for name, s := range shapes() {
		t.Run(name, func(t *testing.T) {
			_, src := sample(t, s.size, s.data...)
			want := print(t, src)
			dir := t.TempDir()
			var outputs []formats.Output
			var made []variant
			for i, v := range variants {
				if s.huge && v.packed {
					continue
				}
				made = append(made, v)
				outputs = append(outputs, output(t, v.name, v.options, filepath.Join(dir, fmt.Sprint(i, ".", format(t, v.name).Suffix))))
			}
			if _, err := formats.Write(t.Context(), src, outputs, formats.Options{Workers: 3}); err != nil {
				t.Fatal(err)
			}
			for i, v := range made {
				image, err := formats.Open(t.Context(), outputs[i].Path, formats.OpenOptions{TempDir: dir})
				if err != nil {
					t.Errorf("%s %s: %v", v.name, v.options, err)
					continue
				}
				if image.Format != v.name || image.Size() < s.size || print(t, image) != want {
					t.Errorf("%s %s: comes back as %s of %d bytes, not the same", v.name, v.options, image.Format, image.Size())
				}
				image.Close()
			}
		})
	}
}

// makers make every format into an injected target.
func makers(t testing.TB) map[string]func(disk.Target, io.Writer) disk.Writer {
	pool := ordered.NewPool(2)
	must := func(w disk.Writer, err error) disk.Writer {
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	return map[string]func(disk.Target, io.Writer) disk.Writer{
		"raw":       func(f disk.Target, _ io.Writer) disk.Writer { return raw.Writer(f) },
		"qcow2":     func(f disk.Target, _ io.Writer) disk.Writer { return must(qcow2.Writer(f, pool, qcow2.Options{})) },
		"vhd":       func(f disk.Target, _ io.Writer) disk.Writer { return vhd.Writer(f, vhd.Options{}) },
		"vhd-fixed": func(f disk.Target, _ io.Writer) disk.Writer { return vhd.Writer(f, vhd.Options{Fixed: true}) },
		"vmdk":      func(f disk.Target, _ io.Writer) disk.Writer { return must(vmdk.Writer(f, pool, vmdk.Options{})) },
		"stream": func(f disk.Target, _ io.Writer) disk.Writer {
			return must(vmdk.Writer(f, pool, vmdk.Options{Subformat: vmdk.StreamOptimized}))
		},
		"gce":    func(_ disk.Target, f io.Writer) disk.Writer { return gce.Writer(f, pool, gce.Options{}) },
		"raw.gz": func(_ disk.Target, f io.Writer) disk.Writer { return raw.Packed(f, pool, compress.Gzip) },
		"raw.xz": func(_ disk.Target, f io.Writer) disk.Writer { return raw.Packed(f, pool, compress.XZ) },
		"raw.zst": func(_ disk.Target, f io.Writer) disk.Writer {
			return raw.Packed(f, pool, compress.Zstd)
		},
		"box": func(_ disk.Target, f io.Writer) disk.Writer {
			return must(vagrant.Writer(f, pool, vagrant.Options{Provider: vagrant.Libvirt, TempDir: t.TempDir()}))
		},
	}
}

var errFull = errors.New("no space left")

// faulty takes so many bytes and then fails or falls short.
type faulty struct {
	left  int
	short bool
}

func (f *faulty) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left >= 0 {
		return len(p), nil
	}
	if f.short {
		return len(p) / 2, nil
	}
	return 0, errFull
}

func (f *faulty) WriteAt(p []byte, _ int64) (int, error) { return f.Write(p) }
func (f *faulty) Truncate(int64) error                   { return nil }

func TestFailingWrites(t *testing.T) {
	_, src := medium(t)
	for name, make := range makers(t) {
		for _, short := range []bool{false, true} {
			for _, left := range []int{0, 100_000} {
				want := errFull
				if short {
					want = io.ErrShortWrite
				}
				f := &faulty{left, short}
				err := disk.Share(t.Context(), src, []disk.Writer{make(f, f)}, disk.Options{})
				if !errors.Is(err, want) {
					t.Errorf("%s with %d bytes of room: got %v, want %v", name, left, err, want)
				}
			}
		}
	}
}

// endless is a disk that never runs out and cancels the work on the way.
type endless struct {
	cancel context.CancelFunc
	rnd    *rand.ChaCha8
}

func (e *endless) Size() int64                 { return 1 << 40 }
func (e *endless) Data() ([]disk.Range, error) { return disk.Whole(1 << 40), nil }
func (e *endless) ReadAt(p []byte, at int64) (int, error) {
	if at > 40<<20 {
		e.cancel()
	}
	return e.rnd.Read(p)
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	dir := t.TempDir()
	var outputs []formats.Output
	for i, f := range formats.All() {
		if f.Name != "vmdk" { // its name is taken by the .vmx
			outputs = append(outputs, formats.Output{Format: f, Path: filepath.Join(dir, fmt.Sprint(i))})
		}
	}
	outputs = append(outputs, output(t, "vmdk", "", filepath.Join(dir, "x.vmdk")))
	src := &endless{cancel, rand.NewChaCha8([32]byte{})}
	if _, err := formats.Write(ctx, src, outputs, formats.Options{Workers: 2}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 0 {
		t.Errorf("%v remain, %v", left, err)
	}
}

func TestSameBits(t *testing.T) {
	_, src := medium(t)
	var first map[string][sha256.Size]byte
	for _, workers := range []int{1, 5} {
		dir := t.TempDir()
		var outputs []formats.Output
		for _, f := range formats.All() {
			outputs = append(outputs, formats.Output{Format: f, Path: filepath.Join(dir, "out."+f.Suffix)})
		}
		files, err := formats.Write(t.Context(), src, outputs, formats.Options{Workers: workers})
		if err != nil {
			t.Fatal(err)
		}
		if len(files) != len(outputs)+1 {
			t.Errorf("%d files, want one for each output and a .vmx", len(files))
		}
		sums := map[string][sha256.Size]byte{}
		for _, f := range files {
			content, err := os.ReadFile(f.Path)
			if err != nil {
				t.Fatal(err)
			}
			sums[filepath.Base(f.Path)] = sha256.Sum256(content)
		}
		for name, sum := range first {
			if sums[name] != sum {
				t.Errorf("%s depends on the number of workers", name)
			}
		}
		first = sums
	}
}

// watched is a disk that looks at a directory when it is read.
type watched struct {
	formats.Source
	dir  string
	seen map[string]bool
}

func (w *watched) ReadAt(p []byte, at int64) (int, error) {
	list, err := os.ReadDir(w.dir)
	for _, e := range list {
		w.seen[e.Name()] = true
	}
	if err != nil {
		return 0, err
	}
	return w.Source.ReadAt(p, at)
}

// What is not whole has no name, so that a killed program leaves nothing.
func TestNameless(t *testing.T) {
	_, src := medium(t)
	w := &watched{src, t.TempDir(), map[string]bool{}}
	name := filepath.Join(w.dir, "x.vmdk")
	if _, err := formats.Write(t.Context(), w, []formats.Output{output(t, "vmdk", "", name)}, formats.Options{}); err != nil {
		t.Fatal(err)
	}
	fd, err := unix.Open(w.dir, unix.O_TMPFILE|unix.O_RDWR, 0o600) // older kernels cannot on overlayfs
	unix.Close(fd)
	if len(w.seen) > 0 && err == nil {
		t.Errorf("seen on the way: %v", w.seen)
	}
	if list, err := os.ReadDir(w.dir); err != nil || len(list) != 2 {
		t.Errorf("written: %v, %v", list, err)
	}
	if err := os.Mkdir(filepath.Join(w.dir, "d.qcow2"), 0o755); err != nil {
		t.Fatal(err)
	}
	_, err = formats.Write(t.Context(), src, []formats.Output{output(t, "raw", "", filepath.Join(w.dir, "x.raw")),
		output(t, "qcow2", "", filepath.Join(w.dir, "d.qcow2"))}, formats.Options{})
	if fault.Of(err) != fault.Usage {
		t.Errorf("a directory in the way: %v", err)
	}
	if list, err := os.ReadDir(w.dir); err != nil || len(list) != 3 {
		t.Errorf("after a failure: %v, %v", list, err)
	}
}
