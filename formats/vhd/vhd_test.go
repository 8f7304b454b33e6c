package vhd

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"testing"

	"github.com/fimg/fimg/formats/disk"
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

func made(t testing.TB, opts Options) []byte {
	t.Helper()
	content := bytes.Repeat([]byte("content!"), 5<<20/8)
	out := &memory{}
	if err := disk.Share(t.Context(), source{bytes.NewReader(content)}, []disk.Writer{Writer(out, opts)}, disk.Options{}); err != nil {
		t.Fatal(err)
	}
	return out.b
}

func open(raw []byte) (disk.Source, error) { return Open(bytes.NewReader(raw), int64(len(raw))) }

func TestGeometry(t *testing.T) {
	for _, c := range []struct {
		sectors   int64
		cylinders uint16
		heads, s  uint8
	}{
		{0, 0, 4, 17}, {100 << 11, 1003, 12, 17}, {1 << 21, 2080, 16, 63}, {1 << 22, 4161, 16, 63},
		{5 << 21, 10402, 16, 63}, {200 << 21, 65535, 16, 255},
	} {
		if cyl, h, s := geometry(c.sectors); cyl != c.cylinders || h != c.heads || s != c.s {
			t.Errorf("%d sectors: %d/%d/%d, want %d/%d/%d", c.sectors, cyl, h, s, c.cylinders, c.heads, c.s)
		}
	}
}

// TestAzure checks what Azure demands of an upload: a fixed VHD of whole MiB
// whose footer tells the size itself, not a geometry.
func TestAzure(t *testing.T) {
	raw := made(t, Options{Fixed: true, ForceSize: true})
	f, err := ReadFooter(bytes.NewReader(raw), int64(len(raw)))
	if err != nil || f.Type != typeFixed || f.DataOffset != none || f.CurrentSize%(1<<20) != 0 || int(f.CurrentSize)+sector != len(raw) {
		t.Errorf("footer %+v, %v", f, err)
	}
}

// reseal corrects the checksums after a change.
func reseal(raw []byte) {
	for _, part := range []struct{ from, to, at int }{
		{0, 512, footerChecksum}, {512, 1536, headerChecksum}, {len(raw) - 512, len(raw), footerChecksum},
	} {
		b := raw[part.from:part.to]
		binary.BigEndian.PutUint32(b[part.at:], 0)
		binary.BigEndian.PutUint32(b[part.at:], checksum(b))
	}
}

func TestHostile(t *testing.T) {
	put32 := func(at int, v uint32) func([]byte) {
		return func(b []byte) { binary.BigEndian.PutUint32(b[(at+len(b))%len(b):], v) }
	}
	for name, change := range map[string]func([]byte){
		"differencing": put32(-512+60, 4), "type": put32(-512+60, 9), "huge": put32(-512+48, 1<<30),
		"version": put32(-512+12, 0), "header offset": put32(-512+20, 1<<31),
		"entries": put32(512+28, 0), "block size": put32(512+32, 3), "huge blocks": put32(512+32, 1<<31),
		"table outside": put32(512+20, 1<<31), "block outside": put32(1536, 1<<30),
		"block on header": put32(1536, 1), "overlap": func(b []byte) { copy(b[1536:], b[1540:1544]) },
	} {
		raw := made(t, Options{})
		change(raw)
		reseal(raw)
		if _, err := open(raw); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	raw := made(t, Options{})
	raw[len(raw)-100] ^= 1
	var corrupt *disk.CorruptError
	if _, err := open(raw); !errors.As(err, &corrupt) {
		t.Errorf("wrong checksum: %v", err)
	}
}

func FuzzOpen(f *testing.F) {
	for _, opts := range []Options{{}, {Fixed: true}, {ForceSize: true}} {
		raw := made(f, opts)
		f.Add(append(raw[:4096:4096], raw[len(raw)-512:]...))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if len(raw) >= 2048 {
			reseal(raw)
		}
		src, err := open(raw)
		if err != nil {
			return
		}
		if _, err := src.Data(); err != nil {
			t.Fatal(err)
		}
		if _, err := src.ReadAt(make([]byte, 1<<16), 0); err != nil && !errors.Is(err, io.EOF) && !errors.As(err, new(*disk.CorruptError)) {
			t.Fatal(err)
		}
	})
}
