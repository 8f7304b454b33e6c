package lzma2

// The range coder's constants (LZMA specification, "Range coder").
const (
	probBits  = 11
	probInit  = 1 << (probBits - 1)
	moveBits  = 5
	rangeTop  = 1 << 24
	priceUnit = 4 // prices are in 1/16 bit
)

// prob is the probability that the next bit is 0, of 1<<probBits.
type prob = uint16

// rangeCoder encodes bits with adaptive probabilities.
type rangeCoder struct {
	low     uint64
	width   uint32
	cache   byte
	pending int // bytes that a carry may still change, the cache among them
	out     []byte
}

func (r *rangeCoder) reset() {
	r.low, r.width, r.cache, r.pending = 0, 0xffffffff, 0, 1
	r.out = r.out[:0]
}

// size is the length of the output if it were flushed now.
func (r *rangeCoder) size() int { return len(r.out) + r.pending + 4 }

func (r *rangeCoder) shift() {
	if r.low < 0xff000000 || r.low >= 1<<32 {
		carry := byte(r.low >> 32)
		r.out = append(r.out, r.cache+carry)
		for ; r.pending > 1; r.pending-- {
			r.out = append(r.out, 0xff+carry)
		}
		r.pending = 0
		r.cache = byte(r.low >> 24)
	}
	r.pending++
	r.low = r.low & 0x00ffffff << 8
}

func (r *rangeCoder) flush() {
	for range 5 {
		r.shift()
	}
}

func (r *rangeCoder) bit(p *prob, bit uint32) {
	bound := r.width >> probBits * uint32(*p)
	if bit == 0 {
		r.width = bound
		*p += (1<<probBits - *p) >> moveBits
	} else {
		r.low += uint64(bound)
		r.width -= bound
		*p -= *p >> moveBits
	}
	if r.width < rangeTop {
		r.width <<= 8
		r.shift()
	}
}

// tree encodes n bits, the highest first, each in the context of those before.
func (r *rangeCoder) tree(probs []prob, n uint, symbol uint32) {
	m := uint32(1)
	for n > 0 {
		n--
		bit := symbol >> n & 1
		r.bit(&probs[m], bit)
		m = m<<1 | bit
	}
}

// reverse is tree with the lowest bit first.
func (r *rangeCoder) reverse(probs []prob, n uint, symbol uint32) {
	m := uint32(1)
	for ; n > 0; n-- {
		bit := symbol & 1
		symbol >>= 1
		r.bit(&probs[m], bit)
		m = m<<1 | bit
	}
}

// direct encodes n bits of even chance, the highest first.
func (r *rangeCoder) direct(value uint32, n uint) {
	for n > 0 {
		n--
		r.width >>= 1
		if value>>n&1 != 0 {
			r.low += uint64(r.width)
		}
		if r.width < rangeTop {
			r.width <<= 8
			r.shift()
		}
	}
}

// prices[p>>4] is the price of a 0 at probability p: 16 times the bits it costs.
var prices = func() (t [1 << (probBits - 4)]uint8) {
	for i := range t {
		w := uint32(i<<4 + 8)
		bits := uint32(0)
		for range 4 {
			w *= w
			bits <<= 1
			for w >= 1<<16 {
				w >>= 1
				bits++
			}
		}
		t[i] = uint8(probBits<<4 - 15 - bits)
	}
	return t
}()

// price is the price of a bit.
func price(p prob, bit uint32) uint32 {
	return uint32(prices[(uint32(p)^(-bit&(1<<probBits-1)))>>4&(1<<(probBits-4)-1)])
}

func price0(p prob) uint32 { return price(p, 0) }
func price1(p prob) uint32 { return price(p, 1) }

func treePrice(probs []prob, n uint, symbol uint32) uint32 {
	var sum uint32
	for m := symbol | 1<<n; m > 1; m >>= 1 {
		sum += price(probs[m>>1], m&1)
	}
	return sum
}

func reversePrice(probs []prob, n uint, symbol uint32) uint32 {
	var sum uint32
	m := uint32(1)
	for ; n > 0; n-- {
		bit := symbol & 1
		symbol >>= 1
		sum += price(probs[m], bit)
		m = m<<1 | bit
	}
	return sum
}
