package install

import (
	"errors"
	"io/fs"
	"path"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/fimg/fimg/tree/rootfs"
)

// dirs keeps directories of the tree open from one package to the next, so that
// a path is resolved once and not for every file. Whatever may change what a
// path means (a scriptlet, a link that is replaced) makes it forget them.
type dirs struct {
	root *rootfs.Root
	mu   sync.Mutex
	fds  map[string]int
}

// maxOpenDirs bounds the directories kept open; beyond it they are opened anew
// for every file.
const maxOpenDirs = 384

// handle is an open directory.
type handle struct {
	fd   int
	once bool // to be closed after use
}

func (h handle) close() {
	if h.once {
		unix.Close(h.fd)
	}
}

// open returns a directory, made when missing. The handle is to be closed.
func (d *dirs) open(dir string) (handle, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if fd, ok := d.fds[dir]; ok {
		return handle{fd: fd}, nil
	}
	fd, err := d.root.OpenFD(dir, unix.O_PATH|unix.O_DIRECTORY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		// No package before this one brought it.
		if err = d.root.MkdirAll(strings.TrimPrefix(path.Clean(dir), "/"), 0o755); err == nil {
			fd, err = d.root.OpenFD(dir, unix.O_PATH|unix.O_DIRECTORY, 0)
		}
	}
	if err != nil {
		return handle{}, err
	}
	if len(d.fds) >= maxOpenDirs {
		return handle{fd, true}, nil
	}
	if d.fds == nil {
		d.fds = map[string]int{}
	}
	d.fds[dir] = fd
	return handle{fd: fd}, nil
}

// trim makes room before a package, when no handle is in use.
func (d *dirs) trim() {
	if len(d.fds) > maxOpenDirs/2 {
		d.forget()
	}
}

// forget closes all directories; no handle may be in use.
func (d *dirs) forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, fd := range d.fds {
		unix.Close(fd)
	}
	clear(d.fds)
}
