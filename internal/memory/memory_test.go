package memory

import "testing"

func TestDrop(t *testing.T) {
	b := Huge(9 << 20)
	defer Free(b)
	for i := range b {
		b[i] = 1
	}
	Drop(b[:7<<20+1])
	zeros := 0
	for i, c := range b {
		if c == 0 {
			zeros++
			if i > 7<<20 {
				t.Fatalf("byte %d, which was kept, is gone", i)
			}
		}
	}
	if zeros == 0 || zeros%hugePage != 0 || zeros > 6<<20 {
		t.Errorf("%d bytes were given back", zeros)
	}
	Drop(b[:100])
	b[0] = 2 // it may be written again
}

func TestNew(t *testing.T) {
	type table struct {
		a [1 << 20]uint32
		b [3]byte
	}
	v := New[table]()
	if v.a[1<<20-1] != 0 || v.b != [3]byte{} {
		t.Error("not zero")
	}
	v.a[1<<20-1], v.b[2] = 7, 8
	Release(v)
	Release[table](nil)
}
