package xfs

import (
	"encoding/binary"

	"github.com/fimg/fimg/partition/filesystem/inodes"
)

// found is a name in a directory as read.
type found = inodes.Name[uint64]

// maxDirectory bounds the blocks of entries of one directory, in bytes.
const maxDirectory = 1 << 30

// list returns the names of a directory without the dots.
func (fs *FS) list(i *diskInode) ([]found, error) {
	if i.Format == formatLocal {
		return fs.localNames(i)
	}
	return fs.blockNames(i)
}

// localNames reads a directory that lies in its inode.
func (fs *FS) localNames(i *diskInode) (list []found, err error) {
	raw := i.data[:min(i.Size, uint64(len(i.data)))]
	if len(raw) < 2 {
		return nil, damaged("directory %d", i.Number)
	}
	count, wide := int(raw[0]), 4
	if raw[1] > 0 {
		wide = 8
	}
	raw = raw[min(2+wide, len(raw)):]
	for range count {
		if len(raw) < 4 || len(raw) < 3+int(raw[0])+1+wide {
			return nil, damaged("directory %d", i.Number)
		}
		name, rest := string(raw[3:3+int(raw[0])]), raw[3+int(raw[0])+1:]
		number := uint64(binary.BigEndian.Uint32(rest))
		if wide == 8 {
			number = binary.BigEndian.Uint64(rest)
		}
		list, raw = append(list, found{Name: name, To: number}), rest[wide:]
	}
	return list, nil
}

// blockNames reads the blocks of entries of a directory; what finds them by hash is
// not needed.
func (fs *FS) blockNames(i *diskInode) (list []found, err error) {
	extents, err := fs.dataExtents(i)
	if err != nil {
		return nil, err
	}
	if i.Size > maxDirectory {
		return nil, damaged("directory %d of %d bytes", i.Number, i.Size)
	}
	f := &openFile{fs, int64(i.Size), extents}
	unit := uint64(1) << fs.super.DirLog // blocks of the file system in one of a directory
	raw := make([]byte, unit<<fs.super.BlockLog)
	next, end := uint64(0), i.Size>>fs.super.BlockLog
	for _, e := range extents {
		for next = max(next, e.logical&^(unit-1)); next < min(e.logical+e.count, end); next += unit {
			if n, err := f.ReadAt(raw, int64(next)<<fs.super.BlockLog); n < len(raw) {
				return nil, damaged("directory %d ends within a block: %v", i.Number, err)
			}
			if list, err = fs.entries(i, raw, list); err != nil {
				return nil, err
			}
		}
	}
	return list, nil
}

// entries adds the names of one block.
func (fs *FS) entries(i *diskInode, raw []byte, list []found) ([]found, error) {
	var h blockHeader
	_, _ = binary.Decode(raw, binary.BigEndian, &h)
	bad := damaged("block of directory %d", i.Number)
	end := len(raw)
	if h.Magic == dirBlockMagic {
		end -= 8 + 8*int(min(binary.BigEndian.Uint32(raw[end-8:]), 1<<16))
	}
	if h.Magic != dirBlockMagic && h.Magic != dirDataMagic || h.Inode != i.Number || end < dirHead || !fs.sealed(raw, blockChecksum) {
		return nil, bad
	}
	for at := dirHead; at < end; {
		if end-at < 8 {
			return nil, bad
		}
		if binary.BigEndian.Uint16(raw[at:]) == 0xffff {
			length := int(binary.BigEndian.Uint16(raw[at+2:]))
			if length < 8 || length%8 != 0 {
				return nil, bad
			}
			at += length
			continue
		}
		length, size := 0, end
		if end-at >= entrySize(0) {
			length = int(raw[at+8])
			size = entrySize(length)
		}
		if at+size > end {
			return nil, bad
		}
		if name := string(raw[at+9 : at+9+length]); name != "." && name != ".." {
			list = append(list, found{Name: name, To: binary.BigEndian.Uint64(raw[at:])})
		}
		at += size
	}
	return list, nil
}
