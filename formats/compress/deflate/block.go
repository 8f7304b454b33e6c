package deflate

import (
	"encoding/binary"
	"math/bits"
)

const (
	literals  = 286
	distances = 30
	endBlock  = 256
)

// block writes one block with codes made for it.
type block struct {
	litFreq    [literals]uint32
	distFreq   [distances]uint32
	litWidth   [literals]uint8
	distWidth  [distances]uint8
	litCode    [literals]uint32
	distCode   [distances]uint32
	lengthCode [256]uint64 // code and extra bits of a match length: bits<<8 | count
	sort       []uint64
	pre        precode
}

// lengthSymbol returns the symbol of a length less minMatch, with its base and
// the number of extra bits (RFC 1951, 3.2.5).
func lengthSymbol(l uint32) (sym, base uint32, extra uint) {
	switch {
	case l < 8:
		return 257 + l, l, 0
	case l == maxMatch-minMatch:
		return 285, l, 0
	}
	extra = uint(bits.Len32(l)) - 3
	sym = uint32(extra)<<2 + l>>extra
	return 257 + sym, l >> extra << extra, extra
}

// distSymbol returns the symbol of a distance, its base less one and the number
// of extra bits.
func distSymbol(dist uint32) (sym, base uint32, extra uint) {
	d := dist - 1
	if d < 4 {
		return d, d, 0
	}
	extra = uint(bits.Len32(d)) - 2
	return uint32(extra)<<1 + d>>extra, d >> extra << extra, extra
}

func (b *block) write(w *bitWriter, data []byte, tokens []uint32, final bool) {
	b.count(tokens)
	b.sort = lengths(b.litFreq[:], b.litWidth[:], 15, b.sort)
	b.sort = lengths(b.distFreq[:], b.distWidth[:], 15, b.sort)
	b.pre.plan(b.litWidth[:], b.distWidth[:])
	dynamic := b.pre.cost() + b.cost(b.litWidth[:], b.distWidth[:])
	fixed := b.cost(fixedLit[:], fixedDist[:])
	stored := 8*len(data) + 35*(1+len(data)/0xffff)
	last := uint32(0)
	if final {
		last = 1
	}
	switch {
	case stored <= min(dynamic, fixed):
		w.stored(data, final)
		return
	case fixed <= dynamic:
		w.put(last|1<<1, 3)
		copy(b.litWidth[:], fixedLit[:])
		copy(b.distWidth[:], fixedDist[:])
		var all [288]uint32
		codes(fixedLit[:], all[:])
		copy(b.litCode[:], all[:])
	default:
		w.put(last|2<<1, 3)
		b.pre.write(w)
		codes(b.litWidth[:], b.litCode[:])
	}
	codes(b.distWidth[:], b.distCode[:])
	w.room(min(dynamic, fixed)/8 + 32)
	b.tokens(w, tokens)
}

func (b *block) count(tokens []uint32) {
	b.litFreq, b.distFreq = [literals]uint32{}, [distances]uint32{}
	var lens [256]uint32
	for _, t := range tokens {
		if t < 256 {
			b.litFreq[t]++
			continue
		}
		lens[t&255]++
		sym, _, _ := distSymbol(t >> 8)
		b.distFreq[sym]++
	}
	for l, n := range lens {
		sym, _, _ := lengthSymbol(uint32(l))
		b.litFreq[sym] += n
	}
	b.litFreq[endBlock] = 1
}

// cost is the size of the tokens in bits under a code.
func (b *block) cost(lit, dist []uint8) int {
	n := 0
	for sym, f := range b.litFreq {
		extra := 0
		if sym >= 265 && sym < 285 {
			extra = (sym - 261) / 4
		}
		n += int(f) * (int(lit[sym]) + extra)
	}
	for sym, f := range b.distFreq {
		n += int(f) * (int(dist[sym]) + max(sym/2-1, 0))
	}
	return n
}

// tokens writes the body of a block. There is room for all of it.
func (b *block) tokens(w *bitWriter, tokens []uint32) {
	for l := range b.lengthCode {
		sym, base, extra := lengthSymbol(uint32(l))
		code := b.litCode[sym]
		width := uint(code & 255)
		b.lengthCode[l] = (uint64(code>>8)|uint64(uint32(l)-base)<<width)<<8 | uint64(width+extra)
	}
	acc, held := w.acc, w.held
	pos := len(w.out)
	out := w.out[:cap(w.out)]
	for _, t := range tokens {
		if t < 256 {
			code := b.litCode[t]
			acc |= uint64(code>>8) << held
			held += uint(code & 255)
		} else {
			l := b.lengthCode[t&255]
			acc |= l >> 8 << (held & 63)
			held += uint(l & 255)
			sym, base, extra := distSymbol(t >> 8)
			code := b.distCode[sym]
			width := uint(code & 255)
			acc |= (uint64(code>>8) | uint64(t>>8-1-base)<<width) << (held & 63)
			held += width + extra
		}
		// At most 7 + 48 bits are held here.
		binary.LittleEndian.PutUint64(out[pos:], acc)
		pos += int(held >> 3)
		acc >>= held &^ 7 & 63
		held &= 7
	}
	w.out, w.acc, w.held = out[:pos], acc, held
	w.put(b.litCode[endBlock]>>8, uint(b.litCode[endBlock]&255))
}

// The code of fixed blocks (RFC 1951, 3.2.6).
var fixedLit, fixedDist = func() (lit [288]uint8, dist [distances]uint8) {
	for i := range lit {
		switch {
		case i < 144:
			lit[i] = 8
		case i < 256:
			lit[i] = 9
		case i < 280:
			lit[i] = 7
		default:
			lit[i] = 8
		}
	}
	for i := range dist {
		dist[i] = 5
	}
	return lit, dist
}()
