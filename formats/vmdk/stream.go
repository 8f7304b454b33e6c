package vmdk

import (
	"bytes"
	"context"
	"encoding/binary"
	"hash/adler32"
	"sync"

	"github.com/fimg/fimg/formats/compress/deflate"
	"github.com/fimg/fimg/formats/disk"
	"github.com/fimg/fimg/formats/ordered"
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
	packer := &packer{}
	queue := ordered.New(ctx, pool, 2*pool.Workers(), w.commit)
	err := func() error {
		for c, err := range s.Chunks() {
			if err != nil {
				return err
			}
			if err := queue.Do(func() (packedGrains, error) { return packer.pack(c) }); err != nil {
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

// packer packs grains; it is safe for concurrent use.
type packer struct{ free sync.Pool }

func (p *packer) pack(c *disk.Chunk) (packedGrains, error) {
	defer c.Release()
	out := packedGrains{offset: c.Offset}
	var buf bytes.Buffer
	for at := 0; at < len(c.Data); at += grain {
		data := c.Data[at:min(at+grain, len(c.Data))]
		if disk.IsZero(data) {
			continue
		}
		if len(data) < grain {
			data = append(bytes.Clone(data), make([]byte, grain-len(data))...)
		}
		offset := c.Offset + int64(at)
		out.grains = append(out.grains, packedGrain{offset, buf.Len()})
		p.packGrain(&buf, offset, data)
	}
	out.data = buf.Bytes()
	return out, nil
}

// packGrain appends the marker, the zlib stream (RFC 1950) and the padding.
func (p *packer) packGrain(buf *bytes.Buffer, offset int64, data []byte) {
	start := buf.Len()
	buf.Write(make([]byte, 12))
	buf.Write([]byte{0x78, 0x9c})
	p.deflate(buf, data)
	buf.Write(binary.BigEndian.AppendUint32(nil, adler32.Checksum(data)))
	head := buf.Bytes()[start:]
	binary.LittleEndian.PutUint64(head, uint64(offset/sector))
	binary.LittleEndian.PutUint32(head[8:], uint32(len(head)-12))
	buf.Write(make([]byte, -buf.Len()&(sector-1)))
}

func (p *packer) deflate(buf *bytes.Buffer, data []byte) {
	enc, ok := p.free.Get().(*deflate.Encoder)
	if !ok {
		enc = new(deflate.Encoder)
	}
	buf.Write(enc.Encode(buf.AvailableBuffer(), data, 0, deflate.Fast, deflate.Final))
	p.free.Put(enc)
}
