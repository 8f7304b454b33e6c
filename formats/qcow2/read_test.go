package qcow2

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/fimg/fimg/formats/disk"
	"github.com/fimg/fimg/formats/ordered"
)

// memory is a file in memory.
type memory struct{ b []byte }

func (m *memory) WriteAt(p []byte, at int64) (int, error) {
	if need := int(at) + len(p); need > len(m.b) {
		m.b = append(m.b, make([]byte, need-len(m.b))...)
	}
	return copy(m.b[at:], p), nil
}

func (m *memory) Truncate(size int64) error {
	m.b = append(m.b, make([]byte, max(0, int(size)-len(m.b)))...)[:size]
	return nil
}

type source struct{ *bytes.Reader }

func (s source) Size() int64                 { return s.Reader.Size() }
func (s source) Data() ([]disk.Range, error) { return disk.Whole(s.Size()), nil }

func content() []byte {
	rnd := rand.New(rand.NewPCG(1, 1))
	b := make([]byte, 1<<20+512)
	for i := 200_000; i < 600_000; i++ {
		b[i] = byte(rnd.Uint32()) >> (i / 100_000)
	}
	return b
}

func made(t testing.TB, opts Options) []byte {
	t.Helper()
	out := &memory{}
	w, err := Writer(out, ordered.NewPool(2), opts)
	if err != nil {
		t.Fatal(err)
	}
	src := source{bytes.NewReader(content())}
	if err := disk.Share(t.Context(), src, []disk.Writer{w}, disk.Options{}); err != nil {
		t.Fatal(err)
	}
	return out.b
}

func open(raw []byte) (disk.Source, error) {
	return Open(bytes.NewReader(raw), int64(len(raw)))
}

func variants() map[string]Options {
	return map[string]Options{
		"default": {}, "v2": {Version: 2}, "zstd": {Compression: "zstd"}, "plain": {Compression: "none"},
		"512": {ClusterSize: 512}, "2M": {ClusterSize: 2 << 20}, "full": {Preallocation: PreallocFull}, "bits": {RefcountBits: 1},
	}
}

func TestReadBack(t *testing.T) {
	for name, opts := range variants() {
		src, err := open(made(t, opts))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got, err := io.ReadAll(io.NewSectionReader(src, 0, src.Size()))
		if err != nil || !bytes.Equal(got, content()) {
			t.Errorf("%s does not come back: %v", name, err)
		}
		part := make([]byte, 70_000)
		if _, err := src.ReadAt(part, 330_001); err != nil || !bytes.Equal(part, content()[330_001:400_001]) {
			t.Errorf("%s: a part does not come back: %v", name, err)
		}
	}
}

func put64(at int, v uint64) func([]byte) {
	return func(b []byte) { binary.BigEndian.PutUint64(b[at:], v) }
}

func put32(at int, v uint32) func([]byte) {
	return func(b []byte) { binary.BigEndian.PutUint32(b[at:], v) }
}

// l2 is where the L2 table of a plain image lies.
func l2(b []byte) int {
	return int(binary.BigEndian.Uint64(b[64<<10:]) & offsetMask)
}

func TestHostile(t *testing.T) {
	var reference *disk.ReferenceError
	for name, change := range map[string]func([]byte){
		"backing file": put64(8, 4096), "data file": put64(72, incompatDataFile),
		"data file name": func(b []byte) { put32(104, extDataFile)(b); put32(108, 8)(b) },
	} {
		raw := made(t, Options{})
		change(raw)
		if _, err := open(raw); !errors.As(err, &reference) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	var corrupt *disk.CorruptError
	for name, change := range map[string]func([]byte){
		"magic": put32(0, 1), "version": put32(4, 9), "encrypted": put32(32, 1), "huge": put64(24, 1<<60),
		"cluster bits": put32(20, 40), "tiny clusters": put32(20, 1), "short L1": put32(36, 0), "huge L1": put32(36, 1<<31),
		"L1 outside": put64(40, 1<<40), "L1 on the header": put64(40, 0), "feature": put64(72, 1<<40), "corrupt": put64(72, incompatCorrupt),
		"refcount outside": put64(48, 1<<50), "refcount huge": put32(56, 1<<30), "refcount bits": put32(96, 60),
		"L2 on L1":         put64(64<<10, 64<<10),
		"L2 outside":       put64(64<<10, 1<<40),
		"L2 on itself":     func(b []byte) { put64(l2(b), uint64(l2(b)))(b) },
		"data outside":     func(b []byte) { put64(l2(b), 1<<40)(b) },
		"data on header":   func(b []byte) { put64(l2(b)+8, 0)(b); put64(l2(b), 64<<10)(b) },
		"overlap":          func(b []byte) { copy(b[l2(b):], b[l2(b)+5*8:l2(b)+6*8]) },
		"packed outside":   func(b []byte) { put64(l2(b), flagCompressed|1<<40)(b) },
		"packed on header": func(b []byte) { put64(l2(b), flagCompressed|100)(b) },
		"extension":        func(b []byte) { put32(104, 1)(b); put32(108, 1<<31)(b) },
	} {
		raw := made(t, Options{Compression: "none"})
		change(raw)
		if _, err := open(raw); !errors.As(err, &corrupt) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	raw := made(t, Options{})
	for _, n := range []int{0, 3, 71, 100, 4096, 65536, 70_000, len(raw) / 2} {
		if _, err := open(raw[:n]); err == nil {
			t.Errorf("an image cut to %d bytes is taken", n)
		}
	}
}

// padded is a file that continues as a hole for ever.
type padded struct{ *bytes.Reader }

func (p padded) ReadAt(b []byte, at int64) (int, error) {
	if at >= p.Size() {
		clear(b)
		return len(b), nil
	}
	n, _ := p.Reader.ReadAt(b, at)
	clear(b[n:])
	return len(b), nil
}

// The size of a file, which costs a stranger nothing, costs no memory here.
func TestEndlessFile(t *testing.T) {
	for name, opts := range variants() {
		src, err := Open(padded{bytes.NewReader(made(t, opts))}, 1<<63-1)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got, err := io.ReadAll(io.NewSectionReader(src, 0, src.Size()))
		if err != nil || !bytes.Equal(got, content()) {
			t.Errorf("%s does not come back: %v", name, err)
		}
	}
}

func FuzzOpen(f *testing.F) {
	for _, opts := range variants() {
		f.Add(made(f, opts)[:4096])
	}
	f.Add(made(f, Options{ClusterSize: 512}))
	f.Fuzz(func(t *testing.T, raw []byte) {
		src, err := open(raw)
		if err != nil {
			return
		}
		if _, err := src.Data(); err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 1<<16)
		for at := int64(0); at < min(src.Size(), 1<<20); at += int64(len(buf)) {
			if _, err := src.ReadAt(buf, at); err != nil && !errors.Is(err, io.EOF) {
				return
			}
		}
	})
}
