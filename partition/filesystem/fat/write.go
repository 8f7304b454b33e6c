package fat

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/fimg/fimg/partition/filesystem"
	"github.com/fimg/fimg/tree"
)

// writer is the state of one Write.
type writer struct {
	*geometry
	ctx   context.Context
	opts  Options
	w     io.WriterAt
	tree  tree.Tree
	chain []uint32 // the allocation table
	next  uint32   // first free cluster
	buf   []byte
}

// Write writes t as a file system of o.Size bytes. What it does not write must
// read as zero in w. A tree that does not fit is a *filesystem.TooSmallError, given
// before anything is written.
func Write(ctx context.Context, w io.WriterAt, t tree.Tree, o Options) error {
	c, g, err := prepare(ctx, t, o)
	if err != nil {
		return err
	}
	f := &writer{geometry: g, ctx: ctx, opts: o, w: w, tree: t, buf: make([]byte, 1<<20)}
	return f.write(c)
}

// Check returns the error that Write would begin with, and writes nothing.
func Check(ctx context.Context, t tree.Tree, o Options) error {
	_, _, err := prepare(ctx, t, o)
	return err
}

// prepare reads the tree and lays the file system out for it.
func prepare(ctx context.Context, t tree.Tree, o Options) (*content, *geometry, error) {
	if err := o.check(); err != nil {
		return nil, nil, err
	}
	c, err := collect(ctx, t)
	if err != nil {
		return nil, nil, err
	}
	g, err := layOut(o, rootSlots(c.root))
	if err != nil {
		return nil, nil, err
	}
	if need := clustersFor(c.root, g); need > g.clusters {
		size, err := estimate(c, o)
		if err != nil {
			return nil, nil, err
		}
		return nil, nil, &filesystem.TooSmallError{What: what(o), Needed: size, Have: o.Size}
	}
	return c, g, nil
}

// rootSlots is the size of the fixed root directory: no dots, but a label.
func rootSlots(root *file) int64 { return root.slots() - 1 }

// clustersFor assigns every file and directory its number of clusters.
func clustersFor(root *file, g *geometry) int64 {
	total := int64(0)
	_ = root.each(func(f, parent *file) error {
		switch {
		case f.children == nil:
			f.count = ceil(f.source.Size, g.clusterSize())
		case parent == nil && g.bits != 32:
			f.count = 0
		default:
			f.count = max(1, ceil(f.slots()*dirEntrySize, g.clusterSize()))
		}
		total += f.count
		return nil
	})
	return total
}

// Estimate returns the least size in whole MiB that Write accepts for t; o.Size
// does not matter.
func Estimate(ctx context.Context, t tree.Tree, o Options) (int64, error) {
	if err := o.check(); err != nil {
		return 0, err
	}
	c, err := collect(ctx, t)
	if err != nil {
		return 0, err
	}
	return estimate(c, o)
}

func estimate(c *content, o Options) (int64, error) {
	for o.Size = 1 << 20; ; {
		g, err := layOut(o, rootSlots(c.root))
		var small *filesystem.TooSmallError
		switch {
		case errors.As(err, &small):
			o.Size = roundUp(max(small.Needed, o.Size+1), 1<<20)
			continue
		case err != nil:
			return 0, err
		}
		short := clustersFor(c.root, g) - g.clusters
		if short <= 0 {
			return o.Size, nil
		}
		o.Size = roundUp(o.Size+short*g.clusterSize(), 1<<20)
	}
}

func (f *writer) write(c *content) error {
	f.allocate(c.root)
	if err := f.putBoot(); err != nil {
		return err
	}
	table := f.encodeTable()
	for _, at := range []int64{f.reserved, f.reserved + f.fat} {
		if err := f.put(table, at*int64(f.sector)); err != nil {
			return err
		}
	}
	return c.root.each(func(file, parent *file) error {
		if file.children != nil {
			return f.putDir(file, parent)
		}
		return f.copyFile(file)
	})
}

// allocate gives clusters in walk order, each file in one run.
func (f *writer) allocate(root *file) {
	f.chain, f.next = []uint32{0x0fffff00 | media, 0x0fffffff}, 2
	_ = root.each(func(file, _ *file) error {
		if file.count == 0 {
			return nil
		}
		file.cluster = f.next
		for range file.count - 1 {
			f.next++
			f.chain = append(f.chain, f.next)
		}
		f.next++
		f.chain = append(f.chain, 0x0fffffff)
		return nil
	})
}

// encodeTable returns the used part of the allocation table (specification 4).
func (f *writer) encodeTable() []byte {
	var raw []byte
	switch f.bits {
	case 32:
		for _, v := range f.chain {
			raw = binary.LittleEndian.AppendUint32(raw, v)
		}
	case 16:
		for _, v := range f.chain {
			raw = binary.LittleEndian.AppendUint16(raw, uint16(v))
		}
	default:
		for i := 0; i < len(f.chain); i += 2 {
			pair := f.chain[i] & 0xfff
			if i+1 < len(f.chain) {
				pair |= f.chain[i+1] & 0xfff << 12
			}
			raw = append(raw, byte(pair), byte(pair>>8), byte(pair>>16))
		}
	}
	return raw
}

func (f *writer) putBoot() error {
	boot := encodeBoot(f.geometry, f.opts)
	if err := f.put(boot, 0); err != nil || f.bits != 32 {
		return err
	}
	free, next := uint32(f.clusters)-(f.next-2), f.next
	if free == 0 {
		next = 0xffffffff
	}
	info := encodeInfo(f.sector, free, next)
	return errors.Join(f.put(info, infoSector*int64(f.sector)), f.put(boot, backupBoot*int64(f.sector)),
		f.put(info, (backupBoot+infoSector)*int64(f.sector)))
}

func (f *writer) put(data []byte, at int64) error {
	if _, err := f.w.WriteAt(data, at); err != nil {
		return fmt.Errorf("write fat: %w", err)
	}
	return nil
}

// putDir writes one directory.
func (f *writer) putDir(dir, parent *file) error {
	var raw []byte
	if parent == nil {
		raw = f.labelEntry(dir)
	} else {
		up := parent.cluster
		if parent.node.Path == "." {
			up = 0
		}
		raw = append(raw, dot(dir, ".", dir.cluster)...)
		raw = append(raw, dot(dir, "..", up)...)
	}
	for _, c := range dir.sorted {
		raw = append(raw, c.encode()...)
	}
	if dir.cluster == 0 {
		return f.put(raw, f.rootOffset())
	}
	return f.put(raw, f.offset(dir.cluster))
}

func (f *writer) labelEntry(root *file) []byte {
	if f.opts.Label == "" {
		return nil
	}
	e := dirEntry{Name: paddedLabel(f.opts.Label), Attr: attrVolume}
	e.stamp(root.node.MTime)
	return encodeEntry(e, "")
}

func dot(dir *file, name string, cluster uint32) []byte {
	e := dirEntry{Name: packShort(name, ""), Attr: attrDir}
	e.stamp(dir.node.MTime)
	e.setCluster(cluster)
	return encodeEntry(e, "")
}

// encode returns the entries of a file or directory in its parent.
func (f *file) encode() []byte {
	e := dirEntry{Name: f.short, Attr: attrArchive}
	if f.children != nil {
		e.Attr = attrDir
	} else {
		e.Size = uint32(f.source.Size)
		if f.node.Mode&0o222 == 0 {
			e.Attr |= attrReadOnly
		}
	}
	e.stamp(f.node.MTime)
	e.setCluster(f.cluster)
	if f.long {
		return encodeEntry(e, f.name)
	}
	return encodeEntry(e, "")
}

// copyFile copies a file's data to its clusters; holes stay unwritten.
func (f *writer) copyFile(file *file) error {
	if file.count == 0 {
		return nil
	}
	src, err := f.tree.Open(file.source)
	if err != nil {
		return err
	}
	defer src.Close()
	ranges, err := src.Data()
	if err != nil {
		return err
	}
	for _, r := range ranges {
		if err := f.copyRange(file, src, r); err != nil {
			return fmt.Errorf("write fat: %s: %w", file.source.Path, err)
		}
	}
	return nil
}

func (f *writer) copyRange(file *file, src tree.File, r tree.Range) error {
	if r.Offset+r.Length > file.source.Size {
		return fmt.Errorf("content is longer than %d bytes", file.source.Size)
	}
	for r.Length > 0 {
		if err := f.ctx.Err(); err != nil {
			return err
		}
		piece := f.buf[:min(r.Length, int64(len(f.buf)))]
		if n, err := src.ReadAt(piece, r.Offset); n < len(piece) {
			return fmt.Errorf("content ends early: %w", err)
		}
		if _, err := f.w.WriteAt(piece, f.offset(file.cluster)+r.Offset); err != nil {
			return err
		}
		r.Offset, r.Length = r.Offset+int64(len(piece)), r.Length-int64(len(piece))
	}
	return nil
}
