package sha256s

import (
	"crypto/sha256"
	"math/rand/v2"
	"testing"
)

// messages of all lengths around the ends of blocks, and a few long ones.
func messages() [][]byte {
	rnd := rand.NewChaCha8([32]byte{1})
	var list [][]byte
	for n := range 300 {
		list = append(list, make([]byte, n))
	}
	for _, n := range []int{1 << 20, 70_000, 1<<16 - 1, 3*64 + 1, 9999} {
		list = append(list, make([]byte, n))
	}
	for _, m := range list {
		_, _ = rnd.Read(m)
	}
	return list
}

// TestSums compares with crypto/sha256, for every number of messages.
func TestSums(t *testing.T) {
	all := messages()
	for _, list := range [][][]byte{nil, all[:1], all[55:57], all[60:70], all[300:301], all[300:303], all} {
		sums := Sums(list)
		if len(sums) != len(list) {
			t.Fatalf("%d sums of %d messages", len(sums), len(list))
		}
		for i, m := range list {
			if sums[i] != sha256.Sum256(m) {
				t.Errorf("the sum of message %d of %d, of %d bytes, is wrong", i, len(list), len(m))
			}
		}
	}
}

func FuzzSums(f *testing.F) {
	f.Add([]byte("abc"), uint16(1))
	f.Fuzz(func(t *testing.T, data []byte, at uint16) {
		cut := min(int(at), len(data))
		list := [][]byte{data[:cut], data[cut:], data}
		for i, sum := range Sums(list) {
			if sum != sha256.Sum256(list[i]) {
				t.Errorf("sum %d is wrong", i)
			}
		}
	})
}

func BenchmarkSums(b *testing.B) {
	list := [][]byte{make([]byte, 1<<20), make([]byte, 1<<20)}
	b.SetBytes(2 << 20)
	for b.Loop() {
		Sums(list)
	}
}

func BenchmarkOneByOne(b *testing.B) {
	m := make([]byte, 1<<20)
	b.SetBytes(1 << 20)
	for b.Loop() {
		sha256.Sum256(m)
	}
}
