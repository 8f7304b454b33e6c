package vmdk

import (
	"context"
	"encoding/binary"
	"hash/adler32"

	"github.com/fimg/fimg/formats/disk"
	"github.com/fimg/fimg/formats/ordered"
	"github.com/fimg/fimg/formats/units"
)

// packedGrains is what a job makes of one chunk.
type packedGrains struct {
	offset int64
	data   []byte // markers and grains, in whole sectors
	grains []packedGrain
}

type packedGrain struct {
	offset int64 // on the disk
	at     int   // in data
}

// stream writes a streamOptimized image: grains in the order of the disk, each
// grain table behind the grains it maps, the grain directory and a footer at the
// end ("Stream-Optimized Compressed Sparse Extents").
func (w *writer) stream(ctx context.Context, s *disk.Stream, pool *ordered.Pool) error {
	h := newHeader(w.capacity)
	h.Version = 3
	h.Flags |= flagCompressed | flagMarkers
	h.CompressAlgorithm = algorithmDeflate
	h.GD = gdAtEnd
	h.Overhead = grainSectors
	if err := w.front(h); err != nil {
		return err
	}
	w.at = int64(h.Overhead) * sector
	w.gd = make([]uint32, w.tables)
	if err := w.packAll(ctx, s, pool); err != nil {
		return err
	}
	if err := w.endTable(); err != nil {
		return err
	}
	return w.back(h)
}

func (w *writer) packAll(ctx context.Context, s *disk.Stream, pool *ordered.Pool) error {
	packer := &units.Packer{}
	queue := ordered.New(ctx, pool, 2*pool.Workers(), w.commit)
	err := func() error {
		for c, err := range s.Chunks() {
			if err != nil {
				return err
			}
			if err := queue.Do(func() (packedGrains, error) { return pack(packer, c), nil }); err != nil {
				return err
			}
		}
		return nil
	}()
	if done := queue.Wait(); done != nil {
		return done
	}
	return err
}

func (w *writer) commit(p packedGrains) error {
	if table := p.offset / tableSpan; table != w.current {
		if err := w.endTable(); err != nil {
			return err
		}
		w.next(table)
	}
	for _, g := range p.grains {
		w.set(g.offset, w.at+int64(g.at))
	}
	return w.append(p.data)
}

func (w *writer) append(b []byte) error {
	err := w.put(b, w.at)
	w.at += int64(len(b))
	return err
}

// endTable writes the current grain table when it maps anything.
func (w *writer) endTable() error {
	if !w.used {
		return nil
	}
	if err := w.append(marker(tableSectors, markerTable)); err != nil {
		return err
	}
	w.gd[w.current] = uint32(w.at / sector)
	return w.append(w.encodeTable())
}

// back writes the grain directory, the footer and the end-of-stream marker.
func (w *writer) back(h Header) error {
	var raw []byte
	for _, e := range w.gd {
		raw = binary.LittleEndian.AppendUint32(raw, e)
	}
	raw = padded(raw)
	out := marker(uint64(len(raw)/sector), markerGD)
	h.GD = uint64(w.at/sector) + 1
	footer, err := h.encode()
	if err != nil {
		return err
	}
	out = append(append(out, raw...), marker(1, markerFooter)...)
	out = append(append(out, footer...), marker(0, markerEnd)...)
	if err := w.append(out); err != nil {
		return err
	}
	return w.file.Flush()
}

// A grain is one of the units.
const _ = -uint(grain ^ units.Size)

// pack packs the grains of one chunk. It runs on any worker.
func pack(packer *units.Packer, c *disk.Chunk) packedGrains {
	defer c.Release()
	out := packedGrains{offset: c.Offset}
	for i, packed := range packer.Chunk(c) {
		if packed == nil {
			continue
		}
		at := i * grain
		offset := c.Offset + int64(at)
		out.grains = append(out.grains, packedGrain{offset, len(out.data)})
		out.data = appendGrain(out.data, offset, c.Data[at:min(at+grain, len(c.Data))], packed)
	}
	return out
}

// appendGrain appends the marker, the zlib stream (RFC 1950) and the padding.
func appendGrain(out []byte, offset int64, plain, packed []byte) []byte {
	out = binary.LittleEndian.AppendUint64(out, uint64(offset/sector))
	out = binary.LittleEndian.AppendUint32(out, uint32(2+len(packed)+4))
	out = append(append(out, 0x78, 0x9c), packed...)
	sum := adler32.New()
	sum.Write(plain)
	sum.Write(make([]byte, grain-len(plain)))
	out = sum.Sum(out)
	return append(out, make([]byte, -len(out)&(sector-1))...)
}
