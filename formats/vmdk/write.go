package vmdk

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/fimg/fimg/fault"
	"github.com/fimg/fimg/formats/disk"
	"github.com/fimg/fimg/formats/ordered"
)

// maxSize is where the sector numbers of grain tables end: 2 TiB less the room
// for tables.
const maxSize = 2<<40 - 4<<30

// SizeError says that a disk is larger than a sparse VMDK can be.
type SizeError struct{ Size int64 }

func (e *SizeError) Error() string {
	return fmt.Sprintf("write vmdk: disk has %d bytes, at most %d are possible", e.Size, int64(maxSize))
}

// FaultClass implements fault.Classed.
func (e *SizeError) FaultClass() fault.Class { return fault.Space }

// Writer returns the writer of an image.
func Writer(out disk.Target, pool *ordered.Pool, opts Options) (disk.Writer, error) {
	opts, err := opts.normal()
	if err != nil {
		return nil, fmt.Errorf("write vmdk: %w", err)
	}
	return func(ctx context.Context, s *disk.Stream) error {
		size := max(s.Size(), opts.Size)
		if size > maxSize {
			return &SizeError{size}
		}
		s = s.Grow(ceil(size, sector) * sector)
		w := &writer{file: disk.NewJoiner(out), target: out, opts: opts,
			capacity: ceil(size, sector), tables: ceil(size, tableSpan)}
		var err error
		if opts.Subformat == StreamOptimized {
			err = w.stream(ctx, s, pool)
		} else {
			err = w.sparse(s)
		}
		if err != nil {
			return fmt.Errorf("write vmdk: %w", err)
		}
		return nil
	}, nil
}

// writer is the state of one image being made.
type writer struct {
	file     *disk.Joiner
	target   disk.Target
	opts     Options
	capacity int64 // in sectors
	tables   int64 // number of grain tables
	at       int64 // where the next bytes go (streamOptimized)

	gd      []uint32
	table   [perTable]uint32
	current int64 // the table being filled
	used    bool
}

func (w *writer) put(b []byte, at int64) error {
	_, err := w.file.WriteAt(b, at)
	return err
}

// sparse writes a monolithicSparse image: both grain directories with their
// grain tables first, then the grains in the order of the disk.
func (w *writer) sparse(s *disk.Stream) error {
	h := newHeader(w.capacity)
	h.Flags |= flagRedundant
	directory := ceil(w.tables*4, sector)
	copySectors := directory + w.tables*tableSectors
	h.RedundantGD = descriptorAt + descriptorSectors
	h.GD = h.RedundantGD + uint64(copySectors)
	h.Overhead = uint64(ceil(int64(h.GD)+copySectors, grainSectors) * grainSectors)
	w.at = int64(h.Overhead) * sector
	if err := w.target.Truncate(w.at); err != nil {
		return err
	}
	if err := w.front(h); err != nil {
		return err
	}
	for _, first := range []uint64{h.RedundantGD, h.GD} {
		if err := w.directory(int64(first), directory); err != nil {
			return err
		}
	}
	if err := w.grains(s, int64(h.GD)+directory, copySectors); err != nil {
		return err
	}
	if err := w.file.Flush(); err != nil {
		return err
	}
	return w.target.Truncate(w.at)
}

func (w *writer) front(h Header) error {
	raw, err := h.encode()
	if err != nil {
		return err
	}
	text, err := w.opts.descriptor(w.capacity)
	if err != nil {
		return err
	}
	return w.put(append(raw, text...), 0)
}

func (w *writer) directory(first, sectors int64) error {
	raw := make([]byte, sectors*sector)
	for i := range w.tables {
		binary.LittleEndian.PutUint32(raw[4*i:], uint32(first+sectors+i*tableSectors))
	}
	return w.put(raw, first*sector)
}

// grains writes the grains that hold anything and the tables that map them: at
// sector first, and again distance sectors before.
func (w *writer) grains(s *disk.Stream, first, distance int64) error {
	flush := func() error {
		if !w.used {
			return nil
		}
		at := (first + w.current*tableSectors) * sector
		if err := w.put(w.encodeTable(), at); err != nil {
			return err
		}
		return w.put(w.encodeTable(), at-distance*sector)
	}
	for c, err := range s.Chunks() {
		if err != nil {
			return err
		}
		if table := c.Offset / tableSpan; table != w.current {
			if err := flush(); err != nil {
				return err
			}
			w.next(table)
		}
		err = w.plainGrains(c)
		c.Release()
		if err != nil {
			return err
		}
	}
	return flush()
}

func (w *writer) plainGrains(c *disk.Chunk) error {
	for at := 0; at < len(c.Data); at += grain {
		data := c.Data[at:min(at+grain, len(c.Data))]
		if disk.IsZero(data) {
			continue
		}
		w.set(c.Offset+int64(at), w.at)
		if err := w.put(data, w.at); err != nil {
			return err
		}
		w.at += grain
	}
	return nil
}

func (w *writer) set(offset, at int64) {
	w.table[offset/grain%perTable] = uint32(at / sector)
	w.used = true
}

func (w *writer) next(table int64) {
	w.table = [perTable]uint32{}
	w.used = false
	w.current = table
}

func (w *writer) encodeTable() []byte {
	raw := make([]byte, 0, perTable*4)
	for _, e := range w.table {
		raw = binary.LittleEndian.AppendUint32(raw, e)
	}
	return raw
}
