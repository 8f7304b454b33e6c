package filesystem_test

import (
	"errors"
	"testing"

	"github.com/fimg/fimg/partition/filesystem"
)

func TestSmallest(t *testing.T) {
	const mib = 1 << 20
	for _, first := range []int64{mib, 300 * mib} {
		for need := int64(0); need < 2000; need++ {
			got, err := filesystem.Smallest(first, func(size int64) (bool, error) { return size >= need*mib, nil })
			if want := max(first, need*mib); err != nil || got != want {
				t.Fatalf("from %d: %d, %v, want %d", first, got, err, want)
			}
		}
	}
	bad := errors.New("bad")
	for _, at := range []int64{mib, 7 * mib} {
		_, err := filesystem.Smallest(mib, func(size int64) (bool, error) {
			if size >= at {
				return false, bad
			}
			return false, nil
		})
		if !errors.Is(err, bad) {
			t.Error(err)
		}
	}
}
