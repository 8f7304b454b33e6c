package rpm

import "strings"

// adopt gives a header from before regions existed (rpm 3) the region that rpm
// makes for it, so that tags can be added.
func (h *Header) adopt() (*Header, error) {
	if h.region != 0 {
		return h, nil
	}
	return NewHeader(RegionImage, h.Entries()...)
}

// shortNames returns base names, directories and indexes for a header that has
// whole paths only, as rpm retrofits them.
func (h *Header) shortNames() []Entry {
	if !h.Has(TagOldFileNames) || h.Has(TagBasenames) {
		return nil
	}
	var bases, dirs []string
	var indexes []uint32
	seen := make(map[string]uint32)
	for _, path := range h.All(TagOldFileNames) {
		cut := strings.LastIndexByte(path, '/') + 1
		index, ok := seen[path[:cut]]
		if !ok {
			index = uint32(len(dirs))
			seen[path[:cut]] = index
			dirs = append(dirs, path[:cut])
		}
		bases, indexes = append(bases, path[cut:]), append(indexes, index)
	}
	return []Entry{StringsEntry(TagBasenames, bases...), StringsEntry(TagDirNames, dirs...), Uint32Entry(TagDirIndexes, indexes...)}
}
