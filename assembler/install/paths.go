package install

import (
	"path"
	"strings"
	"sync"

	"github.com/fimg/fimg/repo/rpm"
	"github.com/fimg/fimg/tree/rootfs"
)

// paths finds out which names are one file: it resolves directories through the
// links in the tree and through those the transaction brings.
type paths struct {
	root  *rootfs.Root
	mu    sync.Mutex
	links map[string]string // links of the transaction's packages, by real path
	known map[string]string
}

func newPaths(root *rootfs.Root) *paths {
	return &paths{root: root, links: map[string]string{}, known: map[string]string{}}
}

// setLinks notes the symbolic links of packages, ghosts too; of several of one name
// the first counts.
func (p *paths) setLinks(list []*element) {
	links := map[string]string{}
	for _, e := range list {
		for i := range e.files {
			f := &e.files[i]
			if f.Type() != rpm.ModeSymlink || e.actions[i].skipping() {
				continue
			}
			if key := p.key(f); links[key] == "" {
				links[key] = f.LinkTo
			}
		}
	}
	p.links = links
	p.forget()
}

// forget drops what was resolved, after scriptlets may have changed links.
func (p *paths) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.known)
}

// canon returns the real name of a directory, absolute and clean.
func (p *paths) canon(dir string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.resolve(path.Clean("/"+dir), 40)
}

func (p *paths) resolve(dir string, depth int) string {
	if dir == "/" || depth == 0 {
		return dir
	}
	if real, ok := p.known[dir]; ok {
		return real
	}
	parent := p.resolve(path.Dir(dir), depth)
	real := path.Join(parent, path.Base(dir))
	if target, ok := p.link(real); ok {
		if !strings.HasPrefix(target, "/") {
			target = path.Join(parent, target)
		}
		real = p.resolve(path.Clean("/"+target), depth-1)
	}
	p.known[dir] = real
	return real
}

// link returns the target of a link in the tree, or of one still to come where
// the tree has nothing.
func (p *paths) link(name string) (string, bool) {
	if target, err := p.root.Readlink(name); err == nil {
		return target, true
	}
	target, ok := p.links[name]
	if ok {
		if _, err := p.root.Lstat(name); err == nil {
			return "", false // something that is no link is there
		}
	}
	return target, ok
}

// key is the same for all names of one file.
func (p *paths) key(f *rpm.File) string { return path.Join(p.canon(f.Dir), f.Base) }
