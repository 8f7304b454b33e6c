package btrfs

import (
	"context"
	"maps"
	"slices"
)

// Verify reads every block of every tree and all data that have checksums, and
// compares the sums. It reads one good copy of each, as a user of the file system
// would.
func (f *FS) Verify(ctx context.Context) error {
	for _, id := range slices.Sorted(maps.Keys(f.roots)) {
		err := f.scan(id, key{}, key{^uint64(0), 255, ^uint64(0)}, func(k key, b []byte) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			if id == csumTreeID && k.Type == typeExtentCsum {
				return f.verifyItem(k.Offset, b)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// verifyItem compares the data one checksum item is about.
func (f *FS) verifyItem(start uint64, sums []byte) error {
	sector, size := int(f.super.SectorSize), f.sum.size()
	buf := make([]byte, sector)
	var store [32]byte
	for at := 0; at+size <= len(sums); at += size {
		logical := start + uint64(at/size*sector)
		places, err := f.physical(logical, uint64(sector))
		if err != nil {
			return err
		}
		good := false
		for _, p := range places {
			if _, err := f.r.ReadAt(buf, p); err == nil && string(f.sum.sum(store[:0], buf)) == string(sums[at:at+size]) {
				good = true
				break
			}
		}
		if !good {
			return corrupt("data at %d have a wrong checksum", logical)
		}
	}
	return nil
}
