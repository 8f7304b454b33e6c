package compress

import "sync"

// stock holds what workers use in turns. Unlike a sync.Pool it keeps tables of
// megabytes between two collections: making them again costs more.
type stock[T any] struct {
	mu   sync.Mutex
	free []T
}

// take returns one that is free.
func (s *stock[T]) take() (item T, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.free)
	if n == 0 {
		return item, false
	}
	item, s.free = s.free[n-1], s.free[:n-1]
	return item, true
}

func (s *stock[T]) put(item T) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.free = append(s.free, item)
}
