// Package settle brings a machine to the same state before each run that is
// measured, the peers' and our own.
package settle

import (
	"golang.org/x/sys/unix"
)

const (
	// touched is how much memory is made ready, in bytes: more than the page
	// cache of any run here.
	touched = 5 << 30
	// Of every stride bytes one page stays in use, so that what is free around it
	// never makes up the blocks of 2 MiB that a guest reports to its host.
	stride, page = 512 << 10, 4 << 10
)

// Machine writes out what earlier runs left dirty and has the kernel touch free
// memory. The host of a virtual machine may have taken it back, and the first use
// of such a page costs more than writing a file into it: whoever ran first would
// pay for it. The memory stays with the machine until the function it returns is
// called, after the run. Failures are of no matter but to the figures.
func Machine() (release func()) {
	unix.Sync()
	var info unix.Sysinfo_t
	if unix.Sysinfo(&info) != nil {
		return func() {}
	}
	fd, err := unix.MemfdCreate("settle", unix.MFD_CLOEXEC)
	if err != nil {
		return func() {}
	}
	size := min(touched, int64(info.Freeram)*int64(info.Unit)/4*3)
	block := make([]byte, stride)
	for at := int64(0); at < size; at += stride {
		_, _ = unix.Pwrite(fd, block, at) // allocating alone does not touch it
	}
	for at := int64(0); at < size; at += stride {
		_ = unix.Fallocate(fd, unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, at+page, stride-page)
	}
	return func() { unix.Close(fd) }
}
