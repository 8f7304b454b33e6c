package oci

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"testing"
)

// memStore is a store in memory that counts how often files are opened.
type memStore struct {
	files  map[string][]byte
	opened int
}

func (m *memStore) file(name string) (func() (io.ReadCloser, error), int64, error) {
	raw, ok := m.files[name]
	if !ok {
		return nil, 0, os.ErrNotExist
	}
	return func() (io.ReadCloser, error) { m.opened++; return io.NopCloser(bytes.NewReader(raw)), nil }, int64(len(raw)), nil
}

func gzipped(t *testing.T, n int) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(make([]byte, n)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestUnpackedLimit bounds what the packed layers hold together; equal ones are
// counted once, and those that are not packed never.
func TestUnpackedLimit(t *testing.T) {
	store := &memStore{files: map[string][]byte{"a": gzipped(t, 600), "b": gzipped(t, 400), "c": gzipped(t, 1), "plain": make([]byte, 5000)}}
	f := &layerFiles{store: store, left: 1000, known: map[string]Blob{}}
	for _, c := range []struct {
		name string
		size int64
	}{{"a", 600}, {"a", 600}, {"plain", 5000}, {"b", 400}, {"b", 400}} {
		if b, err := f.blob(c.name); err != nil || b.Size != c.size {
			t.Errorf("%s: %d bytes, %v", c.name, b.Size, err)
		}
	}
	if store.opened != 3 {
		t.Errorf("files were opened %d times", store.opened)
	}
	for _, name := range []string{"c", "d"} {
		if b, err := f.blob(name); err == nil {
			t.Errorf("%s is taken, with %d bytes", name, b.Size)
		}
	}
}
