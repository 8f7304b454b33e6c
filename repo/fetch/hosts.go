package fetch

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"sync"
)

// hosts counts the transfers under way from each host, and remembers which hosts
// failed, so that a dead mirror is waited for once and not for every file.
type hosts struct {
	limit  int
	mu     sync.Mutex
	slots  map[string]chan struct{}
	faults map[string]int // failures since the last success
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}

// order returns the mirrors in their order, those of hosts that failed behind.
func (h *hosts) order(mirrors []Mirror) []Mirror {
	h.mu.Lock()
	defer h.mu.Unlock()
	sorted := slices.Clone(mirrors)
	slices.SortStableFunc(sorted, func(a, b Mirror) int {
		return cmp.Compare(h.faults[hostOf(a.URL)], h.faults[hostOf(b.URL)])
	})
	return sorted
}

// note remembers how a host did. Only faults that would meet every file count.
func (h *hosts) note(address string, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case err == nil:
		delete(h.faults, hostOf(address))
	case passing(err):
		if h.faults == nil {
			h.faults = map[string]int{}
		}
		h.faults[hostOf(address)]++
	}
}

func (h *hosts) slot(address string) chan struct{} {
	host := hostOf(address)
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
