package deflate

import (
	"math/bits"
	"slices"
)

// lengths computes code lengths of at most limit bits for the symbols that occur
// (RFC 1951, 3.2.2). At least two symbols get a code, so that every decoder is
// content.
func lengths(freq []uint32, out []uint8, limit int, scratch []uint64) []uint64 {
	clear(out)
	list := scratch[:0]
	for sym, f := range freq {
		if f > 0 {
			list = append(list, uint64(f)<<16|uint64(sym))
		}
	}
	for sym := 0; len(list) < 2; sym++ {
		if freq[sym] == 0 {
			list = append(list, 1<<16|uint64(sym))
		}
	}
	slices.Sort(list)
	var count [32]int
	depths(list, limit, &count)
	i := 0
	for width := limit; width > 0; width-- {
		for range count[width] {
			out[list[i]&0xffff] = uint8(width)
			i++
		}
	}
	return list
}

// depths counts the codes of each length of a Huffman tree over the sorted
// weights, then shortens what is longer than limit.
func depths(list []uint64, limit int, count *[32]int) {
	n := len(list)
	weights := make([]uint64, 2*n)
	parent := make([]int32, 2*n)
	for i, v := range list {
		weights[i] = v >> 16
	}
	leaf, node := 0, n
	for next := n; next < 2*n-1; next++ {
		var sum uint64
		for range 2 {
			if leaf < n && (node >= next || weights[leaf] <= weights[node]) {
				sum += weights[leaf]
				parent[leaf] = int32(next)
				leaf++
			} else {
				sum += weights[node]
				parent[node] = int32(next)
				node++
			}
		}
		weights[next] = sum
	}
	level := make([]uint8, 2*n)
	for i := 2*n - 3; i >= 0; i-- {
		level[i] = level[parent[i]] + 1
	}
	for i := range n {
		count[min(int(level[i]), limit)]++
	}
	repair(count, limit)
}

// repair makes the lengths a complete code again after clamping: it lengthens
// the longest code that is shorter than the limit until the Kraft sum is one.
func repair(count *[32]int, limit int) {
	sum := 0
	for width := 1; width <= limit; width++ {
		sum += count[width] << (limit - width)
	}
	for sum > 1<<limit {
		width := limit - 1
		for count[width] == 0 {
			width--
		}
		count[width]--
		count[width+1] += 2
		count[limit]--
		sum--
	}
}

// codes assigns canonical codes, reversed for the bit order of the stream, each
// as code<<8 | length.
func codes(widths []uint8, out []uint32) {
	var count, next [17]uint32
	for _, w := range widths {
		count[w]++
	}
	count[0] = 0
	for w := 1; w < len(next); w++ {
		next[w] = (next[w-1] + count[w-1]) << 1
	}
	for sym, w := range widths {
		if w == 0 {
			out[sym] = 0
			continue
		}
		out[sym] = uint32(bits.Reverse16(uint16(next[w]))>>(16-w))<<8 | uint32(w)
		next[w]++
	}
}
