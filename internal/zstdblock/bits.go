package zstdblock

import (
	"encoding/binary"

	"github.com/fimg/fimg/internal/le"
)

// bitWriter writes bits from the lowest on. It writes eight bytes at a time, so
// that buf has that much room behind what will have been written.
type bitWriter struct {
	buf  []byte
	at   int
	acc  uint64
	have uint
}

// add takes n bits of v, whose higher bits are clear; 57 at most between flushes.
func (w *bitWriter) add(v uint64, n uint) {
	w.acc |= v << (w.have & 63)
	w.have += n
}

// flush writes whole bytes.
func (w *bitWriter) flush() {
	le.Store64(w.buf, w.at, w.acc)
	w.at += int(w.have >> 3)
	w.acc >>= w.have &^ 7 & 63
	w.have &= 7
}

// close ends a stream that is read from its end: with a bit set.
func (w *bitWriter) close() int {
	w.add(1, 1)
	w.have += 7
	binary.LittleEndian.PutUint64(w.buf[w.at:], w.acc)
	return w.at + int(w.have>>3)
}
