package install

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"testing"
	"time"
)

// TestMemory hands out regions that never overlap, and waits when there is no room.
func TestMemory(t *testing.T) {
	m := newMemory()
	rnd := rand.New(rand.NewPCG(1, 2))
	var held []*region
	for range 2000 {
		size := 1 + rnd.IntN(memoryLimit/4)
		r := m.find(size)
		for r == nil {
			at := rnd.IntN(len(held))
			held[at].release()
			held = append(held[:at], held[at+1:]...)
			r = m.find(size)
		}
		if r.end-r.start != size || r.start < 0 || r.end > memoryLimit {
			t.Fatalf("a region from %d to %d for %d bytes", r.start, r.end, size)
		}
		for _, other := range held {
			if r.start < other.end && other.start < r.end {
				t.Fatalf("regions %d-%d and %d-%d overlap", r.start, r.end, other.start, other.end)
			}
		}
		held = append(held, r)
	}
	for _, r := range held {
		r.release()
	}
	whole, err := m.reserve(t.Context(), memoryLimit)
	if err != nil || cap(whole.bytes()) != memoryLimit || len(whole.bytes()) != 0 {
		t.Fatalf("everything was given back, but %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := m.reserve(ctx, 1); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("without room: %v", err)
	}
	go whole.release()
	if r, err := m.reserve(t.Context(), 1); err != nil {
		t.Error(err)
	} else {
		r.release()
	}
}

// TestGather writes pieces of all sizes with gaps between them.
func TestGather(t *testing.T) {
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rnd := rand.New(rand.NewPCG(3, 4))
	g := gather{fd: int(f.Fd())}
	var want []byte
	for i := range 3000 {
		size := rnd.IntN(200)
		if i%300 == 0 {
			size = rnd.IntN(3 * maxWrite)
			want = append(want, make([]byte, -len(want)&(extent-1))...)
		}
		piece := make([]byte, size)
		for j := range piece {
			piece[j] = byte(rnd.Uint32())
		}
		if err := g.add(int64(len(want)), piece); err != nil {
			t.Fatal(err)
		}
		want = append(want, piece...)
	}
	if err := g.flush(); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(f.Name()); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes, want %d; %v", len(got), len(want), err)
	}
}
