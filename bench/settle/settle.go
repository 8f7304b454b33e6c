// Package settle brings a machine to the same state before each run that is
// measured, the peers' and our own.
package settle

import (
	"os"

	"golang.org/x/sys/unix"
)

const (
	// touched is how much memory is made ready, in bytes: more than the page
	// cache of any run here.
	touched = 5 << 30
	// Of every stride bytes one page stays in use, so that what is free around it
	// never makes up the blocks of 2 MiB that a guest reports to its host.
	stride, page = 512 << 10, 4 << 10
	// whole is how much memory in blocks of 2 MiB is made ready, in bytes, for those
	// who ask the kernel for large pages. It is free only when the run begins, and
	// the host is told of it some seconds later.
	whole = 512 << 20
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
	touchWhole()
	return func() { unix.Close(fd) }
}

// touchWhole has the kernel touch large pages.
func touchWhole() {
	b, err := unix.Mmap(-1, 0, whole, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		return
	}
	_ = unix.Madvise(b, unix.MADV_HUGEPAGE)
	for at := 0; at < len(b); at += page {
		b[at] = 1
	}
	_ = unix.Munmap(b)
	forgetPeak()
}

// forgetPeak makes the peak of this process's memory begin anew (proc_pid_clear_refs(5)).
func forgetPeak() { _ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) }
