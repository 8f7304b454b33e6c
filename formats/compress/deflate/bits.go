package deflate

import (
	"encoding/binary"
	"slices"
)

// bitWriter appends bits, least significant first.
type bitWriter struct {
	out  []byte
	acc  uint64
	held uint
}

// put appends up to 16 bits.
func (w *bitWriter) put(v uint32, n uint) {
	w.acc |= uint64(v) << w.held
	w.held += n
	for w.held >= 8 {
		w.out = append(w.out, byte(w.acc))
		w.acc >>= 8
		w.held -= 8
	}
}

// room makes sure that n more bytes fit without growing.
func (w *bitWriter) room(n int) { w.out = slices.Grow(w.out, n) }

func (w *bitWriter) align() {
	if w.held > 0 {
		w.out = append(w.out, byte(w.acc))
	}
	w.acc, w.held = 0, 0
}

// stored appends data as stored blocks (RFC 1951, 3.2.4), one empty block when
// there is none.
func (w *bitWriter) stored(data []byte, final bool) {
	for first := true; first || len(data) > 0; first = false {
		n := min(len(data), 0xffff)
		last := uint32(0)
		if final && n == len(data) {
			last = 1
		}
		w.put(last, 3)
		w.align()
		w.out = binary.LittleEndian.AppendUint16(w.out, uint16(n))
		w.out = binary.LittleEndian.AppendUint16(w.out, ^uint16(n))
		w.out = append(w.out, data[:n]...)
		data = data[n:]
	}
}

func (w *bitWriter) empty(dst []byte) bool { return len(w.out) == len(dst) && w.held == 0 }

func (w *bitWriter) close() []byte {
	w.align()
	return w.out
}
