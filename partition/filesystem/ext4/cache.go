package ext4

import "sync"

// cache keeps what finding inodes needs again and again.
type cache struct {
	mu    sync.Mutex
	descs map[int64]groupDesc
}

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
