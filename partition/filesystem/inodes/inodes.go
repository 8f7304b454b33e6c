// Package inodes does what the readers of file systems with numbered inodes have in
// common: it walks their directories and finds files by name, without believing what
// a damaged or hostile one says about its own shape.
package inodes

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/fimg/fimg/tree"
)

// maxDepth and maxNames bound a walk, maxKept the names that stay in memory.
const (
	maxDepth = 4096 / 2
	maxNames = 1 << 24
	maxKept  = 1 << 17
)

// Source is a file system whose inodes of type I are known by keys of type K.
type Source[K comparable, I any] struct {
	Root  K
	Inode func(K) (I, error)
	Mode  func(I) uint32 // as in st_mode
	// Node describes an inode. Its path is empty, and its link is any number but
	// zero where the inode has several names.
	Node func(I) (*tree.Node, error)
	// Names are those of a directory without the dots, in any order.
	Names func(I) ([]Name[K], error)
	// Damaged makes an error of what contradicts itself.
	Damaged func(format string, args ...any) error
}

// Name is a name in a directory.
type Name[K comparable] struct {
	Name string
	To   K
}

// list returns the names of a directory in order.
func (s *Source[K, I]) list(dir I) ([]Name[K], error) {
	list, err := s.Names(dir)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(list, func(a, b Name[K]) int { return cmp.Compare(a.Name, b.Name) })
	for i, n := range list {
		switch {
		case n.Name == "" || n.Name == "." || n.Name == ".." || strings.ContainsAny(n.Name, "/\x00"):
			return nil, s.Damaged("name %q in a directory", n.Name)
		case i > 0 && list[i-1].Name == n.Name:
			return nil, s.Damaged("name %q is twice in a directory", n.Name)
		}
	}
	return list, nil
}

// Walk is that of a tree.Tree.
func (s *Source[K, I]) Walk(ctx context.Context, fn func(*tree.Node) error) error {
	w := &walk[K, I]{Source: s, ctx: ctx, fn: fn, links: map[K]uint64{}, seen: map[K]bool{}}
	return w.visit(".", s.Root, 0)
}

// walk is the state of one walk.
type walk[K comparable, I any] struct {
	*Source[K, I]
	ctx   context.Context
	fn    func(*tree.Node) error
	links map[K]uint64
	seen  map[K]bool // directories: each has one name
	names int
}

func (w *walk[K, I]) visit(name string, at K, depth int) error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	inode, err := w.Inode(at)
	if err != nil {
		return err
	}
	n, err := w.Node(inode)
	if err != nil {
		return err
	}
	n.Path = name
	w.link(n, at)
	if err := w.fn(n); err != nil || !n.IsDir() {
		return err
	}
	if w.seen[at] || depth >= maxDepth {
		return w.Damaged("directory %s has two names or is too deep", name)
	}
	w.seen[at] = true
	return w.below(name, inode, depth)
}

// link numbers the inodes with several names in the order they are met.
func (w *walk[K, I]) link(n *tree.Node, at K) {
	if n.Link == 0 {
		return
	}
	if w.links[at] == 0 {
		w.links[at] = uint64(len(w.links) + 1)
	}
	n.Link = w.links[at]
}

func (w *walk[K, I]) below(dir string, inode I, depth int) error {
	list, err := w.list(inode)
	if err != nil {
		return err
	}
	if w.names += len(list); w.names > maxNames {
		return w.Damaged("too many names")
	}
	for _, n := range list {
		if err := w.visit(path.Join(dir, n.Name), n.To, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// Finder finds files by name, and keeps the names of the directories it went through.
// Several may be found at once.
type Finder[K comparable, I any] struct {
	*Source[K, I]

	mu    sync.Mutex
	kept  map[K][]Name[K]
	count int // of names kept
}

// Find returns the inode of the regular file with a path.
func (f *Finder[K, I]) Find(name string) (inode I, err error) {
	at := f.Root
	for part := range strings.SplitSeq(path.Clean(name), "/") {
		list, err := f.directory(at)
		if err != nil {
			return inode, fmt.Errorf("open %s: %w", name, err)
		}
		i, found := slices.BinarySearchFunc(list, part, func(n Name[K], part string) int { return cmp.Compare(n.Name, part) })
		if !found {
			return inode, fmt.Errorf("open %s: no such file", name)
		}
		at = list[i].To
	}
	inode, err = f.Inode(at)
	if err == nil && f.Mode(inode)&tree.TypeMask != tree.TypeFile {
		err = fmt.Errorf("open %s: not a regular file", name)
	}
	return inode, err
}

// directory returns the names of a directory that may be asked for again.
func (f *Finder[K, I]) directory(at K) ([]Name[K], error) {
	f.mu.Lock()
	kept, ok := f.kept[at]
	f.mu.Unlock()
	if ok {
		return kept, nil
	}
	inode, err := f.Inode(at)
	if err != nil {
		return nil, err
	}
	if f.Mode(inode)&tree.TypeMask != tree.TypeDir {
		return nil, errors.New("not a directory on the way")
	}
	list, err := f.list(inode)
	if err != nil {
		return nil, err
	}
	f.keep(at, list)
	return list, nil
}

// keep starts anew when there are too many names.
func (f *Finder[K, I]) keep(at K, list []Name[K]) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.count += len(list); f.kept == nil || f.count > maxKept {
		f.kept, f.count = map[K][]Name[K]{}, len(list)
	}
	f.kept[at] = list
}
