package xfs

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/fimg/fimg/partition/filesystem"
	"github.com/fimg/fimg/partition/filesystem/contents"
	"github.com/fimg/fimg/tree"
)

// writer carries out a plan.
type writer struct {
	*plan
	out contents.Combiner // of metadata
}

// Write writes t as a file system of o.Size bytes. What it does not write must
// read as zero in w. Content that does not fit is a *filesystem.TooSmallError, given
// before anything is written; what cannot be is a *ContentError or *OptionError.
func Write(ctx context.Context, w io.WriterAt, t tree.Tree, o Options) error {
	p, err := prepare(ctx, t, o)
	if err != nil {
		return err
	}
	copier := contents.Copier{Tree: t, Out: w, Block: block, Workers: o.Workers}
	err = copier.Copy(ctx, func(yield func(*tree.Node, []contents.Run) bool) {
		for _, i := range p.inodes {
			if i.node.IsFile() && !yield(i.node, i.runs) {
				return
			}
		}
	})
	if err == nil {
		wr := &writer{plan: p, out: contents.Combiner{Out: w}}
		err = wr.metadata(ctx)
	}
	if err != nil {
		return fmt.Errorf("write xfs: %w", err)
	}
	return nil
}

// Check returns the error that Write would begin with, and writes nothing.
func Check(ctx context.Context, t tree.Tree, o Options) error {
	_, err := prepare(ctx, t, o)
	return err
}

// prepare finds a place for everything.
func prepare(ctx context.Context, t tree.Tree, o Options) (*plan, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	c, err := collect(ctx, t, o)
	if err != nil {
		return nil, err
	}
	p, err := newPlan(o, c)
	var small *filesystem.TooSmallError
	if errors.As(err, &small) || err == nil && p.missing > 0 {
		need, err := estimate(o, c)
		if err != nil {
			return nil, err
		}
		return nil, &filesystem.TooSmallError{What: "xfs file system", Needed: need, Have: o.Size}
	}
	return p, err
}

// meta writes bytes to the start of a block.
func (w *writer) meta(raw []byte, at int64) error { return w.out.Write(raw, at*block) }

// metadata writes everything but the contents of files.
func (w *writer) metadata(ctx context.Context) error {
	for n := range w.groups {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := w.writeGroup(int64(n)); err != nil {
			return err
		}
		if err := w.inodeTable(int64(n)); err != nil {
			return err
		}
	}
	for _, i := range w.inodes {
		if err := w.owned(i); err != nil {
			return err
		}
	}
	if err := w.log(); err != nil {
		return err
	}
	return w.out.Flush()
}

// inodeTable writes the inodes of a group, and the blocks of their extent trees.
func (w *writer) inodeTable(group int64) error {
	g := &w.groups[group]
	at := (group*w.groupBlocks + w.chunks(group)) * block
	for n := range g.chunks * chunkInodes {
		var raw []byte
		if n < int64(len(g.inodes)) {
			var err error
			if raw, err = w.encodeInode(g.inodes[n], w.meta); err != nil {
				return err
			}
		} else {
			raw = w.unused(w.inodeNumber(group, n))
		}
		if err := w.out.Write(raw, at+n*int64(w.opts.InodeSize)); err != nil {
			return err
		}
	}
	return nil
}

// owned writes the blocks of a directory, a long symbolic link and of attributes.
func (w *writer) owned(i *inode) error {
	if i.leaf != nil {
		at := i.attrAt[0]
		var places []int64
		for n := range at.Count {
			places = append(places, at.Physical+n)
		}
		for n, raw := range i.leaf.encode(w.plan, i, places) {
			if err := w.meta(raw, places[n]); err != nil {
				return err
			}
		}
	}
	switch {
	case i.node.IsDir() && !i.shape.local:
		return w.writeDir(i, w.meta)
	case i.isLong():
		return w.meta(w.encodeLink(i, i.runs[0].Physical), i.runs[0].Physical)
	}
	return nil
}

// logHeader is the beginning of struct xlog_rec_header, logTail what follows the
// first words of the sectors.
type logHeader struct {
	Magic, Cycle, Version, Length uint32
	LSN, TailLSN                  uint64
	Checksum, Previous            uint32
	Operations                    uint32
	CycleData                     [64]uint32
	Format                        uint32
	UUID                          [16]byte
	Size                          uint32
}

// logOperation is struct xlog_op_header with the magic number of an unmount record.
type logOperation struct {
	Transaction, Length uint32
	Client, Flags       uint8
	_                   uint16
	Unmount             [2]byte
}

const (
	logMagic    = 0xfeedbabe
	logFirst    = 0xb0c0d0d0 // replaced by the cycle in its sector
	logFormat   = 1          // little endian Linux
	logUnmount  = 0x20
	logClient   = 0xaa
	logBuffer   = 32768
	logSector   = 512
	logLeastLen = 512
)

// log writes a log that holds only the record of an unmount, in its first cycle;
// the rest was never written.
func (w *writer) log() error {
	length := max(logLeastLen, w.opts.SectorSize-logSector)
	h := logHeader{Magic: logMagic, Cycle: 1, Version: 2, Length: uint32(length), LSN: 1 << 32, TailLSN: 1 << 32,
		Previous: noBlock, Operations: 1, Format: logFormat, UUID: w.opts.UUID, Size: logBuffer}
	h.CycleData[0] = logFirst
	raw := padded(h, logSector+length)
	_, _ = binary.Encode(raw[logSector:], binary.BigEndian,
		logOperation{Transaction: 1, Length: 8, Client: logClient, Flags: logUnmount, Unmount: [2]byte{'n', 'U'}})
	for at := 2 * logSector; at < len(raw); at += logSector {
		binary.BigEndian.PutUint32(raw[at:], 1)
	}
	return w.meta(raw, w.logGroup()*w.groupBlocks+w.roots())
}
