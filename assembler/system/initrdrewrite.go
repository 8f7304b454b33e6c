package system

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"path"
	"slices"

	"golang.org/x/sys/unix"
)

// initrdRewriter copies an archive so that nothing in it tells who made it and
// where: devices are added, and inodes, file systems and the links of directories
// numbered anew.
type initrdRewriter struct {
	out   io.Writer
	in    *bufio.Reader
	nodes []newcEntry       // still to come, sorted by name
	times map[string]uint32 // of the directories that nodes lie in, once seen
	links map[[3]uint32]uint32
	last  uint32 // inode
	size  int64  // written
}

// rewriteInitrd copies in, with the nodes among its entries. What is no cpio
// archive is copied as it is.
func rewriteInitrd(out io.Writer, in *bufio.Reader, nodes []newcEntry) error {
	if head, _ := in.Peek(len(newcMagic)); string(head) != newcMagic && string(head) != newcCRC {
		_, err := io.Copy(out, in)
		return err
	}
	w := &initrdRewriter{out: out, in: in, nodes: nodes, times: map[string]uint32{}, links: map[[3]uint32]uint32{}}
	for range maxNewcEntries {
		e, err := readNewc(in)
		if err != nil {
			return err
		}
		if e.name == newcTrailer {
			return w.finish(e)
		}
		if err := w.entry(e); err != nil {
			return err
		}
	}
	return errors.New("rewrite initrd: too many entries")
}

// entry copies one entry after the nodes that come before it; a node that dracut
// made gives way to ours.
func (w *initrdRewriter) entry(e newcEntry) error {
	replaced, err := w.nodesUntil(e.name)
	if err != nil {
		return err
	}
	if e.Mode&unix.S_IFMT == unix.S_IFDIR {
		e.NLink = 2
		if slices.ContainsFunc(w.nodes, func(n newcEntry) bool { return path.Dir(n.name) == e.name }) {
			w.times[e.name] = e.MTime
		}
	}
	size := int64(e.FileSize)
	padded := size + int64(newcPad(size))
	if replaced {
		_, err = io.CopyN(io.Discard, w.in, padded)
		return err
	}
	if err := w.put(e); err != nil {
		return err
	}
	w.size += padded
	if _, err = io.CopyN(w.out, w.in, padded); err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// nodesUntil writes the nodes up to a name, and tells whether that was the last
// one's. A node whose directory the archive lacks is left out, as mknod fails.
func (w *initrdRewriter) nodesUntil(name string) (same bool, err error) {
	for len(w.nodes) > 0 && w.nodes[0].name <= name {
		n := w.nodes[0]
		w.nodes = w.nodes[1:]
		mtime, ok := w.times[path.Dir(n.name)]
		if !ok {
			continue
		}
		n.MTime, same = mtime, n.name == name
		if err := w.put(n); err != nil {
			return false, err
		}
	}
	return same, nil
}

// put writes a header, with the next inode or that of the entry's first link.
func (w *initrdRewriter) put(e newcEntry) error {
	key := [3]uint32{e.DevMajor, e.DevMinor, e.Ino}
	linked := e.NLink > 1 && e.Mode&unix.S_IFMT != unix.S_IFDIR
	ino := w.links[key]
	if !linked || ino == 0 {
		w.last++
		ino = w.last
	}
	if linked {
		w.links[key] = ino
	}
	e.Ino, e.DevMajor, e.DevMinor = ino, 0, 0
	b, err := e.append(nil)
	if err != nil {
		return err
	}
	w.size += int64(len(b))
	_, err = w.out.Write(b)
	return err
}

// newcBlock is what cpio(1) fills the end of an archive to.
const newcBlock = 512

// finish writes what is left, and what follows the archive.
func (w *initrdRewriter) finish(trailer newcEntry) error {
	if _, err := w.nodesUntil("\xff"); err != nil {
		return err
	}
	b, err := trailer.append(nil)
	if err != nil {
		return err
	}
	w.size += int64(len(b))
	b = append(b, bytes.Repeat([]byte{0}, int(-w.size&(newcBlock-1)))...)
	if _, err := w.out.Write(b); err != nil {
		return err
	}
	if _, err := skipZeros(w.in); err != nil {
		return err
	}
	_, err = io.Copy(w.out, w.in)
	return err
}

// skipZeros reads zeros and returns how many there were.
func skipZeros(in *bufio.Reader) (int, error) {
	for n := 0; ; n++ {
		switch b, err := in.ReadByte(); {
		case err == io.EOF:
			return n, nil
		case err != nil:
			return n, err
		case b != 0:
			return n, in.UnreadByte()
		}
	}
}
