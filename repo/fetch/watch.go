package fetch

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

// watch cancels a transfer that is slower than minRate over a whole period.
type watch struct {
	bytes atomic.Int64
	done  chan struct{}
}

func newWatch(period time.Duration, cancel context.CancelCauseFunc) *watch {
	w := &watch{done: make(chan struct{})}
	least := int64(period.Seconds() * minRate)
	go func() {
		tick := time.NewTicker(period)
		defer tick.Stop()
		for {
			select {
			case <-w.done:
				return
			case <-tick.C:
				if n := w.bytes.Swap(0); n < least {
					cancel(fmt.Errorf("transfer stalls: %d bytes in %v", n, period))
					return
				}
			}
		}
	}()
	return w
}

func (w *watch) moved(n int) { w.bytes.Add(int64(n)) }
func (w *watch) stop()       { close(w.done) }
