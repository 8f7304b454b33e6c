package main

import (
	"os"
	"runtime/debug"
	"sync"

	"github.com/fimg/fimg/event"
)

// thrift has the collector keep the heap small while images are packed. The
// compressors' tables lie outside of it and want the memory; what the heap holds
// then is buffers of their outputs, which collecting twice as often does not slow
// down. Somebody who sets GOGC decides otherwise.
type thrift struct{ once sync.Once }

const thriftyPercent = 50

func (t *thrift) event(e event.Event) {
	if e.Kind != event.Phase || e.Phase != "formats" || e.End || os.Getenv("GOGC") != "" {
		return
	}
	t.once.Do(func() {
		debug.SetGCPercent(thriftyPercent)
		debug.FreeOSMemory()
	})
}
