package zstdblock

import "github.com/fimg/fimg/internal/le"

// Kinds of literals sections (RFC 8878, 3.1.1.3.1.1).
const (
	literalsRaw = iota
	literalsRLE
	literalsCompressed
)

const (
	minHuffman  = 32  // fewer literals are not coded
	minStreams  = 256 // fewer are one stream instead of four
	streamBytes = MaxBlock/4*maxCodeBits/8 + 16
	jumpTable   = 6
)

// literalCoder encodes literals by a Huffman code of their own.
type literalCoder struct {
	counts  [4][256]uint32 // of each stream
	code    huffman
	streams [4][streamBytes]byte
}

// appendLiterals appends a literals section; false when that takes limit bytes.
func (c *literalCoder) appendLiterals(dst, lits []byte, limit int) ([]byte, bool) {
	at := len(dst)
	if len(lits) >= minHuffman {
		if out, ok := c.appendCoded(dst, lits); ok {
			return out, len(out)-at < limit
		}
	}
	if len(lits) >= limit {
		return dst, false
	}
	dst = appendLiteralsHead(dst, literalsRaw, len(lits))
	return append(dst, lits...), true
}

// appendCoded appends literals that get smaller by a code or by being all the same.
func (c *literalCoder) appendCoded(dst, lits []byte) ([]byte, bool) {
	part := (len(lits) + 3) / 4
	if len(lits) < minStreams {
		part = len(lits)
	}
	total := c.count(lits, part)
	switch distinct := c.code.gather(total, len(lits)); {
	case distinct == 1:
		return append(appendLiteralsHead(dst, literalsRLE, len(lits)), lits[0]), true
	case distinct == 0:
		return dst, false
	}
	c.code.build()
	tree := c.code.description()
	size := len(tree)
	if part < len(lits) {
		size += jumpTable
	}
	var length [4]int
	for i := range c.counts {
		if i*part < len(lits) {
			length[i] = c.code.size(&c.counts[i])
			size += length[i]
		}
	}
	if len(tree) == 0 || size+len(lits)>>6+2 >= len(lits) {
		return dst, false
	}
	dst = append(appendCodedHead(dst, len(lits), size, part < len(lits)), tree...)
	return c.appendStreams(dst, lits, part, &length), true
}

// count counts the bytes of every stream and returns their sum.
func (c *literalCoder) count(lits []byte, part int) *[256]uint32 {
	c.counts = [4][256]uint32{}
	if part == len(lits) {
		for _, b := range lits {
			c.counts[0][b]++
		}
		return &c.counts[0]
	}
	c0, c1, c2, c3 := &c.counts[0], &c.counts[1], &c.counts[2], &c.counts[3]
	l0, l1, l2, l3 := lits[:part], lits[part:2*part], lits[2*part:3*part], lits[3*part:]
	l0, l1, l2 = l0[:len(l3)], l1[:len(l3)], l2[:len(l3)]
	for i, b := range l3 {
		c0[l0[i]]++
		c1[l1[i]]++
		c2[l2[i]]++
		c3[b]++
	}
	for i := len(l3); i < part; i++ {
		c0[lits[i]]++
		c1[lits[part+i]]++
		c2[lits[2*part+i]]++
	}
	total := &c.code.total
	for i := range total {
		total[i] = c0[i] + c1[i] + c2[i] + c3[i]
	}
	return total
}

// appendStreams encodes the streams and appends them, the lengths of the first
// three before them where there are four.
func (c *literalCoder) appendStreams(dst, lits []byte, part int, length *[4]int) []byte {
	if part == len(lits) {
		w := huffmanStream{dst: c.streams[0][:], left: lits}
		w.finish(&c.code.codes)
		return append(dst, c.streams[0][:length[0]]...)
	}
	for i := range 2 {
		a := huffmanStream{dst: c.streams[2*i][:], left: lits[2*i*part : (2*i+1)*part]}
		b := huffmanStream{dst: c.streams[2*i+1][:], left: lits[(2*i+1)*part : min((2*i+2)*part, len(lits))]}
		encodePair(&a, &b, &c.code.codes)
		a.finish(&c.code.codes)
		b.finish(&c.code.codes)
	}
	for _, n := range length[:3] {
		dst = append(dst, byte(n), byte(n>>8))
	}
	for i, n := range length {
		dst = append(dst, c.streams[i][:n]...)
	}
	return dst
}

// huffmanStream is one stream being written: the literals left to encode, from
// the last one on, and in the highest bits of acc those that do not make a byte yet.
type huffmanStream struct {
	dst  []byte
	at   int
	acc  uint64
	have uint64
	left []byte
}

// encodePair encodes two streams side by side as far as both have five literals
// more.
func encodePair(a, b *huffmanStream, codes *[256]uint64) {
	n := min(len(a.left), len(b.left)) / 5 * 5
	if n == 0 {
		return
	}
	restA, restB := len(a.left)-n, len(b.left)-n
	encodeFives(a, b, a.left[restA:], b.left[restB:], codes)
	a.left, b.left = a.left[:restA], b.left[:restB]
}

// fivesSlow encodes the literals of two streams, as many in either, a multiple of
// five, from the last one on: a code has eleven bits at most, so five go with
// seven bits left before into a word. An entry of codes has the code in its
// highest bits, their number in its lowest; what else gets into acc is below the
// bits that count, or shifted out.
func fivesSlow(a, b *huffmanStream, literalsA, literalsB []byte, codes *[256]uint64) {
	da, db, ia, ib := a.dst, b.dst, 0, 0
	var accA, accB, haveA, haveB uint64
	for i := len(literalsA) - 5; i >= 0; i -= 5 {
		ga, gb := literalsA[i:i+5], literalsB[i:i+5]
		for k := 4; k > 0; k-- {
			x, y := codes[ga[k]], codes[gb[k]]
			accA = accA>>(x&63) | x
			accB = accB>>(y&63) | y
			haveA += x
			haveB += y
		}
		x, y := codes[ga[0]], codes[gb[0]]
		accA = accA>>(x&63) | x&^255
		accB = accB>>(y&63) | y&^255
		haveA = (haveA + x) & 255
		haveB = (haveB + y) & 255
		le.Store64(da, ia, accA>>(-haveA&63))
		le.Store64(db, ib, accB>>(-haveB&63))
		ia += int(haveA >> 3)
		ib += int(haveB >> 3)
		haveA &= 7
		haveB &= 7
	}
	a.at, a.acc, a.have = ia, accA, haveA
	b.at, b.acc, b.have = ib, accB, haveB
}

// finish encodes what is left and ends the stream.
func (s *huffmanStream) finish(codes *[256]uint64) {
	w := bitWriter{buf: s.dst, at: s.at, acc: s.acc >> 56 >> (8 - s.have), have: uint(s.have)}
	for i := len(s.left) - 1; i >= 0; i-- {
		x := codes[s.left[i]]
		w.add(x>>(-x&63), uint(x&63))
		w.flush()
	}
	w.close()
}

// appendLiteralsHead appends the header of literals that are stored or all the same.
func appendLiteralsHead(dst []byte, kind, n int) []byte {
	switch {
	case n < 32:
		return append(dst, byte(kind|n<<3))
	case n < 4096:
		return append(dst, byte(kind|1<<2|n<<4), byte(n>>4))
	}
	return append(dst, byte(kind|3<<2|n<<4), byte(n>>4), byte(n>>12))
}

// appendCodedHead appends the header of n literals coded in size bytes.
func appendCodedHead(dst []byte, n, size int, four bool) []byte {
	format, bits, bytes := 0, 10, 3
	switch {
	case n >= 1<<14:
		format, bits, bytes = 3, 18, 5
	case n >= 1<<10:
		format, bits, bytes = 2, 14, 4
	case four:
		format = 1
	}
	head := literalsCompressed | format<<2 | n<<4 | size<<(4+bits)
	for range bytes {
		dst = append(dst, byte(head))
		head >>= 8
	}
	return dst
}
