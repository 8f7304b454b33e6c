package btrfs

import (
	"math/rand/v2"
	"testing"
)

// A histogram counts every byte once, wherever it lies.
func TestHistogram(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 8))
	for _, n := range []int{0, sampleBytes, 10 * sampleBytes, blockBytes / sampleInterval * sampleBytes} {
		for _, kinds := range []int{1, 2, 63, 64, 256} {
			var got, want [256]uint32
			sample := make([]byte, n)
			distinct := 0
			for i := range sample {
				b := byte(rnd.IntN(kinds))
				if sample[i] = b; want[b] == 0 {
					distinct++
				}
				want[b]++
			}
			if k := histogram(&got, sample); k != distinct || got != want {
				t.Errorf("%d bytes of %d kinds: %d different ones instead of %d", n, kinds, k, distinct)
			}
		}
	}
}
