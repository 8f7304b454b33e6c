package ext4

import (
	"cmp"
	"slices"
)

// interval is a run of blocks.
type interval struct{ at, count int64 }

func (i interval) end() int64 { return i.at + i.count }

// allocator gives out blocks in ascending order, skipping what is taken.
type allocator struct {
	end    int64
	taken  []interval // sorted, given at the start
	given  []interval // in order of allocation, adjacent ones merged
	cursor int64
	next   int // first of taken that may lie at or after cursor
}

func newAllocator(blocks int64, taken []interval) *allocator {
	return &allocator{end: blocks, taken: taken}
}

// seek moves the cursor forward to a block, never back.
func (a *allocator) seek(block int64) { a.cursor = max(a.cursor, block) }

// free returns the first free block at or after the cursor and how many follow.
func (a *allocator) free() interval {
	for a.next < len(a.taken) && a.taken[a.next].at <= a.cursor {
		a.cursor = max(a.cursor, a.taken[a.next].end())
		a.next++
	}
	end := a.end
	if a.next < len(a.taken) {
		end = min(end, a.taken[a.next].at)
	}
	return interval{a.cursor, end - a.cursor}
}

// take gives out up to count blocks in one piece; none when the end is reached.
func (a *allocator) take(count int64) interval {
	f := a.free()
	f.count = min(f.count, count)
	if f.count <= 0 {
		return interval{}
	}
	a.note(f)
	return f
}

// contiguous gives out exactly count blocks in one piece.
func (a *allocator) contiguous(count int64) (at int64, ok bool) {
	for {
		f := a.free()
		if f.count >= count {
			a.note(interval{f.at, count})
			return f.at, true
		}
		if f.end() >= a.end {
			return 0, false
		}
		a.cursor = f.end()
	}
}

func (a *allocator) note(i interval) {
	a.cursor = i.end()
	if n := len(a.given); n > 0 && a.given[n-1].end() == i.at {
		a.given[n-1].count += i.count
		return
	}
	a.given = append(a.given, i)
}

// used returns everything taken and given, sorted and merged.
func (a *allocator) used() []interval {
	all := slices.Concat(a.taken, a.given)
	slices.SortFunc(all, func(x, y interval) int { return cmp.Compare(x.at, y.at) })
	var merged []interval
	for _, i := range all {
		if n := len(merged); n > 0 && merged[n-1].end() == i.at {
			merged[n-1].count += i.count
			continue
		}
		merged = append(merged, i)
	}
	return merged
}
