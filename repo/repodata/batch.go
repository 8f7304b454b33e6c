package repodata

// batchCount is how many batches there are: one being filled, one being read.
const batchCount = 2

// batch is the packages of one slab, on their way from the scanner to whoever
// takes them. Its memory is used again.
type batch struct {
	packages  []Package
	offsets   []int64 // of the packages in the file
	file      string
	announced int   // packages of the whole file, zero when that is unknown
	deps      []Dep // arena of all dependency lists

	slab []byte // the buffer that everything points into
	home chan<- []byte
}

// next returns an empty package at the end of the batch, for the element that was
// just met.
func (b *batch) next(t *tokens) *Package {
	b.file = t.file
	b.offsets = append(b.offsets, t.base+int64(t.pos))
	if len(b.packages) == cap(b.packages) {
		b.packages = append(b.packages, Package{})
	} else {
		b.packages = b.packages[:len(b.packages)+1]
	}
	p := &b.packages[len(b.packages)-1]
	*p = Package{Files: p.Files[:0]}
	return p
}

// drop takes the last package back.
func (b *batch) drop() {
	b.packages = b.packages[:len(b.packages)-1]
	b.offsets = b.offsets[:len(b.offsets)-1]
}

// deliver calls add with every package.
func (b *batch) deliver(add func(*Package) error) error {
	for i := range b.packages {
		if err := add(&b.packages[i]); err != nil {
			t := tokens{file: b.file, base: b.offsets[i]}
			return t.rejected(err)
		}
	}
	return nil
}

// giveBack empties the batch and returns its buffer.
func (b *batch) giveBack() {
	if b.home != nil {
		b.home <- b.slab
	}
	b.packages, b.offsets, b.deps = b.packages[:0], b.offsets[:0], b.deps[:0]
	b.slab, b.home = nil, nil
}
