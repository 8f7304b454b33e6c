package main

import (
	"os"
	"syscall"
)

// peak returns the largest resident set of a process that has ended, in KiB.
func peak(state *os.ProcessState) int64 {
	if usage, ok := state.SysUsage().(*syscall.Rusage); ok {
		return usage.Maxrss
	}
	return 0
}
