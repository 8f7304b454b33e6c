package pool

import "math/bits"

// interner gives strings numbers from one upwards; zero is the empty string.
// Its three arrays are sections of the index as they are.
type interner struct {
	off  []uint32 // off[i] to off[i+1] is string i in blob
	blob []byte
	hash []uint32 // open addressing, a power of two, zero is free
	over bool
}

func (t *interner) init() {
	t.off = []uint32{0, 0}
	t.hash = make([]uint32, 1<<10)
}

func (t *interner) count() int { return len(t.off) - 1 }

func (t *interner) full() bool { return t.over || t.count() > maxStrings }

func (t *interner) text(i uint32) string { return string(t.blob[t.off[i]:t.off[i+1]]) }

// add returns the number of s, a new one if s is new.
func (t *interner) add(s []byte) uint32 {
	if len(s) == 0 {
		return 0
	}
	mask := uint32(len(t.hash) - 1)
	h := uint32(hash(s)) & mask
	for t.hash[h] != 0 {
		i := t.hash[h]
		if string(t.blob[t.off[i]:t.off[i+1]]) == string(s) {
			return i
		}
		h = (h + 1) & mask
	}
	if len(t.blob)+len(s) > maxBlob {
		t.over = true
		return 0
	}
	i := uint32(t.count())
	t.blob = append(t.blob, s...)
	t.off = append(t.off, uint32(len(t.blob)))
	t.hash[h] = i
	if t.count() > len(t.hash)/2 {
		t.grow()
	}
	return i
}

func (t *interner) grow() {
	t.hash = make([]uint32, 2*len(t.hash))
	mask := uint32(len(t.hash) - 1)
	for i := 1; i < t.count(); i++ {
		h := uint32(hash(t.blob[t.off[i]:t.off[i+1]])) & mask
		for t.hash[h] != 0 {
			h = (h + 1) & mask
		}
		t.hash[h] = uint32(i)
	}
}

// hash is part of the format of the index: it must not differ between runs.
func hash[S string | []byte](s S) uint64 {
	const k = 0x9e3779b97f4a7c15
	h := uint64(len(s)) * k
	for len(s) >= 8 {
		v := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
			uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
		h = mix(h^v, k)
		s = s[8:]
	}
	var v uint64
	for i := 0; i < len(s); i++ {
		v |= uint64(s[i]) << (8 * i)
	}
	return mix(h^v, 0xbf58476d1ce4e5b9)
}

func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}
