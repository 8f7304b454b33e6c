package oci

import (
	"maps"
	"slices"
	"strings"
)

// names is a set of paths that is taken apart by directories, each path once.
type names struct {
	root  branch
	count int // of branches
}

// branch is a path in the set, or a directory on the way to one.
type branch struct {
	path  string
	below map[string]*branch
}

// add adds a path and the directories on its way.
func (n *names) add(name string) {
	b, at := &n.root, 0
	for part := range strings.SplitSeq(name, "/") {
		at += len(part)
		next := b.below[part]
		if next == nil {
			if b.below == nil {
				b.below = map[string]*branch{}
			}
			next = &branch{path: name[:at]}
			b.below[part] = next
			n.count++
		}
		b, at = next, at+1
	}
}

// find returns the branch of a path, nil if there is none. The empty path is the
// root.
func (n *names) find(name string) *branch {
	b := &n.root
	for part := range strings.SplitSeq(name, "/") {
		if part == "" {
			continue
		}
		if b = b.below[part]; b == nil {
			return nil
		}
	}
	return b
}

// empty takes away everything below a directory and calls fn for it.
func (n *names) empty(dir string, fn func(string)) {
	b := n.find(dir)
	if b == nil {
		return
	}
	left := slices.Collect(maps.Values(b.below))
	b.below = nil
	for len(left) > 0 {
		last := left[len(left)-1]
		left = slices.AppendSeq(left[:len(left)-1], maps.Values(last.below))
		n.count--
		fn(last.path)
	}
}

// drop takes away a path that has nothing below it.
func (n *names) drop(name string) {
	dir, base := "", name
	if i := strings.LastIndexByte(name, '/'); i >= 0 {
		dir, base = name[:i], name[i+1:]
	}
	parent := n.find(dir)
	if parent == nil {
		return
	}
	if _, there := parent.below[base]; there {
		delete(parent.below, base)
		n.count--
	}
}
