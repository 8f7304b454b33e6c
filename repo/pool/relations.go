package pool

// relations gives relations numbers from one upwards. The list is a section of
// the index as it is.
type relations struct {
	list []Rel
	hash []uint32 // open addressing, a power of two, zero is free
}

func (t *relations) init() {
	t.list = []Rel{{}}
	t.hash = make([]uint32, 1<<10)
}

// slot finds where r is in hash, or where it belongs.
func (t *relations) slot(r Rel) uint32 {
	mask := uint32(len(t.hash) - 1)
	h := uint32(mix(uint64(r.A)<<32|uint64(r.B), 0x9e3779b97f4a7c15^uint64(r.Op))) & mask
	for t.hash[h] != 0 && t.list[t.hash[h]] != r {
		h = (h + 1) & mask
	}
	return h
}

// add returns the number of r, a new one if r is new.
func (t *relations) add(r Rel) uint32 {
	h := t.slot(r)
	if i := t.hash[h]; i != 0 {
		return i
	}
	i := uint32(len(t.list))
	t.list = append(t.list, r)
	t.hash[h] = i
	if len(t.list) > len(t.hash)/2 {
		t.hash = make([]uint32, 2*len(t.hash))
		for i := 1; i < len(t.list); i++ {
			t.hash[t.slot(t.list[i])] = uint32(i)
		}
	}
	return i
}
