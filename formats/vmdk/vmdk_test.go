package vmdk

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
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

func made(t testing.TB, subformat string) []byte {
	t.Helper()
	content := bytes.Repeat([]byte("content!"), 1<<20/8)
	out := &memory{}
	w, err := Writer(out, ordered.NewPool(2), Options{Subformat: subformat, Name: "disk.vmdk"})
	if err != nil {
		t.Fatal(err)
	}
	if err := disk.Share(t.Context(), source{bytes.NewReader(content)}, []disk.Writer{w}, disk.Options{}); err != nil {
		t.Fatal(err)
	}
	return out.b
}

func open(raw []byte) (disk.Source, error) { return Open(bytes.NewReader(raw), int64(len(raw))) }

func replace(old, with string) func([]byte) {
	return func(b []byte) {
		i := bytes.Index(b, []byte(old))
		copy(b[i:], with+strings.Repeat(" ", max(0, len(old)-len(with))))
	}
}

func put64(at int, v uint64) func([]byte) {
	return func(b []byte) { binary.LittleEndian.PutUint64(b[at:], v) }
}

func TestHostile(t *testing.T) {
	var reference *disk.ReferenceError
	for name, change := range map[string]func([]byte){
		"parent": replace("parentCID=ffffffff", "parentCID=12345678"),
		"flat":   replace("SPARSE", "FLAT"), "path": replace(`"disk.vmdk"`, `"/etc/pas"`),
		"second": replace("# The Disk Data Base\n", "RW 1 SPARSE \"x\"\n"),
	} {
		raw := made(t, MonolithicSparse)
		change(raw)
		if _, err := open(raw); !errors.As(err, &reference) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	var corrupt *disk.CorruptError
	for name, change := range map[string]func([]byte){
		"magic": put64(0, 0), "capacity": put64(12, 1<<60), "grain": put64(20, 3), "grain size": put64(20, 1<<40),
		"descriptor": put64(28, 1<<40), "directory": put64(56, 1<<40), "many": put64(44, 1<<31),
		"table outside":   func(b []byte) { binary.LittleEndian.PutUint32(b[directory(b):], 1<<30) },
		"grain outside":   func(b []byte) { binary.LittleEndian.PutUint32(b[table(b):], 1<<30) },
		"grain on tables": func(b []byte) { binary.LittleEndian.PutUint32(b[table(b):], uint32(directory(b)/sector)) },
		"overlap":         func(b []byte) { copy(b[table(b):], b[table(b)+4:table(b)+8]) },
	} {
		raw := made(t, MonolithicSparse)
		change(raw)
		if _, err := open(raw); !errors.As(err, &corrupt) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	raw := made(t, StreamOptimized)
	for _, n := range []int{0, 100, 512, 70_000, len(raw) - 512} {
		if _, err := open(raw[:n]); err == nil {
			t.Errorf("an image cut to %d bytes is taken", n)
		}
	}
}

func directory(b []byte) int { return int(binary.LittleEndian.Uint64(b[56:])) * sector }
func table(b []byte) int     { return int(binary.LittleEndian.Uint32(b[directory(b):])) * sector }

func TestQemuOptions(t *testing.T) {
	o, err := FromQemu(map[string]string{"toolsversion": "10", "hwversion": "13", "nocow": "on", "adapter_type": "lsilogic"})
	if err != nil {
		t.Fatal(err)
	}
	text, err := o.descriptor(1 << 20)
	for _, want := range []string{`toolsVersion = "10"`, `virtualHWVersion = "13"`, `adapterType = "lsilogic"`} {
		if err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s is missing, %v", want, err)
		}
	}
	for _, bad := range []map[string]string{{"toolsversion": "x"}, {"subformat": "monolithicFlat"}, {"backing_file": "x"}, {"adapter_type": "nvme"}} {
		if _, err := FromQemu(bad); err == nil {
			t.Errorf("%v is taken", bad)
		}
	}
}

func TestMachine(t *testing.T) {
	text := Machine{Name: "vm", Disk: "disk.vmdk", MemoryMiB: 2048, CPUs: 2, Controller: "lsilogic",
		NICs: []NIC{{Interface: "0", Driver: "e1000", Mode: "bridged"}}, Entries: []string{`x = "y"`}}.Text()
	for _, want := range []string{`virtualHW.version = "9"`, `guestOS = "suse-64"`, `memsize = "2048"`, `scsi0:0.fileName = "disk.vmdk"`,
		`ethernet0.virtualDev = "e1000"`, `x = "y"`} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("the text lacks %s:\n%s", want, text)
		}
	}
}

func FuzzOpen(f *testing.F) {
	f.Add(made(f, StreamOptimized))
	sparse := made(f, MonolithicSparse)
	f.Add(sparse[:min(len(sparse), 100_000)])
	f.Fuzz(func(t *testing.T, raw []byte) {
		src, err := open(raw)
		if err != nil {
			return
		}
		if _, err := src.Data(); err != nil {
			t.Fatal(err)
		}
		_, err = src.ReadAt(make([]byte, 1<<18), 0)
		if err != nil && !errors.Is(err, io.EOF) && !errors.As(err, new(*disk.CorruptError)) {
			t.Fatal(err)
		}
	})
}
