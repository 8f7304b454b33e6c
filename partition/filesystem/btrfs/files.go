package btrfs

import (
	"context"
	"fmt"
	"math"
	"sync"

	"github.com/fimg/fimg/tree"
)

// pipeline reads, compresses and checksums files on all cores and gives the
// results back in order.
type pipeline struct {
	b       *builder
	ctx     context.Context
	cancel  context.CancelFunc
	work    chan *batch
	ordered chan *batch
	memory  chan *groupMemory
	wait    sync.WaitGroup
	filling *batch // of the producer
	taken   *batch // of the writer
	err     error  // of the producer, set before ordered is closed
}

// batch is what a worker takes at a time: a group, or small ones that are no
// larger together.
type batch struct {
	groups []*group
	bytes  int64
	done   chan struct{}
	mem    *groupMemory
}

func (b *builder) startPipeline(ctx context.Context) *pipeline {
	depth := 3*b.opts.Workers + 2
	p := &pipeline{b: b, work: make(chan *batch, depth), ordered: make(chan *batch, depth),
		memory: make(chan *groupMemory, depth)}
	p.ctx, p.cancel = context.WithCancel(ctx)
	for range depth {
		p.memory <- &groupMemory{}
	}
	for range b.opts.Workers {
		p.wait.Go(func() {
			w := &worker{opts: b.opts}
			w.comp.level, w.comp.sector = b.opts.Compression.Level, b.opts.SectorSize
			for b := range p.work {
				for _, g := range b.groups {
					w.process(g)
				}
				close(b.done)
			}
		})
	}
	p.wait.Go(func() {
		p.err = p.produce()
		p.dispatch()
		close(p.work)
		close(p.ordered)
	})
	return p
}

// stop ends all goroutines; batches under way are finished.
func (p *pipeline) stop() {
	p.cancel()
	for b := range p.ordered {
		<-b.done
	}
	p.wait.Wait()
}

// produce makes the groups of all files of all subvolumes.
func (p *pipeline) produce() error {
	for _, v := range p.b.model.vols {
		for _, ino := range v.inodes {
			if !hasData(ino) {
				continue
			}
			if err := p.split(p.b.source(v, ino)); err != nil {
				return fmt.Errorf("read %s: %w", ino.node.Path, err)
			}
		}
	}
	return nil
}

func hasData(ino *inode) bool { return ino.node.IsFile() && ino.node.Size > 0 }

func (b *builder) source(v *subvolume, ino *inode) *source {
	s := &source{ino: ino, size: ino.node.Size, tree: b.tree, denseFrom: math.MaxInt64,
		algo: b.opts.Compression.Algo, force: b.opts.Compression.Force, noCOW: v.noCOW(b.opts, ino.node)}
	if algo, ok := property(ino.node); ok {
		s.algo, s.force = algo, algo != None
	}
	if s.noCOW {
		s.algo = None
	}
	return s
}

// split makes the groups of one file.
func (p *pipeline) split(s *source) error {
	if s.size <= groupBytes {
		s.open = 1
		return p.send(&group{file: s, bytes: s.size, whole: true, last: true})
	}
	s.open = 1
	defer s.release()
	f, err := s.handle()
	if err != nil {
		return err
	}
	ranges, err := s.ranges(f, int64(p.b.opts.SectorSize))
	if err != nil {
		return err
	}
	for i, r := range ranges {
		if err := p.splitRange(s, r, i == len(ranges)-1); err != nil {
			return err
		}
	}
	if len(ranges) == 0 {
		s.open++
		return p.send(&group{file: s, last: true})
	}
	return nil
}

func (p *pipeline) splitRange(s *source, r tree.Range, last bool) error {
	for at := int64(0); at < r.Length; at += groupBytes {
		n := min(groupBytes, r.Length-at)
		g := &group{file: s, start: r.Offset + at, bytes: n, last: last && at+n == r.Length}
		s.mu.Lock()
		s.open++
		s.mu.Unlock()
		if err := p.send(g); err != nil {
			return err
		}
	}
	return nil
}

// send puts a group into a batch.
func (p *pipeline) send(g *group) error {
	size := roundUp(g.bytes, int64(p.b.opts.SectorSize))
	if p.filling != nil && p.filling.bytes+size > groupBytes {
		p.dispatch()
	}
	if p.filling == nil {
		b := &batch{done: make(chan struct{})}
		select {
		case b.mem = <-p.memory:
		case <-p.ctx.Done():
			return p.ctx.Err()
		}
		b.mem.reset(p.b.opts)
		p.filling = b
	}
	g.mem = p.filling.mem
	p.filling.groups = append(p.filling.groups, g)
	p.filling.bytes += size
	return nil
}

// dispatch hands a batch to the workers and, in order, to whoever writes.
func (p *pipeline) dispatch() {
	if p.filling != nil {
		p.ordered <- p.filling
		p.work <- p.filling
		p.filling = nil
	}
}

// take returns the next group, processed.
func (p *pipeline) take() (*group, error) {
	if p.taken != nil && len(p.taken.groups) == 0 {
		p.memory <- p.taken.mem
		p.taken = nil
	}
	if p.taken == nil {
		b, ok := <-p.ordered
		if !ok {
			if p.err == nil {
				p.err = context.Canceled
			}
			return nil, p.err
		}
		<-b.done
		p.taken = b
	}
	g := p.taken.groups[0]
	p.taken.groups = p.taken.groups[1:]
	return g, nil
}

func (m *groupMemory) reset(o *Options) {
	if m.input == nil {
		m.input = make([]byte, 0, groupBytes+o.SectorSize)
		m.output = make([]byte, 0, groupBytes/2)
		m.sums = make([]byte, 0, groupBytes/o.SectorSize*o.Checksum.size())
	}
	m.input, m.output, m.sums = m.input[:0], m.output[:0], m.sums[:0]
}

// fileWriter collects what the groups of one file become.
type fileWriter struct {
	b     *builder
	vol   *subvolume
	ino   *inode
	force bool
	out   written
}

// file takes the groups of one file from the pipeline and writes their data.
func (p *pipeline) file(v *subvolume, ino *inode) (written, error) {
	w := &fileWriter{b: p.b, vol: v, ino: ino}
	for {
		g, err := p.take()
		if err == nil {
			err = g.err
		}
		if err == nil {
			w.force = g.file.force
			err = w.group(g)
		}
		if err != nil || g.last {
			return w.out, err
		}
	}
}

func (w *fileWriter) group(g *group) error {
	for i := range g.segments {
		s := &g.segments[i]
		if s.algo != None && !s.inline && w.out.noCompress {
			s.algo, s.disk, s.sums = None, s.plain, nil
			if !g.file.noCOW {
				s.sums = w.b.opts.Checksum.sectors(nil, s.plain, w.b.opts.SectorSize)
			}
		}
		if err := w.segment(s); err != nil {
			return fmt.Errorf("write %s: %w", w.ino.node.Path, err)
		}
	}
	w.out.noCompress = w.out.noCompress || (g.noCompress && !w.force)
	return nil
}

// segment writes one run of data and records its extent.
func (w *fileWriter) segment(s *segment) error {
	w.b.progress(s.bytes)
	w.b.compressed[s.algo] = true
	item := extentData{Generation: generation, RAMBytes: uint64(s.bytes), Compression: uint8(s.algo), Type: extentRegular}
	if s.inline {
		item.RAMBytes, item.Type = uint64(s.content), extentInline
		w.out.nbytes += uint64(s.content)
		w.out.extents = append(w.out.extents, fileExtent{item: item, inline: append([]byte(nil), s.disk...)})
		return nil
	}
	at, err := w.b.putData(s)
	if err != nil {
		return err
	}
	w.out.nbytes += uint64(s.bytes)
	w.vol.rfer += uint64(len(s.disk))
	item.DiskBytenr, item.DiskBytes, item.NumBytes = at, uint64(len(s.disk)), uint64(s.bytes)
	if w.extends(s, at) {
		return nil
	}
	w.out.extents = append(w.out.extents, fileExtent{offset: uint64(s.offset), item: item})
	w.b.extents = append(w.b.extents, dataExtent{at, uint64(len(s.disk)), w.vol.id, w.ino.num, uint64(s.offset)})
	return nil
}

// maxExtent is the length the kernel gives to a single extent at most.
const maxExtent = 128 << 20

// extends adds uncompressed data to the extent before where both are contiguous.
func (w *fileWriter) extends(s *segment, at uint64) bool {
	if len(w.out.extents) == 0 || s.algo != None {
		return false
	}
	last := &w.out.extents[len(w.out.extents)-1]
	it, n := &last.item, uint64(s.bytes)
	if it.Compression != 0 || it.Type != extentRegular || it.DiskBytenr+it.DiskBytes != at ||
		last.offset+it.NumBytes != uint64(s.offset) || it.DiskBytes+n > maxExtent ||
		w.b.device.find(it.DiskBytenr) != w.b.device.find(at) {
		return false
	}
	it.DiskBytes, it.NumBytes, it.RAMBytes = it.DiskBytes+n, it.NumBytes+n, it.RAMBytes+n
	w.b.extents[len(w.b.extents)-1].length += n
	return true
}
