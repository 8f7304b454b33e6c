package btrfs

import (
	"encoding/binary"
	"maps"
	"slices"
	"strings"

	"github.com/fimg/fimg/seed"
)

const (
	maxChunks  = 1 << 16
	maxVolumes = 1 << 16
)

const chunkItemSize, stripeSize = 48, 32

// parseChunk reads a CHUNK_ITEM and returns what follows it.
func (f *FS) parseChunk(logical uint64, b []byte) ([]byte, error) {
	var c chunkItem
	if _, err := binary.Decode(b, le, &c); err != nil {
		return nil, corrupt("chunk %d is cut short", logical)
	}
	n := int(c.NumStripes)
	b = b[chunkItemSize:]
	switch {
	case n == 0 || n*stripeSize > len(b):
		return nil, corrupt("chunk %d has %d stripes", logical, n)
	case c.Length == 0 || logical+c.Length < logical:
		return nil, corrupt("chunk %d has length %d", logical, c.Length)
	case c.Type&^uint64(chunkData|chunkSystem|chunkMetadata|chunkDup) != 0:
		return nil, corrupt("chunk %d has a profile for several devices", logical)
	case len(f.chunks) >= maxChunks:
		return nil, corrupt("there are too many chunks")
	}
	r := readChunk{logical: logical, length: c.Length, kind: c.Type}
	for i := range n {
		at := le.Uint64(b[i*stripeSize+8:])
		if at+c.Length < at {
			return nil, corrupt("chunk %d is beyond the device", logical)
		}
		r.stripes = append(r.stripes, at)
	}
	return b[n*stripeSize:], f.addChunk(r)
}

// addChunk keeps the chunks in order and refuses overlaps; that of the super block
// comes twice.
func (f *FS) addChunk(r readChunk) error {
	i, found := findChunk(f.chunks, r.logical)
	switch {
	case found:
		return nil
	case i > 0 && f.chunks[i-1].logical+f.chunks[i-1].length > r.logical,
		i < len(f.chunks) && r.logical+r.length > f.chunks[i].logical:
		return corrupt("chunk %d overlaps another", r.logical)
	}
	f.chunks = slices.Insert(f.chunks, i, r)
	return nil
}

func findChunk(chunks []readChunk, logical uint64) (int, bool) {
	return slices.BinarySearchFunc(chunks, logical, func(c readChunk, at uint64) int {
		return order(c.logical, at)
	})
}

// readSystemChunks takes the chunks of the chunk tree from the super block.
func (f *FS) readSystemChunks() error {
	b := f.super.SysChunkArray[:f.super.SysChunkArraySize]
	for len(b) > 0 {
		if len(b) < 17 {
			return corrupt("system chunk array is cut short")
		}
		k := getKey(b)
		rest, err := f.parseChunk(k.Offset, b[17:])
		if err != nil {
			return err
		}
		b = rest
	}
	return nil
}

func (f *FS) readChunks() error {
	f.roots = map[uint64]readRoot{
		chunkTreeID: {bytenr: f.super.ChunkRoot, level: f.super.ChunkRootLevel},
		rootTreeID:  {bytenr: f.super.Root, level: f.super.RootLevel},
	}
	from := key{firstChunkID, typeChunkItem, 0}
	return f.scan(chunkTreeID, from, key{firstChunkID, typeChunkItem, ^uint64(0)}, func(k key, b []byte) error {
		_, err := f.parseChunk(k.Offset, b)
		return err
	})
}

// readRoots reads the tree of trees.
func (f *FS) readRoots() error {
	f.vols = map[uint64]*VolumeInfo{}
	standard := uint64(fsTreeID)
	err := f.scan(rootTreeID, key{}, key{^uint64(0), 255, ^uint64(0)}, func(k key, b []byte) error {
		switch k.Type {
		case typeRootItem:
			return f.rootItem(k.ObjectID, b)
		case typeRootBackref:
			return f.backref(k, b)
		case typeDirItem:
			if len(b) >= dirItemSize && k.ObjectID == rootTreeDirID {
				standard = le.Uint64(b)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if f.vols[fsTreeID] == nil {
		return corrupt("there is no top-level subvolume")
	}
	if v := f.vols[standard]; v != nil {
		v.Default = true
	}
	return f.placeVolumes()
}

const rootItemOld = 239 // before generation_v2

func (f *FS) rootItem(id uint64, b []byte) error {
	if len(b) < rootItemOld {
		return corrupt("root of tree %d has %d bytes", id, len(b))
	}
	full := make([]byte, binary.Size(rootItem{}))
	copy(full, b)
	var it rootItem
	if _, err := binary.Decode(full, le, &it); err != nil {
		return corrupt("root of tree %d: %v", id, err)
	}
	f.roots[id] = readRoot{it.Bytenr, it.Flags, it.Level, it.UUID}
	if (id == fsTreeID || id >= firstFreeID && id < ^uint64(255)) && it.Refs > 0 {
		if len(f.vols) >= maxVolumes {
			return corrupt("there are too many subvolumes")
		}
		v := f.volume(id)
		v.ReadOnly, v.UUID = it.Flags&rootFlagReadOnly != 0, seed.UUID(it.UUID).String()
	}
	return nil
}

func (f *FS) volume(id uint64) *VolumeInfo {
	if f.vols[id] == nil {
		f.vols[id] = &VolumeInfo{ID: id}
	}
	return f.vols[id]
}

func (f *FS) backref(k key, b []byte) error {
	if len(b) < 18 || len(b) < 18+int(le.Uint16(b[16:])) {
		return corrupt("reference of subvolume %d is cut short", k.ObjectID)
	}
	v := f.vols[k.ObjectID]
	if v == nil {
		return nil
	}
	v.Parent, v.root = k.Offset, le.Uint64(b)
	v.name = string(b[18 : 18+int(le.Uint16(b[16:]))])
	return nil
}

// placeVolumes finds the path of every subvolume.
func (f *FS) placeVolumes() error {
	steps := 0
	for _, id := range f.volumeIDs() {
		v := f.vols[id]
		var parts []string
		for at := v; at.ID != fsTreeID; {
			dir, err := f.dirPath(at.Parent, at.root)
			if err != nil {
				return err
			}
			if steps += 1 + strings.Count(dir, "/"); steps > maxSteps {
				return corrupt("subvolumes contain each other or are too deep")
			}
			parts = append(parts, strings.TrimPrefix(dir+"/"+at.name, "/"))
			if at = f.vols[at.Parent]; at == nil {
				return corrupt("subvolume %d is in none", v.ID)
			}
		}
		slices.Reverse(parts)
		v.Path = strings.Join(parts, "/")
	}
	return nil
}

// maxDepth is that of directories above a subvolume, maxSteps bounds the work of
// finding the paths of all subvolumes.
const (
	maxDepth = 2048
	maxSteps = 1 << 18
)

func (f *FS) volumeIDs() []uint64 {
	return slices.Sorted(maps.Keys(f.vols))
}

// dirPath returns the path of a directory inside its subvolume.
func (f *FS) dirPath(vol, num uint64) (string, error) {
	var parts []string
	for num != firstFreeID {
		if len(parts) > maxDepth {
			return "", corrupt("directories contain each other")
		}
		found := false
		err := f.scan(vol, key{num, typeInodeRef, 0}, key{num, typeInodeRef, ^uint64(0)}, func(k key, b []byte) error {
			if len(b) < 10 || len(b) < 10+int(le.Uint16(b[8:])) {
				return corrupt("name of inode %d is cut short", num)
			}
			parts = append(parts, string(b[10:10+int(le.Uint16(b[8:]))]))
			num, found = k.Offset, true
			return nil
		})
		if err != nil {
			return "", err
		}
		if !found {
			return "", corrupt("directory %d has no name", num)
		}
	}
	slices.Reverse(parts)
	return strings.Join(parts, "/"), nil
}

// Subvolumes lists the subvolumes by id, the top level first.
func (f *FS) Subvolumes() []VolumeInfo {
	list := make([]VolumeInfo, 0, len(f.vols))
	for _, id := range f.volumeIDs() {
		list = append(list, *f.vols[id])
	}
	return list
}
