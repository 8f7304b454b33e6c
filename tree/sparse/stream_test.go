package sparse

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// A stream is what reading the file gives, wherever its holes are.
func TestStream(t *testing.T) {
	const mib = 1 << 20
	for name, c := range map[string]struct {
		size int64
		data []int64 // where a few bytes are
	}{
		"empty":         {0, nil},
		"one hole":      {3*mib + 17, nil},
		"data first":    {3 * mib, []int64{0}},
		"data last":     {3*mib + 5, []int64{3 * mib}},
		"holes between": {9*mib + 1, []int64{mib, 2*mib + 100, 7 * mib}},
		"no hole":       {5, []int64{0}},
	} {
		f, err := os.Create(filepath.Join(t.TempDir(), "f"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := f.Truncate(c.size); err != nil {
			t.Fatal(err)
		}
		for _, at := range c.data {
			if _, err := f.WriteAt([]byte("words"), at); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		var got bytes.Buffer
		if err := Stream(t.Context(), &got, f); err != nil || !bytes.Equal(got.Bytes(), want) {
			t.Errorf("%s: %d bytes in place of %d, or others, %v", name, got.Len(), len(want), err)
		}
	}
}

// full is a writer that takes a few bytes.
type full struct{ room int }

func (w *full) Write(p []byte) (int, error) {
	if len(p) > w.room {
		return 0, os.ErrClosed
	}
	w.room -= len(p)
	return len(p), nil
}

// A writer's failure ends the stream, in a hole as in data, and so does the context.
func TestStreamFails(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "f"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte("words"), 1<<20); err != nil {
		t.Fatal(err)
	}
	for _, room := range []int{0, 1 << 20} {
		if err := Stream(t.Context(), &full{room}, f); err == nil {
			t.Errorf("room for %d bytes was enough", room)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Stream(ctx, new(bytes.Buffer), f); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
}
