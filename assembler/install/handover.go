package install

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"github.com/fimg/fimg/tree/rootfs"
)

// Handover fills the store from a tree that is of no more use, where tree and store
// are of one file system that cannot share extents: transactions put contents only
// into the tree, and Store moves the files into the store. So none is written twice.
// What was changed or removed in the tree meanwhile is unpacked again.
//
// The zero value is ready for use by one transaction after the other.
type Handover struct {
	mu   sync.Mutex
	dir  string   // below the store, for packages that are not whole yet; empty until used
	lock *os.File // held while dir is in use
	list []*handed
	keys map[string]bool
}

// movingPrefix begins the names of directories of the store that hold what is not
// whole.
const movingPrefix = ".moving-"

// serves tells whether files of the tree can be moved into the store.
func (h *Handover) serves(s *store, root string) bool {
	return h != nil && s.keep && !s.clones && canMove(root, s.dir) && h.begin(s.dir) == nil
}

// canMove tries whether a file can be moved from one directory to another.
func canMove(from, to string) bool {
	f, err := os.CreateTemp(from, unnamed)
	if err != nil {
		return false
	}
	defer os.Remove(f.Name())
	defer f.Close()
	moved := filepath.Join(to, filepath.Base(f.Name()))
	if err := os.Rename(f.Name(), moved); err != nil {
		return false
	}
	os.Remove(moved)
	return true
}

// begin makes the directory on first use.
func (h *Handover) begin(store string) (err error) {
	if h.dir != "" && filepath.Dir(h.dir) == filepath.Clean(store) {
		return nil
	}
	if h.dir != "" {
		return errors.New("the handover is into another store")
	}
	dir, err := os.MkdirTemp(store, movingPrefix)
	if err != nil {
		return err
	}
	h.lock, err = os.Open(dir)
	if err == nil {
		err = unix.Flock(int(h.lock.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	}
	if err == nil { // another build may have removed it before it was locked
		_, err = os.Stat(dir)
	}
	if err != nil {
		h.lock.Close()
		os.Remove(dir)
		return err
	}
	h.dir, h.keys = dir, map[string]bool{}
	return nil
}

// add takes one package up. It returns nil for one that was before.
func (h *Handover) add(s *stager, j *job) *handed {
	p := &handed{s: s, j: j, key: headerKey(j.e.header)}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.keys[p.key] {
		return nil
	}
	h.keys[p.key] = true
	p.dir = filepath.Join(h.dir, p.key)
	h.list = append(h.list, p)
	return p
}

// Store moves what the transactions put into the tree at root into the store. Nothing
// may run or be open in the tree, which is of no use afterwards: it is for removal.
// The store is a cache: a package that cannot be kept is a warning in the log.
func (h *Handover) Store(ctx context.Context, root string) error {
	defer h.Discard()
	if len(h.list) == 0 {
		return nil
	}
	r, err := rootfs.Open(root)
	if err != nil {
		return fmt.Errorf("move packages into the store: %w", err)
	}
	defer r.Close()
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(h.list[0].s.opts.jobs())
	for _, p := range h.list {
		g.Go(func() error {
			if err := ctx.Err(); err != nil || !p.placed() {
				return err
			}
			if err := p.store(ctx, r); err != nil && ctx.Err() == nil {
				p.s.opts.log().Warn("package is not kept for the next build", "package", p.j.e.nevra, "error", err)
			}
			return ctx.Err()
		})
	}
	err = g.Wait()
	last := h.list[len(h.list)-1].s
	last.pruneStore()
	return err
}

// Discard gives up what was not stored.
func (h *Handover) Discard() {
	if h.dir != "" {
		os.RemoveAll(h.dir)
		h.lock.Close()
	}
	h.dir, h.lock, h.list, h.keys = "", nil, nil, nil
}

// removeKept removes a directory of the store that nobody uses, a package or what a
// broken run left.
func removeKept(name string) bool {
	dir, err := os.Open(name)
	if err != nil {
		return false
	}
	defer dir.Close()
	if unix.Flock(int(dir.Fd()), unix.LOCK_EX|unix.LOCK_NB) != nil {
		return false
	}
	return os.RemoveAll(name) == nil
}

// isMoving tells whether a directory of the store holds what is not whole.
func isMoving(name string) bool { return strings.HasPrefix(name, movingPrefix) }
