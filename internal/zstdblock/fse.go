package zstdblock

import "math/bits"

const (
	maxTableBits = 9
	maxSymbols   = 53 // codes of match lengths
)

// transform is how a symbol changes the state of a table.
type transform struct {
	bits  uint32 // (bits to write << 16) less the state from which on it is one more
	start int32  // of the symbol's states
}

// fseTable encodes symbols by tANS (RFC 8878, 4.1), by the method of libzstd.
type fseTable struct {
	bits   uint
	states [1 << maxTableBits]uint16
	symbol [64]transform
}

// state begins with a symbol, the last one.
func (t *fseTable) begin(s uint8) uint32 {
	if t.bits == 0 {
		return 0
	}
	x := t.symbol[s&63]
	n := (x.bits + 1<<15) >> 16
	v := n<<16 - x.bits
	return uint32(t.states[int32(v>>n)+x.start])
}

// next returns the state before the symbol and how many bits of the given one are
// to be written.
func (t *fseTable) next(state uint32, s uint8) (uint32, uint) {
	x := &t.symbol[s&63]
	n := (state + x.bits) >> 16
	return uint32(t.states[(int32(state>>(n&31))+x.start)&(1<<maxTableBits-1)]), uint(n)
}

// rle makes the table of a single symbol, which takes no bits.
func (t *fseTable) rle(s uint8) {
	t.bits, t.states[0], t.symbol[s&63] = 0, 0, transform{}
}

// build makes the table for probabilities that add up to 1<<tableBits; -1 is a
// probability below one.
func (t *fseTable) build(norm []int16, tableBits uint) {
	t.bits = tableBits
	size := 1 << tableBits
	var cumul [maxSymbols + 1]int
	var spread [1 << maxTableBits]uint8
	high := size - 1
	for s, n := range norm {
		if n == -1 {
			spread[high] = uint8(s)
			high--
			n = 1
		}
		cumul[s+1] = cumul[s] + int(n)
	}
	step, pos := size>>1+size>>3+3, 0
	for s, n := range norm {
		for range n {
			spread[pos&(1<<maxTableBits-1)] = uint8(s)
			for pos = (pos + step) & (size - 1); pos > high; {
				pos = (pos + step) & (size - 1)
			}
		}
	}
	t.transforms(norm)
	for i, s := range spread[:size] {
		t.states[cumul[s]&(1<<maxTableBits-1)] = uint16(size + i)
		cumul[s]++
	}
}

func (t *fseTable) transforms(norm []int16) {
	total := int32(0)
	for s, n := range norm {
		switch n {
		case 0:
		case -1, 1:
			t.symbol[s] = transform{uint32(t.bits<<16) - 1<<t.bits, total - 1}
			total++
		default:
			out := uint32(t.bits) - uint32(bits.Len16(uint16(n-1))-1)
			t.symbol[s] = transform{out<<16 - uint32(n)<<out, total - int32(n)}
			total += int32(n)
		}
	}
}

// normalize makes probabilities in units of 1>>tableBits of counts; every symbol
// that occurs gets one at least. There are at least two, and fewer than units.
func normalize(norm []int16, count []uint32, total uint32, tableBits uint) {
	size := int32(1) << tableBits
	left, largest := size, 0
	scale := (uint64(size) << 32) / uint64(total)
	for s, c := range count {
		norm[s] = 0
		if c == 0 {
			continue
		}
		n := max(1, int32((uint64(c)*scale+1<<31)>>32))
		norm[s] = int16(n)
		left -= n
		if c > count[largest] {
			largest = s
		}
	}
	if int32(norm[largest])+left >= max(1, int32(norm[largest])/2) {
		norm[largest] += int16(left)
		return
	}
	for ; left < 0; left++ {
		shrinkOne(norm)
	}
}

// shrinkOne takes one from the most probable symbol.
func shrinkOne(norm []int16) {
	largest := 0
	for s, n := range norm {
		if n > norm[largest] {
			largest = s
		}
	}
	norm[largest]--
}

// tableBits is the size of table for so many symbols.
func tableBits(total, symbols uint32, most uint) uint {
	n := min(most, max(uint(bits.Len32(total-1)), 3)-3)
	return max(n, uint(bits.Len32(symbols))+1, 5)
}

// appendNorm appends the description of a table (4.1.1).
func appendNorm(dst []byte, norm []int16, tableBits uint) []byte {
	var store [128]byte
	w := bitWriter{buf: store[:]}
	w.add(uint64(tableBits-5), 4)
	left, threshold, width := int32(1<<tableBits)+1, int32(1<<tableBits), tableBits+1
	for s := 0; s < len(norm) && left > 1; {
		count := int32(norm[s])
		s++
		top := 2*threshold - 1 - left
		left -= max(count, -count)
		code, n := count+1, width
		if code >= threshold {
			code += top
		}
		if code < top {
			n--
		}
		w.add(uint64(code), n)
		w.flush()
		for left < threshold && threshold > 1 {
			width--
			threshold >>= 1
		}
		if count == 0 {
			s = w.zeros(norm, s)
		}
	}
	w.have += 7
	w.flush()
	return append(dst, store[:w.at]...)
}

// zeros tells how many symbols from s on do not occur and returns the next that does.
func (w *bitWriter) zeros(norm []int16, s int) int {
	start := s
	for s < len(norm) && norm[s] == 0 {
		s++
	}
	for n := s - start; ; n -= 3 {
		w.add(uint64(min(n, 3)), 2)
		w.flush()
		if n < 3 {
			return s
		}
	}
}
