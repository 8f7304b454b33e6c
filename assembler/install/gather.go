package install

import (
	"io"

	"golang.org/x/sys/unix"
)

// gather writes pieces of a file that are in memory, in the order of their
// places, with few system calls. Between them are zeros.
type gather struct {
	fd     int
	at     int64 // place of the first piece
	end    int64
	pieces [][]byte
	size   int          // of the pieces
	zeros  [extent]byte // for gaps
}

// maxPieces is IOV_MAX (writev(2)).
const maxPieces = 1024

// add takes one piece, not before the end of the last one.
func (g *gather) add(place int64, piece []byte) error {
	if place-g.end > extent {
		if err := g.flush(); err != nil {
			return err
		}
		g.at, g.end = place, place // a hole
	}
	if gap := place - g.end; gap > 0 {
		if err := g.put(g.zeros[:gap]); err != nil {
			return err
		}
	}
	for len(piece) > 0 {
		n := min(len(piece), maxWrite-g.size)
		if err := g.put(piece[:n]); err != nil {
			return err
		}
		piece = piece[n:]
	}
	return nil
}

// put adds a piece that fits, and writes when the buffers are full.
func (g *gather) put(piece []byte) error {
	g.pieces = append(g.pieces, piece)
	g.size += len(piece)
	g.end += int64(len(piece))
	if len(g.pieces) == maxPieces || g.size >= maxWrite {
		return g.flush()
	}
	return nil
}

// flush writes what was taken.
func (g *gather) flush() error {
	for len(g.pieces) > 0 {
		n, err := unix.Pwritev(g.fd, g.pieces, g.at)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return err
		}
		if n == 0 {
			return io.ErrShortWrite
		}
		g.at += int64(n)
		for n > 0 && n >= len(g.pieces[0]) {
			n -= len(g.pieces[0])
			g.pieces = g.pieces[1:]
		}
		if n > 0 {
			g.pieces[0] = g.pieces[0][n:]
		}
	}
	g.pieces, g.size = nil, 0
	return nil
}
