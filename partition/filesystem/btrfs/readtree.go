package btrfs

import (
	"fmt"
)

// maxCached is how many tree blocks are kept.
const maxCached = 512

// physical returns the places of a run of logical bytes, which must lie within one
// chunk and within the device.
func (f *FS) physical(logical, length uint64) ([]int64, error) {
	i, found := findChunk(f.chunks, logical)
	if !found {
		i--
	}
	var out []int64
	if i >= 0 {
		c := f.chunks[i]
		at := logical - c.logical
		for _, s := range c.stripes {
			if at < c.length && length <= c.length-at && s+at+length <= uint64(f.size) {
				out = append(out, int64(s+at))
			}
		}
	}
	if len(out) > 0 {
		return out, nil
	}
	return nil, corrupt("address %d+%d is nowhere on the device", logical, length)
}

// want is what is known of a tree block before it is read.
type want struct {
	bytenr uint64
	level  uint8
	first  *key // the key its parent has for it
	limit  *key // the next key in its parent
}

// block returns a verified tree block, from any good copy.
func (f *FS) block(w want) ([]byte, error) {
	f.mu.Lock()
	b, ok := f.blocks[w.bytenr]
	f.mu.Unlock()
	if !ok {
		var err error
		if b, err = f.readBlock(w.bytenr); err != nil {
			return nil, err
		}
		f.keep(w.bytenr, b)
	}
	if b[100] != w.level {
		return nil, corrupt("block %d has level %d instead of %d", w.bytenr, b[100], w.level)
	}
	return b, w.checkBounds(b)
}

// checkBounds makes sure that a block has the keys its parent expects in it and no
// others, so that no block is reached in two ways.
func (w want) checkBounds(b []byte) error {
	count := int(le.Uint32(b[96:]))
	if w.first != nil && (count == 0 || getKey(b[headerSize:]) != *w.first) {
		return corrupt("block %d does not begin with the key its parent has", w.bytenr)
	}
	size := itemHeaderSize
	if w.level > 0 {
		size = keyPtrSize
	}
	if w.limit != nil && count > 0 && getKey(b[headerSize+(count-1)*size:]).compare(*w.limit) >= 0 {
		return corrupt("block %d reaches into the next", w.bytenr)
	}
	return nil
}

func (f *FS) keep(bytenr uint64, b []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.blocks) >= maxCached {
		clear(f.blocks)
	}
	f.blocks[bytenr] = b
}

func (f *FS) readBlock(bytenr uint64) ([]byte, error) {
	places, err := f.physical(bytenr, uint64(f.super.NodeSize))
	if err != nil {
		return nil, err
	}
	b := make([]byte, f.super.NodeSize)
	for _, at := range places {
		if _, err = f.r.ReadAt(b, at); err != nil {
			err = fmt.Errorf("read btrfs block %d: %w", bytenr, err)
			continue
		}
		if err = f.checkBlock(bytenr, b); err == nil {
			return b, nil
		}
	}
	return nil, err
}

// checkBlock verifies a block as far as that is possible without its parent.
func (f *FS) checkBlock(bytenr uint64, b []byte) error {
	fsid := f.super.FSID
	if f.super.IncompatFlags&incompatMetadataUUID != 0 {
		fsid = f.super.MetadataUUID
	}
	count := int(le.Uint32(b[96:]))
	switch {
	case !f.sum.valid(b):
		return corrupt("block %d has a wrong checksum", bytenr)
	case string(b[32:48]) != string(fsid[:]) || le.Uint64(b[48:]) != bytenr:
		return corrupt("block %d belongs elsewhere", bytenr)
	case b[100] > 7:
		return corrupt("block %d has level %d", bytenr, b[100])
	case b[100] > 0:
		return checkKeys(bytenr, b, count, keyPtrSize)
	}
	if err := checkKeys(bytenr, b, count, itemHeaderSize); err != nil {
		return err
	}
	return checkItems(bytenr, b, count)
}

func checkKeys(bytenr uint64, b []byte, count, size int) error {
	if count > (len(b)-headerSize)/size {
		return corrupt("block %d has %d entries", bytenr, count)
	}
	for i := 1; i < count; i++ {
		at := headerSize + i*size
		if getKey(b[at-size:]).compare(getKey(b[at:])) >= 0 {
			return corrupt("block %d: keys out of order", bytenr)
		}
	}
	return nil
}

func checkItems(bytenr uint64, b []byte, count int) error {
	room := uint64(len(b) - headerSize)
	for i := range count {
		h := b[headerSize+i*itemHeaderSize:]
		offset, size := uint64(le.Uint32(h[17:])), uint64(le.Uint32(h[21:]))
		if offset < uint64(count*itemHeaderSize) || offset+size > room {
			return corrupt("block %d: item %d lies outside", bytenr, i)
		}
	}
	return nil
}

// scan calls fn for the items of a tree from one key up to another, both included.
// The data belong to the cache and must not be changed or kept.
func (f *FS) scan(id uint64, from, to key, fn func(key, []byte) error) error {
	r, ok := f.roots[id]
	if !ok {
		return corrupt("there is no tree %d", id)
	}
	return f.scanBlock(want{bytenr: r.bytenr, level: r.level}, from, to, fn)
}

func (f *FS) scanBlock(w want, from, to key, fn func(key, []byte) error) error {
	b, err := f.block(w)
	if err != nil {
		return err
	}
	count := int(le.Uint32(b[96:]))
	if w.level == 0 {
		return scanLeaf(b, count, from, to, fn)
	}
	for i := range count {
		h := b[headerSize+i*keyPtrSize:]
		k := getKey(h)
		if k.compare(to) > 0 {
			return nil
		}
		limit := w.limit
		if i+1 < count {
			next := getKey(h[keyPtrSize:])
			if limit = &next; next.compare(from) <= 0 {
				continue
			}
		}
		if err := f.scanBlock(want{le.Uint64(h[17:]), w.level - 1, &k, limit}, from, to, fn); err != nil {
			return err
		}
	}
	return nil
}

func scanLeaf(b []byte, count int, from, to key, fn func(key, []byte) error) error {
	for i := range count {
		h := b[headerSize+i*itemHeaderSize:]
		k := getKey(h)
		if k.compare(from) < 0 {
			continue
		}
		if k.compare(to) > 0 {
			return nil
		}
		start := headerSize + int(le.Uint32(h[17:]))
		end := start + int(le.Uint32(h[21:]))
		if err := fn(k, b[start:end:end]); err != nil {
			return err
		}
	}
	return nil
}
