package fetch

import (
	"context"
	"net/url"
	"sync"
)

// hosts counts the transfers under way from each host.
type hosts struct {
	limit int
	mu    sync.Mutex
	slots map[string]chan struct{}
}

func (h *hosts) slot(address string) chan struct{} {
	host := ""
	if u, err := url.Parse(address); err == nil {
		host = u.Host
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.slots == nil {
		h.slots = map[string]chan struct{}{}
	}
	if h.slots[host] == nil {
		h.slots[host] = make(chan struct{}, h.limit)
	}
	return h.slots[host]
}

// acquire takes the slot of the first mirror that has one free, and waits for the
// first mirror when none has. It returns the mirror's place in the list.
func (h *hosts) acquire(ctx context.Context, mirrors []Mirror) (int, func(), error) {
	for i, m := range mirrors {
		slot := h.slot(m.URL)
		select {
		case slot <- struct{}{}:
			return i, func() { <-slot }, nil
		default:
		}
	}
	slot := h.slot(mirrors[0].URL)
	select {
	case slot <- struct{}{}:
		return 0, func() { <-slot }, nil
	case <-ctx.Done():
		return 0, nil, ctx.Err()
	}
}
