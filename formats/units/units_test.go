package units

import (
	"bytes"
	"compress/flate"
	"io"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/fimg/fimg/formats/disk"
)

// sample is a chunk of text, zeros and noise that ends within a unit.
func sample() []byte {
	rnd := rand.New(rand.NewPCG(1, 2))
	data := make([]byte, 20*Size+1234)
	for at := 0; at+Size <= len(data); at += Size {
		for i := range data[at : at+Size] {
			switch at / Size % 3 {
			case 0:
				data[at+i] = "all work and no play "[rnd.IntN(21)]
			case 1:
				data[at+i] = byte(rnd.Uint32())
			}
		}
	}
	copy(data[20*Size:], "the end")
	return data
}

func TestChunk(t *testing.T) {
	data := sample()
	got := new(Packer).Chunk(&disk.Chunk{Data: data})
	if len(got) != 21 {
		t.Fatalf("%d units, want 21", len(got))
	}
	for i, packed := range got {
		want := make([]byte, Size)
		copy(want, data[i*Size:])
		if (packed == nil) != disk.IsZero(want) {
			t.Fatalf("unit %d: %d bytes packed, zeros %v", i, len(packed), disk.IsZero(want))
		}
		if packed == nil {
			continue
		}
		plain, err := io.ReadAll(flate.NewReader(bytes.NewReader(packed)))
		if err != nil || !bytes.Equal(plain, want) {
			t.Errorf("unit %d: reads back as %d other bytes: %v", i, len(plain), err)
		}
	}
}

// TestShared has many packers at work on one chunk: each unit is packed once,
// and all get the same.
func TestShared(t *testing.T) {
	c := &disk.Chunk{Data: sample()}
	want := new(Packer).Chunk(&disk.Chunk{Data: c.Data})
	var group sync.WaitGroup
	results := make([][][]byte, 8)
	for i := range results {
		group.Go(func() { results[i] = new(Packer).Chunk(c) })
	}
	group.Wait()
	for i, got := range results {
		for n := range want {
			if !bytes.Equal(got[n], want[n]) {
				t.Fatalf("packer %d: unit %d differs", i, n)
			}
			if len(got[n]) > 0 && &got[n][0] != &results[0][n][0] {
				t.Errorf("packer %d: unit %d was packed once more", i, n)
			}
		}
	}
}
