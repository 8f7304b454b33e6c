package le

import (
	"encoding/binary"
	"testing"
)

func TestLoads(t *testing.T) {
	b := []byte{1, 2, 3, 4, 5, 6, 7, 8, 0xf9, 0xfa, 0xfb}
	for i := 0; i+4 <= len(b); i++ {
		if got, want := Load32(b, i), binary.LittleEndian.Uint32(b[i:]); got != want {
			t.Errorf("four bytes at %d: %#x, want %#x", i, got, want)
		}
	}
	for i := 0; i+8 <= len(b); i++ {
		if got, want := Load64(b, i), binary.LittleEndian.Uint64(b[i:]); got != want {
			t.Errorf("eight bytes at %d: %#x, want %#x", i, got, want)
		}
	}
}

func TestStore(t *testing.T) {
	b := make([]byte, 11)
	for i := 0; i+8 <= len(b); i++ {
		want := uint64(0xf1f2f3f4f5f6f7f8) * uint64(i+1)
		Store64(b, i, want)
		if got := binary.LittleEndian.Uint64(b[i:]); got != want {
			t.Errorf("eight bytes at %d: %#x, want %#x", i, got, want)
		}
	}
}
