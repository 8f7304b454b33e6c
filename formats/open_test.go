package formats_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/ulikunitz/xz"

	"github.com/fimg/fimg/formats"
	"github.com/fimg/fimg/formats/disk"
)

// xzWith packs zeros and has the header of the block claim a dictionary (".xz File
// Format 1.2", section 5.3.1: 40 means 4 GiB - 1).
func xzWith(t testing.TB, dictionary byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := xz.NewWriter(&out)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(make([]byte, 4096)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	raw := out.Bytes()
	const stream = 12 // bytes of the stream header
	end := stream + (int(raw[stream])+1)*4 - 4
	at := bytes.Index(raw[stream:end], []byte{0x21, 1}) + stream
	raw[at+2] = dictionary
	binary.LittleEndian.PutUint32(raw[end:], crc32.ChecksumIEEE(raw[stream:end]))
	return raw
}

func openBytes(t testing.TB, raw []byte, format string) (*formats.Image, error) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "image")
	if err := os.WriteFile(name, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return formats.Open(t.Context(), name, formats.OpenOptions{Format: format, TempDir: t.TempDir()})
}

// A header of a few bytes does not make the reader take gigabytes of memory.
func TestLargeDictionaries(t *testing.T) {
	for code, taken := range map[byte]bool{22: true, 32: true, 33: false, 40: false} {
		i, err := openBytes(t, xzWith(t, code), "raw.xz")
		if taken != (err == nil) || err != nil && !errors.As(err, new(*disk.CorruptError)) {
			t.Errorf("dictionary %d: %v", code, err)
		}
		if err == nil {
			i.Close()
		}
	}
}

// FuzzOpen reads what is packed, archives for Google Compute Engine among them, by
// name and by content.
func FuzzOpen(f *testing.F) {
	names := []string{"", "gce", "raw.gz", "raw.xz", "raw.zst"}
	_, src := sample(f, 100_000, disk.Range{Offset: 4096, Length: 5000}, disk.Range{Offset: 99_000, Length: 1000})
	for n, name := range names {
		if name == "" {
			continue
		}
		out := output(f, name, "", filepath.Join(f.TempDir(), "packed"))
		if _, err := formats.Write(f.Context(), src, []formats.Output{out}, formats.Options{Workers: 1}); err != nil {
			f.Fatal(err)
		}
		raw, err := os.ReadFile(out.Path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw, byte(n))
		f.Add(raw, byte(0))
	}
	f.Fuzz(func(t *testing.T, raw []byte, format byte) {
		i, err := openBytes(t, raw, names[int(format)%len(names)])
		if err != nil {
			return
		}
		defer i.Close()
		if i.Size() < 0 || i.Size() > disk.MaxSize {
			t.Fatalf("a disk of %d bytes", i.Size())
		}
		if _, err := i.Data(); err != nil {
			t.Fatal(err)
		}
		if _, err := i.ReadAt(make([]byte, 1<<16), 0); err != nil && !errors.Is(err, io.EOF) && !errors.As(err, new(*disk.CorruptError)) {
			t.Fatal(err)
		}
	})
}
