// Package xzread unpacks xz streams of strangers (".xz File Format 1.2") in
// bounded memory. The decoder below it allocates whatever dictionary a block's
// header claims, up to 4 GiB; here each header is looked at before the decoder
// sees it.
package xzread

import (
	"bufio"
	"fmt"
	"io"

	"github.com/ulikunitz/xz"
)

// MaxDictionary is the largest dictionary that is accepted, in bytes. "xz -9"
// uses 64 MiB.
const MaxDictionary = 256 << 20

// DictionaryError says that a block wants a larger dictionary than is accepted.
type DictionaryError struct{ Size int64 }

func (e *DictionaryError) Error() string {
	return fmt.Sprintf("unpack xz: a dictionary of %d bytes, more than %d", e.Size, int64(MaxDictionary))
}

// NewReader returns a reader of what r holds packed. An error is a
// [DictionaryError], or says what is wrong with the stream.
func NewReader(r io.Reader) (io.Reader, error) {
	return xz.NewReader(bufio.NewReaderSize(&guard{r: r, step: atStream, need: 4}, 1<<20))
}

// step takes the bytes that were asked for.
type step func(g *guard, b []byte) error

// guard passes a file on and follows its structure. No byte of a read is passed
// on when one of them breaks a rule.
type guard struct {
	r     io.Reader
	step  step
	need  int    // how many bytes step takes
	have  []byte // fewer than need
	skip  int64  // bytes to pass on before the step
	size  int64  // of the block's data or the index so far
	check int64  // size of a block's check
	left  uint64 // numbers to come in the index
	vli   uint   // bits of the number that is read
	err   error
}

// Read implements io.Reader.
func (g *guard) Read(p []byte) (int, error) {
	if g.err != nil {
		return 0, g.err
	}
	n, err := g.r.Read(p)
	if g.err = g.follow(p[:n]); g.err != nil {
		return 0, g.err
	}
	return n, err
}

func (g *guard) follow(p []byte) error {
	for len(p) > 0 {
		if n := min(g.skip, int64(len(p))); n > 0 {
			g.skip -= n
			p = p[n:]
			continue
		}
		n := min(g.need-len(g.have), len(p))
		g.have = append(g.have, p[:n]...)
		p = p[n:]
		if len(g.have) < g.need {
			break
		}
		b := g.have
		g.have = g.have[:0]
		if err := g.step(g, b); err != nil {
			return err
		}
	}
	return nil
}

// next says what comes behind skip bytes more.
func (g *guard) next(s step, need int, skip int64) error {
	g.step, g.need, g.skip = s, need, skip
	return nil
}

func broken(what string) error { return fmt.Errorf("unpack xz: %s", what) }
