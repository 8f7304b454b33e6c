package ext4

import "sync"

// cache keeps what opening many files in a row needs again and again.
type cache struct {
	mu    sync.Mutex
	descs map[int64]groupDesc
	dirs  map[uint32][]dirent
	count int // names in dirs
}

// maxCachedNames bounds the directories kept.
const maxCachedNames = 1 << 17

// descriptor returns the descriptor of a group, read once.
func (fs *FS) descriptor(group int64) (groupDesc, error) {
	fs.cache.mu.Lock()
	d, ok := fs.cache.descs[group]
	fs.cache.mu.Unlock()
	if ok {
		return d, nil
	}
	d, err := fs.readDescriptor(group)
	if err != nil {
		return d, err
	}
	fs.cache.mu.Lock()
	defer fs.cache.mu.Unlock()
	if fs.cache.descs == nil {
		fs.cache.descs = map[int64]groupDesc{}
	}
	fs.cache.descs[group] = d
	return d, nil
}

// names returns the names of a directory, which stay in memory until there are
// too many.
func (fs *FS) names(i *diskInode) ([]dirent, error) {
	fs.cache.mu.Lock()
	list, ok := fs.cache.dirs[i.number]
	fs.cache.mu.Unlock()
	if ok {
		return list, nil
	}
	list, err := fs.list(i)
	if err != nil {
		return nil, err
	}
	fs.cache.mu.Lock()
	defer fs.cache.mu.Unlock()
	if fs.cache.count += len(list); fs.cache.dirs == nil || fs.cache.count > maxCachedNames {
		fs.cache.dirs, fs.cache.count = map[uint32][]dirent{}, len(list)
	}
	fs.cache.dirs[i.number] = list
	return list, nil
}
