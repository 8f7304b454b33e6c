// Package brief makes system calls that are over within microseconds, such as
// creating a file in the page cache, without telling Go's scheduler of them.
//
// The scheduler takes its processor from a thread that is in the kernel for more
// than 20 microseconds and wakes another one, which costs as much as the call
// itself where most of them take about that long, as for many small files. What may wait for long, as reading from a disk or writing much,
// belongs to golang.org/x/sys/unix: here it would keep a processor of Go's, and
// a garbage collection, waiting.
package brief

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// MaxWrite is how much Write takes, in bytes: what the kernel copies within the
// time that the scheduler would not notice.
const MaxWrite = 64 << 10

// Openat is openat(2).
func Openat(dir int, name string, flags int, mode uint32) (int, error) {
	p, err := unix.BytePtrFromString(name)
	if err != nil {
		return -1, err
	}
	for {
		fd, _, errno := unix.RawSyscall6(unix.SYS_OPENAT, uintptr(dir), uintptr(unsafe.Pointer(p)), uintptr(flags|unix.O_LARGEFILE), uintptr(mode), 0, 0)
		switch errno {
		case 0:
			return int(fd), nil
		case unix.EINTR:
		default:
			return -1, errno
		}
	}
}

// Close is close(2).
func Close(fd int) error {
	_, _, errno := unix.RawSyscall(unix.SYS_CLOSE, uintptr(fd), 0, 0)
	return asError(errno)
}

// Write is write(2) of at most MaxWrite bytes.
func Write(fd int, b []byte) (int, error) {
	b = b[:min(len(b), MaxWrite)]
	n, _, errno := unix.RawSyscall(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// Futimens sets the time of last access and of the last change of an open file
// (utimensat(2) without a path).
func Futimens(fd int, times *[2]unix.Timespec) error {
	_, _, errno := unix.RawSyscall6(unix.SYS_UTIMENSAT, uintptr(fd), 0, uintptr(unsafe.Pointer(times)), 0, 0, 0)
	return asError(errno)
}

func asError(errno unix.Errno) error {
	if errno != 0 {
		return errno
	}
	return nil
}
