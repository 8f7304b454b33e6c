package zstdblock

import "math/bits"

const (
	maxCodeBits = 11
	weightBits  = 6 // of the table that weights are coded with
)

// huffman is a code of at most maxCodeBits bits (RFC 8878, 4.2.1).
type huffman struct {
	total  [256]uint32
	sorted [256]uint32 // (count << 8 | symbol) of all that occur, ascending
	swap   [256]uint32
	used   int
	depth  [256]uint32 // scratch of build
	length [256]uint8  // bits of a symbol's code, 0 for one that does not occur
	codes  [256]uint64 // the code from the highest bit on, their number in the lowest byte
	most   int         // bits of the longest code
	tree   [130]byte
	table  fseTable
}

// gather sorts the symbols that occur by how often they do, and returns how many
// they are; 0 when no code can save much.
func (h *huffman) gather(count *[256]uint32, n int) int {
	used, largest := 0, uint32(0)
	for s, c := range count {
		h.sorted[used&255] = c<<8 | uint32(s)
		if c > 0 {
			used++
		}
		largest = max(largest, c)
	}
	h.used = used
	if int(largest) <= n>>7+4 && used > 1 {
		return 0
	}
	h.sort(&h.swap, &h.sorted, 8, 255)
	if largest < 256 {
		h.sorted = h.swap
	} else {
		h.sort(&h.sorted, &h.swap, 16, 511)
	}
	return used
}

// sort sorts by some bits, keeping the order of equals.
func (h *huffman) sort(to, from *[256]uint32, shift, mask uint32) {
	var start [513]uint16
	for _, v := range from[:h.used] {
		start[v>>(shift&31)&mask+1]++
	}
	for i := range mask {
		start[i+1] += start[i]
	}
	for _, v := range from[:h.used] {
		k := v >> (shift & 31) & mask
		to[start[k]&255] = v
		start[k]++
	}
}

// build makes the code: depths by the method of Moffat and Katajainen in place,
// cut to maxCodeBits, then codes as the format orders them.
func (h *huffman) build() {
	d := h.depth[:h.used]
	for i, v := range h.sorted[:h.used] {
		d[i] = v >> 8
	}
	parents(d)
	var number [maxCodeBits + 2]int
	lengths(d, &number)
	h.length = [256]uint8{}
	i := h.used
	for n := 1; n <= maxCodeBits; n++ {
		for range number[n] {
			i--
			h.length[h.sorted[i]&255] = uint8(n)
		}
		if number[n] > 0 {
			h.most = n
		}
	}
	var next [maxCodeBits + 2]uint32
	for n, code := h.most, uint32(0); n > 0; n-- {
		next[n] = code
		code = (code + uint32(number[n])) >> 1
	}
	for s, n := range h.length {
		h.codes[s] = uint64(next[n&15])<<(-n&63) | uint64(n)
		next[n&15]++
	}
}

// parents turns ascending counts into the places of parents of the inner nodes.
func parents(d []uint32) {
	d[0] += d[1]
	root, leaf := 0, 2
	for next := 1; next < len(d)-1; next++ {
		if leaf >= len(d) || d[root] < d[leaf] {
			d[next] = d[root]
			d[root] = uint32(next)
			root++
		} else {
			d[next] = d[leaf]
			leaf++
		}
		if leaf >= len(d) || (root < next && d[root] < d[leaf]) {
			d[next] += d[root]
			d[root] = uint32(next)
			root++
		} else {
			d[next] += d[leaf]
			leaf++
		}
	}
}

// lengths counts the codes of every length, none over maxCodeBits.
func lengths(d []uint32, number *[maxCodeBits + 2]int) {
	d[len(d)-2] = 0
	for i := len(d) - 3; i >= 0; i-- {
		d[i] = d[d[i]] + 1
	}
	free, inner, root := 1, 0, len(d)-2
	for depth := uint32(0); free > 0; depth++ {
		for root >= 0 && d[root] == depth {
			inner++
			root--
		}
		number[min(depth, maxCodeBits)] += free - inner
		free, inner = 2*inner, 0
	}
	kraft := 0
	for n := 1; n <= maxCodeBits; n++ {
		kraft += number[n] << (maxCodeBits - n)
	}
	for ; kraft > 1<<maxCodeBits; kraft-- {
		number[maxCodeBits]--
		n := maxCodeBits - 1
		for number[n] == 0 {
			n--
		}
		number[n]--
		number[n+1] += 2
	}
}

// size is how many bytes a stream of so many symbols takes.
func (h *huffman) size(count *[256]uint32) int {
	n := uint32(1)
	for s, c := range count {
		n += c * uint32(h.length[s])
	}
	return int(n+7) / 8
}

// description returns the description of the code (4.2.1.1): weights coded by a
// table or as they are; nothing when neither can be.
func (h *huffman) description() []byte {
	last := 255
	for h.length[last] == 0 {
		last--
	}
	var store [256]uint8
	var count [maxCodeBits + 1]uint32
	weights := store[:last]
	for s, n := range h.length[:last] {
		if n > 0 {
			n = uint8(h.most) + 1 - n
		}
		weights[s] = n
		count[n&15]++
	}
	coded := h.codeWeights(weights, count[:])
	plain := (len(weights) + 1) / 2
	if len(coded) > 1 && (len(coded) <= plain || len(weights) > 128) {
		return coded
	}
	if len(weights) > 128 {
		return nil
	}
	out := append(h.tree[:0], byte(127+len(weights)))
	store[last] = 0
	for i := 0; i < len(weights); i += 2 {
		out = append(out, store[i]<<4|store[i+1])
	}
	return out
}

// codeWeights codes weights by a table, by two states in turn; nothing when they
// are all the same or too many bytes.
func (h *huffman) codeWeights(weights []uint8, count []uint32) []byte {
	for len(count) > 0 && count[len(count)-1] == 0 {
		count = count[:len(count)-1]
	}
	symbols, total := uint32(0), uint32(len(weights))
	for _, c := range count {
		if c == total {
			return nil
		}
		symbols += uint32(bits.Len32(c)+31) / 32
	}
	if total < 3 {
		return nil
	}
	var norm [maxCodeBits + 1]int16
	n := tableBits(total, symbols, weightBits)
	normalize(norm[:len(count)], count, total, n)
	h.table.build(norm[:len(count)], n)
	out := appendNorm(append(h.tree[:0], 0), norm[:len(count)], n)
	var store [256]byte
	w := bitWriter{buf: store[:]}
	h.weightBits(&w, weights)
	out = append(out, store[:w.close()]...)
	if len(out) > 128 {
		return nil
	}
	out[0] = byte(len(out) - 1)
	return out
}

func (h *huffman) weightBits(w *bitWriter, weights []uint8) {
	i := len(weights) - 1
	var state [2]uint32 // of even and odd places
	state[i&1] = h.table.begin(weights[i])
	state[(i-1)&1] = h.table.begin(weights[i-1])
	for i -= 2; i >= 0; i-- {
		next, n := h.table.next(state[i&1], weights[i])
		w.add(uint64(state[i&1])&(1<<n-1), n)
		w.flush()
		state[i&1] = next
	}
	mask := uint64(1)<<h.table.bits - 1
	w.add(uint64(state[1])&mask, h.table.bits)
	w.add(uint64(state[0])&mask, h.table.bits)
	w.flush()
}
