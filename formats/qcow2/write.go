package qcow2

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math/bits"

	"github.com/fimg/fimg/formats/disk"
	"github.com/fimg/fimg/formats/ordered"
	"github.com/fimg/fimg/formats/units"
)

// Writer returns the writer of a qcow2 image. A size that is no multiple of a
// sector (512 bytes) is rounded up to one, as qemu-img does.
func Writer(out disk.Target, pool *ordered.Pool, opts Options) (disk.Writer, error) {
	opts, err := opts.normal()
	if err != nil {
		return nil, fmt.Errorf("write qcow2: %w", err)
	}
	return func(ctx context.Context, s *disk.Stream) error {
		w, err := newWriter(out, opts, s.Size())
		if err == nil {
			err = w.run(ctx, s, pool)
		}
		if err != nil {
			return fmt.Errorf("write qcow2: %w", err)
		}
		return nil
	}, nil
}

// writer is the state of one image being made.
type writer struct {
	Options
	file   *disk.Joiner
	target disk.Target
	packer compressor // nil to store all plain
	units  units.Packer
	bits   uint  // of a cluster
	size   int64 // of the disk, whole sectors

	host host
	l1   []uint64
	l2   []uint64 // the table being filled
	used bool     // whether it maps anything
	l2at int64    // its index in the L1 table
}

func newWriter(out disk.Target, opts Options, size int64) (*writer, error) {
	packer, err := newCompressor(opts.Compression)
	if err != nil {
		return nil, err
	}
	w := &writer{Options: opts, file: disk.NewJoiner(out), target: out, packer: packer,
		bits: uint(bits.TrailingZeros(uint(opts.ClusterSize))), size: (size + 511) &^ 511}
	w.host = host{size: int64(opts.ClusterSize), most: most(opts.RefcountBits)}
	w.l2 = make([]uint64, opts.ClusterSize/8)
	entries := ceil(ceil(w.size, w.host.size), int64(len(w.l2)))
	if entries > maxL1 {
		return nil, fmt.Errorf("a disk of %d bytes needs larger clusters than %d bytes", size, opts.ClusterSize)
	}
	w.l1 = make([]uint64, entries)
	w.host.clusters(1 + ceil(entries*8, w.host.size))
	return w, nil
}

// maxL1 is QEMU's limit for the L1 table, 32 MiB, in entries.
const maxL1 = 32 << 20 / 8

func ceil(a, b int64) int64 { return (a + b - 1) / b }

// piece is what a job makes of one chunk.
type piece struct {
	chunk    *disk.Chunk
	clusters [][]byte // packed if that is shorter; nil for zeros
}

func (w *writer) run(ctx context.Context, s *disk.Stream, pool *ordered.Pool) error {
	queue := ordered.New(ctx, pool, 2*pool.Workers(), w.commit)
	err := w.feed(s, queue)
	if done := queue.Wait(); done != nil {
		err = done
	}
	if err != nil {
		return err
	}
	return w.finish()
}

func (w *writer) feed(s *disk.Stream, queue *ordered.Queue[piece]) error {
	for c, err := range s.Chunks() {
		if err != nil {
			return err
		}
		if err := queue.Do(func() (piece, error) { return w.pack(c) }); err != nil {
			return err
		}
	}
	return nil
}

// pack compresses the clusters of one chunk. It runs on any worker.
func (w *writer) pack(c *disk.Chunk) (piece, error) {
	if w.Compression == "zlib" && w.ClusterSize == units.Size {
		return piece{c, w.units.Chunk(c)}, nil
	}
	p := piece{chunk: c}
	var packed []byte // of all clusters
	for at := 0; at < len(c.Data); at += w.ClusterSize {
		before := len(packed)
		cluster := c.Data[at:min(at+w.ClusterSize, len(c.Data))]
		switch {
		case disk.IsZero(cluster):
			cluster = nil
		case w.packer != nil:
			var err error
			if packed, err = w.packer.pack(packed, w.whole(cluster)); err != nil {
				c.Release() // nothing is committed, and the reader may wait for it
				return p, err
			}
			cluster = packed[before:len(packed):len(packed)]
		}
		p.clusters = append(p.clusters, cluster)
	}
	return p, nil
}

// whole fills up the last cluster of the disk.
func (w *writer) whole(cluster []byte) []byte {
	if missing := w.ClusterSize - len(cluster); missing > 0 {
		return append(bytes.Clone(cluster), make([]byte, missing)...)
	}
	return cluster
}

// commit places the clusters of one chunk in the file.
func (w *writer) commit(p piece) error {
	defer p.chunk.Release()
	for i, packed := range p.clusters {
		at := int64(i) << w.bits
		var err error
		switch {
		case packed == nil:
		case w.packer != nil && len(packed) < w.ClusterSize:
			err = w.putPacked((p.chunk.Offset+at)>>w.bits, packed)
		default:
			err = w.putPlain((p.chunk.Offset+at)>>w.bits, p.chunk.Data[at:min(at+w.host.size, int64(len(p.chunk.Data)))])
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) putPacked(cluster int64, data []byte) error {
	if err := w.reach(cluster); err != nil {
		return err
	}
	at := w.host.bytes(int64(len(data)))
	w.set(cluster, compressedEntry(at, len(data), w.bits))
	_, err := w.file.WriteAt(data, at)
	return err
}

func (w *writer) putPlain(cluster int64, data []byte) error {
	if err := w.reach(cluster); err != nil {
		return err
	}
	at := w.host.clusters(1)
	w.set(cluster, uint64(at)|flagCopied)
	_, err := w.file.WriteAt(data, at)
	return err
}

func (w *writer) set(cluster int64, entry uint64) {
	w.l2[cluster%int64(len(w.l2))] = entry
	w.used = true
}

// reach makes the L2 table of a guest cluster the current one.
func (w *writer) reach(cluster int64) error {
	table := cluster / int64(len(w.l2))
	for w.l2at < table {
		if err := w.endTable(); err != nil {
			return err
		}
	}
	return nil
}

// endTable writes the current L2 table, when it maps anything, and goes on to
// the next.
func (w *writer) endTable() error {
	w.fillTable()
	if w.used {
		at := w.host.clusters(1)
		w.l1[w.l2at] = uint64(at) | flagCopied
		if err := w.putTable(w.l2, at); err != nil {
			return err
		}
		clear(w.l2)
		w.used = false
	}
	w.l2at++
	return nil
}

// fillTable gives every cluster of the table a place when preallocation asks for
// it.
func (w *writer) fillTable() {
	if w.Preallocation == PreallocOff {
		return
	}
	first := w.l2at * int64(len(w.l2))
	for i := range w.l2 {
		if first+int64(i) < ceil(w.size, w.host.size) && w.l2[i] == 0 {
			w.set(first+int64(i), uint64(w.host.clusters(1))|flagCopied)
		}
	}
}

func (w *writer) putTable(table []uint64, at int64) error {
	buf := make([]byte, 8*len(table))
	for i, e := range table {
		binary.BigEndian.PutUint64(buf[8*i:], e)
	}
	_, err := w.file.WriteAt(buf, at)
	return err
}
