package vhd

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/fimg/fimg/fault"
	"github.com/fimg/fimg/formats/disk"
	"github.com/fimg/fimg/formats/raw"
	"github.com/fimg/fimg/seed"
)

// Options shape an image.
type Options struct {
	Fixed bool
	// ForceSize keeps the size of the disk, rounded up to whole MiB as Azure
	// demands. Without it the size grows to what the CHS geometry can say, as
	// qemu-img does.
	ForceSize bool
	// Tag is written at offset 65536 of a fixed image followed by zeros to the
	// end of the sector, over what the disk has there; nil writes none.
	Tag   *seed.UUID
	UUID  seed.UUID
	Epoch int64 // creation time, in seconds since 1970
}

// FromQemu reads options under the names that qemu-img gives them: subformat and
// force_size.
func FromQemu(list map[string]string) (o Options, err error) {
	for key, value := range list {
		switch {
		case key == "subformat" && (value == "fixed" || value == "dynamic"):
			o.Fixed = value == "fixed"
		case key == "force_size" && (value == "on" || value == "off"):
			o.ForceSize = value == "on"
		case key == "nocow" || key == "extent_size_hint": // of the host's file system
		default:
			err = errors.Join(err, fmt.Errorf("%s=%s: not supported", key, value))
		}
	}
	return o, err
}

// SizeError says that a disk is larger than a VHD can be.
type SizeError struct{ Size int64 }

func (e *SizeError) Error() string {
	return fmt.Sprintf("write vhd: disk has %d bytes, at most %d (2040 GiB) are possible", e.Size, int64(maxSize))
}

// FaultClass implements fault.Classed.
func (e *SizeError) FaultClass() fault.Class { return fault.Space }

// tagAt is the offset of the tag by which Azure knows an image's publisher.
const tagAt = 65536

// Size is the virtual size that a disk of size bytes has in the image, and its
// geometry.
func (o Options) Size(size int64) (virtual int64, cylinders uint16, heads, sectors uint8, err error) {
	if size > maxSize {
		return 0, 0, 0, 0, &SizeError{size}
	}
	if o.ForceSize {
		return (size + 1<<20 - 1) &^ (1<<20 - 1), 65535, 16, 255, nil
	}
	total := (size + sector - 1) / sector
	if total >= maxGeometry {
		cylinders, heads, sectors = geometry(total)
		return total * sector, cylinders, heads, sectors, nil
	}
	for i := total; ; i++ {
		cylinders, heads, sectors = geometry(i)
		if chs := int64(cylinders) * int64(heads) * int64(sectors); chs >= total {
			return chs * sector, cylinders, heads, sectors, nil
		}
	}
}

// Writer returns the writer of an image.
func Writer(out disk.Target, opts Options) disk.Writer {
	return func(_ context.Context, s *disk.Stream) error {
		foot, size, err := opts.footer(s.Size())
		if err != nil {
			return err
		}
		s = s.Grow(size)
		if opts.Fixed {
			err = writeFixed(out, s, foot, size, opts.Tag)
		} else {
			err = writeDynamic(out, s, foot, size)
		}
		if err != nil {
			return fmt.Errorf("write vhd: %w", err)
		}
		return nil
	}
}

// footer makes the encoded footer.
func (o Options) footer(diskSize int64) ([]byte, int64, error) {
	size, cylinders, heads, sectors, err := o.Size(diskSize)
	if err != nil {
		return nil, 0, err
	}
	f := Footer{
		Features: reserved, Version: version, DataOffset: headerAt,
		Timestamp:      uint32(max(o.Epoch-epoch2000, 0)),
		CreatorVersion: 0x00050003, OriginalSize: uint64(size), CurrentSize: uint64(size),
		Cylinders: cylinders, Heads: heads, Sectors: sectors, Type: typeDynamic, UUID: o.UUID,
	}
	copy(f.Cookie[:], cookie)
	copy(f.CreatorOS[:], "Wi2k")
	copy(f.Creator[:], "qemu")
	if o.ForceSize {
		copy(f.Creator[:], "qem2") // readers then take the size, not the geometry
	}
	if o.Fixed {
		f.Type, f.DataOffset = typeFixed, none
	}
	raw, err := seal(f, footerChecksum)
	return raw, size, err
}

func writeFixed(out disk.Target, s *disk.Stream, foot []byte, size int64, tag *seed.UUID) error {
	if err := out.Truncate(size + int64(len(foot))); err != nil {
		return err
	}
	if err := raw.Copy(s, out, 0); err != nil {
		return err
	}
	if tag != nil {
		if size < tagAt+sector {
			return fmt.Errorf("disk of %d bytes is too small for a tag at %d", size, tagAt)
		}
		guid := tag.MixedEndian()
		if err := putAt(out, append(guid[:], make([]byte, sector-len(guid))...), tagAt); err != nil {
			return err
		}
	}
	return putAt(out, foot, size)
}

// writeDynamic places each block that holds anything behind the last.
func writeDynamic(out disk.Target, s *disk.Stream, foot []byte, size int64) error {
	head := DynamicHeader{DataOffset: none, TableOffset: tableAt, Version: version,
		Entries: uint32((size + blockSize - 1) / blockSize), BlockSize: blockSize}
	copy(head.Cookie[:], dynamicCookie)
	rawHead, err := seal(head, headerChecksum)
	if err != nil {
		return err
	}
	table := bytes.Repeat([]byte{0xff}, (int(head.Entries)*4+sector-1)&^(sector-1))
	end, err := writeBlocks(out, s, table)
	if err != nil {
		return err
	}
	front := append(append(bytes.Clone(foot), rawHead...), table...)
	if err := putAt(out, front, 0); err != nil {
		return err
	}
	return putAt(out, foot, end)
}

// writeBlocks fills the table and returns where the footer belongs.
func writeBlocks(out disk.Target, s *disk.Stream, table []byte) (int64, error) {
	j := disk.NewJoiner(out)
	bitmap := bytes.Repeat([]byte{0xff}, bitmapSize)
	end := int64(tableAt + len(table))
	for c, err := range s.Chunks() {
		if err != nil {
			return 0, err
		}
		if !disk.IsZero(c.Data) {
			binary.BigEndian.PutUint32(table[c.Offset/blockSize*4:], uint32(end/sector))
			_, err = j.WriteAt(bitmap, end)
			if err == nil {
				err = disk.NonZero(c.Data, 4096, func(at int, run []byte) error {
					_, err := j.WriteAt(run, end+bitmapSize+int64(at))
					return err
				})
			}
			end += bitmapSize + blockSize
		}
		c.Release()
		if err != nil {
			return 0, err
		}
	}
	return end, j.Flush()
}

func putAt(out disk.Target, b []byte, at int64) error {
	j := disk.NewJoiner(out)
	if _, err := j.WriteAt(b, at); err != nil {
		return err
	}
	return j.Flush()
}
