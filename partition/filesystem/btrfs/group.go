package btrfs

import (
	"fmt"
	"io"
	"sync"

	"github.com/fimg/fimg/tree"
)

// group is a unit of work: up to groupBytes of one file, or a whole small file.
type group struct {
	file  *source
	start int64 // in the file, a multiple of the sector size
	bytes int64 // whole sectors, but for the end of the file
	whole bool  // the file's data ranges are not known yet
	last  bool  // of its file

	// Results.
	segments   []segment
	noCompress bool // one block was tried and did not get smaller
	raw        bool // compression is known to be off
	err        error
	mem        *groupMemory
}

// segment is a run of sectors as it goes to disk.
type segment struct {
	offset  int64
	bytes   int64  // uncompressed, whole sectors
	disk    []byte // whole sectors, or the exact bytes of inline data
	plain   []byte // uncompressed, whole sectors
	algo    Algo
	inline  bool
	sums    []byte
	content int64 // uncompressed bytes, of inline data
}

// groupMemory is what the groups of a batch need; it goes from batch to batch.
type groupMemory struct {
	input  []byte
	output []byte
	sums   []byte
}

// source is one file being read.
type source struct {
	ino   *inode
	size  int64
	algo  Algo
	force bool
	noCOW bool
	tree  tree.Tree
	mu    sync.Mutex
	file  tree.File
	open  int // groups that still need the file
	// denseFrom is the start of the first group known not to get smaller; what
	// comes after it is not tried.
	denseFrom int64
}

// handle opens the file when the first group needs it.
func (s *source) handle() (tree.File, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file == nil {
		f, err := s.tree.Open(s.ino.node)
		if err != nil {
			return nil, err
		}
		s.file = f
	}
	return s.file, nil
}

// release closes the file when no group needs it any more.
func (s *source) release() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open--
	if s.open > 0 || s.file == nil {
		return nil
	}
	f := s.file
	s.file = nil
	return f.Close()
}

// dense tells whether a group before the offset did not get smaller.
func (s *source) dense(offset int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.force && s.denseFrom < offset
}

func (s *source) setDense(offset int64) {
	s.mu.Lock()
	s.denseFrom = min(s.denseFrom, offset)
	s.mu.Unlock()
}

// worker turns groups into segments.
type worker struct {
	opts *Options
	comp compressor
}

func (w *worker) process(g *group) {
	if err := w.group(g); err != nil {
		g.err = fmt.Errorf("read %s: %w", g.file.ino.node.Path, err)
	}
	if err := g.file.release(); err != nil && g.err == nil {
		g.err = fmt.Errorf("read %s: %w", g.file.ino.node.Path, err)
	}
	if g.noCompress {
		g.file.setDense(g.start)
	}
}

func (w *worker) group(g *group) error {
	f, err := g.file.handle()
	if err != nil {
		return err
	}
	if !g.whole {
		return w.run(g, f, tree.Range{Offset: g.start, Length: g.bytes})
	}
	ranges, err := g.file.ranges(f, int64(w.opts.SectorSize))
	if err != nil {
		return err
	}
	for _, r := range ranges {
		if err := w.run(g, f, r); err != nil {
			return err
		}
	}
	return nil
}

// run reads one range and cuts it into segments.
func (w *worker) run(g *group, f tree.File, r tree.Range) error {
	m := g.mem
	padded := int(roundUp(r.Length, int64(w.opts.SectorSize)))
	at := len(m.input)
	m.input = m.input[:at+padded]
	buf := m.input[at:]
	if n, err := f.ReadAt(buf[:r.Length], r.Offset); int64(n) < r.Length {
		if err == nil || err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return err
	}
	clear(buf[r.Length:])
	if w.inlineRaw(g, r) {
		return w.inline(g, buf[:r.Length])
	}
	return w.blocks(g, r, buf)
}

// inlineRaw tells whether the range is a whole file that may become inline.
func (w *worker) inlineRaw(g *group, r tree.Range) bool {
	size := g.file.size
	return !g.file.noCOW && r.Offset == 0 && r.Length == size && size <= int64(w.opts.SectorSize) && w.opts.MaxInline > 0
}

// inline makes a small file's single segment: in the metadata when it is short
// enough as it is or compressed, otherwise a sector of its own.
func (w *worker) inline(g *group, content []byte) error {
	padded := content[:roundUp(int64(len(content)), int64(w.opts.SectorSize))]
	comp, err := w.shrink(g, padded, content)
	if err != nil {
		return err
	}
	s := segment{bytes: int64(len(padded)), content: int64(len(content)), inline: true, disk: content}
	limit := min(w.opts.MaxInline, leafRoom(w.opts.NodeSize)-inlineHeader)
	if comp != nil && len(comp) <= limit {
		s.disk, s.algo = comp, g.file.algo
		g.segments = append(g.segments, s)
		return nil
	}
	g.noCompress = g.noCompress || comp != nil
	if len(content) > limit || len(content) == w.opts.SectorSize {
		w.rawSegment(g, 0, padded)
		return nil
	}
	g.segments = append(g.segments, s)
	return nil
}

// shrink compresses one block; nil means that it is not worth it.
func (w *worker) shrink(g *group, padded, content []byte) ([]byte, error) {
	src := g.file
	if src.algo == None || (!src.force && (g.raw || !worthTrying(padded))) {
		return nil, nil
	}
	m := g.mem
	at := len(m.output)
	out, err := w.comp.compress(src.algo, m.output, content)
	if err != nil {
		return nil, err
	}
	m.output = out
	if len(out)-at >= len(content) {
		m.output = out[:at]
		g.noCompress = true
		return nil, nil
	}
	return out[at:], nil
}

// blocks cuts a range into compressed blocks until one does not get smaller by a
// sector; that one and the rest of the group stay as they are.
func (w *worker) blocks(g *group, r tree.Range, buf []byte) error {
	g.raw = (g.noCompress && !g.file.force) || g.file.dense(g.start)
	for at := 0; at < len(buf); {
		end := min(at+blockBytes, len(buf))
		comp, err := w.block(g, r, buf, at, end)
		if err != nil {
			return err
		}
		if comp == nil {
			w.rawSegment(g, r.Offset+int64(at), buf[at:])
			return nil
		}
		s := segment{offset: r.Offset + int64(at), bytes: int64(end - at), disk: comp, plain: buf[at:end], algo: g.file.algo}
		s.sums = w.sums(g, comp)
		g.segments = append(g.segments, s)
		at = end
	}
	return nil
}

// block compresses one block to whole sectors, nil when that saves none.
func (w *worker) block(g *group, r tree.Range, buf []byte, at, end int) ([]byte, error) {
	sector := int64(w.opts.SectorSize)
	content := buf[at:min(end, int(r.Length))]
	if int64(len(content)) <= sector && (r.Offset+int64(at) > 0 || r.Offset+r.Length < g.file.size) {
		return nil, nil
	}
	was := len(g.mem.output)
	comp, err := w.shrink(g, buf[at:end], content)
	if comp == nil || err != nil {
		return nil, err
	}
	size := roundUp(int64(len(comp)), sector)
	if size+sector > int64(end-at) {
		g.mem.output = g.mem.output[:was]
		g.noCompress = true
		return nil, nil
	}
	m := g.mem
	for int64(len(m.output)-was) < size {
		m.output = append(m.output, 0)
	}
	return m.output[was:], nil
}

func (w *worker) rawSegment(g *group, offset int64, data []byte) {
	g.segments = append(g.segments, segment{offset: offset, bytes: int64(len(data)), disk: data, sums: w.sums(g, data)})
}

// sums returns the checksums of what goes to disk.
func (w *worker) sums(g *group, data []byte) []byte {
	if g.file.noCOW {
		return nil
	}
	m := g.mem
	at := len(m.sums)
	m.sums = w.opts.Checksum.sectors(m.sums, data, w.opts.SectorSize)
	return m.sums[at:]
}

func roundUp(n, unit int64) int64 { return (n + unit - 1) / unit * unit }

// ranges returns the data of the file, open as f.
func (s *source) ranges(f tree.File, sector int64) ([]tree.Range, error) {
	if s.ino.node.Dense {
		return []tree.Range{{Offset: 0, Length: s.size}}, nil
	}
	return dataRanges(f, s.size, sector)
}

// dataRanges returns the data of a file in whole sectors, the last one ending
// with the file.
func dataRanges(f tree.File, size, sector int64) ([]tree.Range, error) {
	ranges, err := f.Data()
	if err != nil {
		return nil, err
	}
	var out []tree.Range
	for _, r := range ranges {
		start := r.Offset / sector * sector
		end := min(roundUp(r.Offset+r.Length, sector), size)
		if r.Offset < 0 || r.Length <= 0 || start >= end {
			continue
		}
		if k := len(out); k > 0 && start <= out[k-1].Offset+out[k-1].Length {
			out[k-1].Length = end - out[k-1].Offset
			continue
		}
		out = append(out, tree.Range{Offset: start, Length: end - start})
	}
	return out, nil
}
