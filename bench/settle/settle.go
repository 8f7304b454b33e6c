// Package settle brings a machine to the same state before each run that is
// measured, the peers' and our own.
package settle

import (
	"golang.org/x/sys/unix"
)

// touched is how much memory is made ready, in bytes: more than the page cache
// of any run here.
const touched = 8 << 30

// Machine writes out what earlier runs left dirty and has the kernel touch free
// memory. The host of a virtual machine may have taken it back, and the first use
// of such a page costs more than writing a file into it: whoever ran first would
// pay for it. Failures are of no matter but to the figures.
func Machine() {
	unix.Sync()
	var info unix.Sysinfo_t
	if unix.Sysinfo(&info) != nil {
		return
	}
	free := int64(info.Freeram) * int64(info.Unit)
	fd, err := unix.MemfdCreate("settle", unix.MFD_CLOEXEC)
	if err != nil {
		return
	}
	defer unix.Close(fd)
	_ = unix.Fallocate(fd, 0, 0, min(touched, free/4*3)) // freed when closed
}
