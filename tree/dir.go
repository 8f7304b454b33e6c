package tree

import (
	"context"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// DirOptions shape what Dir shows. The zero value shows everything as it is.
type DirOptions struct {
	// Top shows only this directory and what is below it, with paths relative
	// to it; ledger, labels and the functions below still see paths from the
	// root. Empty is the root.
	Top string
	// Ledger overrides what the file system says; nil is an empty one.
	Ledger *Ledger
	// Label returns the SELinux label of a node, or "" for none. It replaces
	// any security.selinux attribute of the file. It is called from several
	// goroutines, as are the functions below.
	Label func(n *Node) string
	// Exclude leaves out a path and everything below it. Pruned leaves out
	// only what is below.
	Exclude func(path string) bool
	Pruned  func(path string) bool
	// Latest clamps modification times from above; zero keeps them.
	Latest time.Time
	// MapID translates a host user or group id to the image's; nil keeps it.
	MapID func(id uint32) uint32
}

// Dir is the tree below a directory of the host. Symbolic links are never
// followed, other file systems mounted below are not entered.
func Dir(root string, opts DirOptions) Tree {
	return &dirTree{root: root, top: filepath.Join(root, opts.Top), opts: opts}
}

type dirTree struct {
	root string
	top  string // what is shown, as a path of the host
	opts DirOptions
}

type inode struct{ dev, ino uint64 }

// walker is the state of one walk. Directories are read ahead of the one being
// shown, several at a time; what is shown stays in order.
type walker struct {
	*dirTree
	ctx   context.Context
	dev   uint64
	links map[inode]uint64
	fn    func(*Node) error
	slots chan struct{} // as many directories are read at once
	wait  sync.WaitGroup
}

// ahead is how many directories of one level are read before they are shown.
const ahead = 8

func (d *dirTree) Walk(ctx context.Context, fn func(*Node) error) error {
	top := path.Join(".", d.opts.Top)
	ctx, cancel := context.WithCancel(ctx)
	w := &walker{dirTree: d, ctx: ctx, links: map[inode]uint64{}, fn: fn,
		slots: make(chan struct{}, 2*runtime.GOMAXPROCS(0))}
	defer w.wait.Wait()
	defer cancel()
	n := &found{path: top}
	if err := w.look(unix.AT_FDCWD, filepath.Join(w.root, top), n); err != nil {
		return err
	}
	w.dev = n.st.Dev
	return w.visit(n)
}

// relative is a path as seen from the top.
func (d *dirTree) relative(name string) string {
	top := path.Join(".", d.opts.Top)
	switch {
	case top == ".":
		return name
	case name == top:
		return "."
	}
	return name[len(top)+1:]
}

// visit shows one node and then what is below it.
func (w *walker) visit(n *found) error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	node := n.node
	if n.st.Nlink > 1 && n.st.Mode&TypeMask != TypeDir {
		node.Link = w.link(inode{n.st.Dev, n.st.Ino})
	}
	node.Path = w.relative(n.path)
	if err := w.fn(node); err != nil || !w.enters(n) {
		return err
	}
	if n.below == nil {
		n.below = w.read(n.path)
	}
	<-n.below.done
	if n.below.err != nil {
		return n.below.err
	}
	list := n.below.entries
	n.below = nil
	return w.show(list)
}

// show visits the entries of a directory; those that are directories are read
// ahead.
func (w *walker) show(list []*found) error {
	next, reading := 0, 0
	for i, n := range list {
		for ; next < len(list) && reading < ahead; next++ {
			if next >= i && w.enters(list[next]) {
				list[next].below = w.read(list[next].path)
				reading++
			}
		}
		if n.below != nil {
			reading--
		}
		if err := w.visit(n); err != nil {
			return err
		}
		list[i] = nil
	}
	return nil
}

// enters tells whether the walk goes into a node.
func (w *walker) enters(n *found) bool {
	return n.st.Mode&TypeMask == TypeDir && n.node.IsDir() && n.st.Dev == w.dev &&
		(w.opts.Pruned == nil || !w.opts.Pruned(n.path))
}

func (w *walker) mapID(id uint32) uint32 {
	if w.opts.MapID == nil {
		return id
	}
	return w.opts.MapID(id)
}

func (w *walker) clamp(t time.Time) time.Time {
	if w.opts.Latest.IsZero() || t.Before(w.opts.Latest) {
		return t
	}
	return w.opts.Latest
}

func (w *walker) label(n *Node) {
	if w.opts.Label == nil {
		return
	}
	n.Xattrs = slices.DeleteFunc(n.Xattrs, func(x Xattr) bool { return x.Name == "security.selinux" })
	if l := w.opts.Label(n); l != "" {
		n.SetXattr("security.selinux", append([]byte(l), 0))
	}
}

// link numbers inodes with several names in walk order, so that host inode
// numbers reach no output.
func (w *walker) link(key inode) uint64 {
	id, ok := w.links[key]
	if !ok {
		id = uint64(len(w.links) + 1)
		w.links[key] = id
	}
	return id
}
