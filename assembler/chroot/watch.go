package chroot

import (
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fimg/fimg/internal/memory"
)

const (
	watchInterval = 100 * time.Millisecond
	// leastMemory is never denied: a kernel's scriptlets may use a gigabyte.
	leastMemory = 2 << 30
	// mostSpared and sparedPart say how much of the free space of the tree's file
	// system a program may not take: a part, and never more than mostSpared bytes.
	mostSpared = 1 << 30
	sparedPart = 16
)

// bounds are what a program and its descendants may use.
type bounds struct {
	memory    int64 // bytes; none when zero
	processes int64
	spared    int64 // bytes of the tree's file system; none when zero
}

// newBounds are a command's own, and as much memory as the machine has free.
func newBounds(c *Command, root string) *bounds {
	b := bounds{memory: c.MemoryLimit, processes: limitOr(c.ProcessLimit, DefaultProcessLimit)}
	if free := memory.Available("/"); free > 0 {
		free = max(free, leastMemory)
		b.memory = min(limitOr(b.memory, free), free)
	}
	if free, ok := freeSpace(root); ok {
		b.spared = min(free/sparedPart, mostSpared)
	}
	return &b
}

func freeSpace(dir string) (int64, bool) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, false
	}
	return int64(st.Bavail) * int64(st.Bsize), true
}

// watch looks after a running program until done is closed, and says once when it
// goes beyond its bounds. The channel it returns is closed when it looks no more.
func (r *run) watch(done <-chan struct{}, over chan<- Excess) <-chan struct{} {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		ticker := time.NewTicker(watchInterval)
		defer ticker.Stop()
		var b *bounds // most programs end before they are needed
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
			}
			if b == nil {
				b = newBounds(&r.command, r.session.root)
			}
			if e := r.session.excess(b); e != (Excess{}) {
				over <- e
				return
			}
		}
	}()
	return ended
}

// excess tells what the programs of a session use too much of. Without a /proc of
// its own only the space is known.
func (s *Session) excess(b *bounds) (e Excess) {
	if free, ok := freeSpace(s.root); ok && free < b.spared {
		e.Space = b.spared
	}
	if !s.ownProc {
		return e
	}
	s.thread.do(func() error {
		processes, used := usage("/proc", rough)
		if b.memory > 0 && used > b.memory {
			_, used = usage("/proc", exact)
		}
		if b.memory > 0 && used > b.memory {
			e.Memory = b.memory
		}
		if processes > b.processes {
			e.Processes = b.processes
		}
		return nil
	})
	return e
}

// usage counts the processes of a /proc, but for process 1, and adds up what memory
// each has to itself.
func usage(proc string, size func(dir string) int64) (processes, memory int64) {
	dir, err := os.Open(proc)
	if err != nil {
		return 0, 0
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1)
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err != nil || pid == 1 {
			continue
		}
		processes++
		memory += size(proc + "/" + name)
	}
	return processes, memory
}

// rough is what a process has in memory that is of no file, with what it shares with
// processes it forked: cheap, and never too little.
func rough(dir string) int64 {
	text, _ := os.ReadFile(dir + "/statm")
	f := strings.Fields(string(text)) // in pages: size, resident, shared, …
	if len(f) < 3 {
		return 0
	}
	resident, _ := strconv.ParseInt(f[1], 10, 64)
	shared, _ := strconv.ParseInt(f[2], 10, 64)
	return (resident - shared) * int64(os.Getpagesize())
}

// exact counts a process's share of what it shares, where the kernel tells.
func exact(dir string) int64 {
	text, _ := os.ReadFile(dir + "/smaps_rollup")
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "Pss_Anon:" {
			kib, _ := strconv.ParseInt(f[1], 10, 64)
			return kib << 10
		}
	}
	return rough(dir)
}
