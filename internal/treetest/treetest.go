// Package treetest makes trees for the tests of what writes file systems and
// archives.
package treetest

import (
	"fmt"
	"io"
	"math/rand/v2"
	"path"
	"strings"
	"time"

	"github.com/fimg/fimg/tree"
)

// Holes is content with holes: data at the ranges, zero elsewhere.
type Holes struct {
	Ranges []tree.Range // of data, in order
	Size   int64
	Salt   uint64 // makes the data
}

// Data implements tree.File.
func (h *Holes) Data() ([]tree.Range, error) { return h.Ranges, nil }

// Close implements tree.File.
func (h *Holes) Close() error { return nil }

// ReadAt implements tree.File.
func (h *Holes) ReadAt(b []byte, at int64) (int, error) {
	clear(b)
	n := min(int64(len(b)), h.Size-at)
	for _, r := range h.Ranges {
		for i := max(r.Offset, at); i < min(r.Offset+r.Length, at+n); i++ {
			b[i-at] = byte(uint64(i) * h.Salt >> 13)
		}
	}
	if n < int64(len(b)) {
		return int(n), io.EOF
	}
	return int(n), nil
}

// Content makes bytes that compress well, badly, not at all or partly.
func Content(r *rand.Rand, size int) []byte {
	b := make([]byte, size)
	kind := r.IntN(4)
	for i := range b {
		switch {
		case kind == 0:
			b[i] = byte(i / 7)
		case kind == 1 || (kind == 2 && i/100000%2 == 1):
			b[i] = byte(r.Uint32())
		default:
			b[i] = "the quick brown fox jumps"[(i*i/3+r.IntN(3))%25]
		}
	}
	return b
}

// sizes are those at which file systems change their mind.
var sizes = []int{0, 1, 100, 2047, 2048, 2049, 4095, 4096, 4097, 8192, 65536, 131071, 131073, 300000, 524288, 524289, 1200000}

// Random makes a tree with everything that can be in one: the same for the same seed.
func Random(seed uint64, files int) *tree.Mem {
	r := rand.New(rand.NewPCG(seed, 1))
	m := tree.NewMem()
	dirs := []string{"."}
	when := time.Unix(1_700_000_000, 123456789).UTC()
	var linked []tree.Node
	data := map[uint64][]byte{}
	for i := range files {
		n := tree.Node{Path: path.Join(dirs[r.IntN(len(dirs))], fmt.Sprintf("%s%d", strings.Repeat("n", r.IntN(40)), i)),
			UID: r.Uint32N(70000), GID: r.Uint32N(3), MTime: when.Add(time.Duration(i) * time.Second)}
		perm := r.Uint32N(0o10000)
		for k := range r.IntN(4) {
			n.SetXattr(fmt.Sprintf("user.x%d", k), Content(r, r.IntN(300)))
		}
		switch r.IntN(12) {
		case 0, 1:
			n.Mode = tree.TypeDir | perm
			dirs = append(dirs, n.Path)
			m.Add(n, nil)
		case 2:
			n.Mode, n.Target, n.Xattrs = tree.TypeLink|0o777, strings.Repeat("t/", 1+r.IntN(400)), nil
			m.Add(n, nil)
		case 3:
			n.Mode, n.Xattrs = []uint32{tree.TypeChar, tree.TypeBlock, tree.TypeFIFO, tree.TypeSocket}[r.IntN(4)]|perm, nil
			if n.Type() == tree.TypeChar || n.Type() == tree.TypeBlock {
				n.Major, n.Minor = r.Uint32N(4096), r.Uint32N(1<<20)
			}
			m.Add(n, nil)
		case 4:
			n.Mode, n.Size = tree.TypeFile|perm, int64(r.IntN(3_000_000))
			m.AddFile(n, randomHoles(r, n.Size))
		case 5:
			if len(linked) > 0 {
				n2 := linked[r.IntN(len(linked))]
				n2.Path = n.Path
				m.Add(n2, data[n2.Link])
				continue
			}
			fallthrough
		default:
			n.Mode = tree.TypeFile | perm
			if r.IntN(20) == 0 {
				n.Flags = tree.NoCOW
			}
			b := Content(r, sizes[r.IntN(len(sizes))])
			if r.IntN(8) == 0 {
				n.Link = uint64(i + 1)
				linked = append(linked, n)
				data[n.Link] = b
			}
			m.Add(n, b)
		}
	}
	return m
}

func randomHoles(r *rand.Rand, size int64) *Holes {
	h := &Holes{Size: size, Salt: r.Uint64()}
	for at := int64(0); at < size; {
		start := at + 4096*r.Int64N(200)
		end := min(start+4096*(1+r.Int64N(100)), size)
		if start >= end {
			break
		}
		h.Ranges = append(h.Ranges, tree.Range{Offset: start, Length: end - start})
		at = end
	}
	return h
}
