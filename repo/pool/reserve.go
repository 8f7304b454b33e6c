package pool

import "slices"

// Expect tells the builder how many packages are to come, so that its memory
// need not grow step by step. The number need not be right.
func (b *Builder) Expect(packages int) {
	b.expected = packages
	b.reserveAt = max(packages/16, 256)
}

const (
	// maxReserve bounds, in elements, what is reserved on the word of a file.
	maxReserve = 64 << 20
	// reserveSlack makes up for packages larger than those seen, in sixteenths.
	reserveSlack = 1
)

// reserve makes room for the packages that are still expected, which should be
// like those that were added.
func (b *Builder) reserve() {
	have := len(b.packages)
	b.reserveAt = 4 * have
	if have == 0 || b.expected <= have {
		return
	}
	room := func(n int) int {
		rest := uint64(n) * uint64(b.expected-have) / uint64(have)
		return int(min(rest+rest*reserveSlack/16, maxReserve))
	}
	b.packages = slices.Grow(b.packages, b.expected-have)
	b.depEnd = slices.Grow(b.depEnd, room(len(b.depEnd)))
	b.deps = slices.Grow(b.deps, room(len(b.deps)))
	b.rels.list = slices.Grow(b.rels.list, room(len(b.rels.list)))
	b.files = slices.Grow(b.files, room(len(b.files)))
	b.details = slices.Grow(b.details, room(len(b.details)))
	b.detEnd = slices.Grow(b.detEnd, room(len(b.detEnd)))
	b.strings.off = slices.Grow(b.strings.off, room(len(b.strings.off)))
	b.strings.blob = slices.Grow(b.strings.blob, room(len(b.strings.blob)))
}
