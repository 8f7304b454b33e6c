package btrfs

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/fimg/fimg/tree"
)

// inode is one inode of a subvolume. Contents are not held, only the node.
type inode struct {
	num     uint64
	node    *tree.Node
	names   []inodeName
	entries []entry // of a directory, sorted by name
}

// inodeName is one name of an inode.
type inodeName struct {
	parent *inode
	index  uint64
	name   string
}

// entry is one name in a directory: an inode or a whole subvolume.
type entry struct {
	name  string
	inode *inode
	sub   *subvolume
}

// subvolume is one file tree.
type subvolume struct {
	id       uint64
	location string
	path     string
	spec     Subvolume
	root     *inode
	inodes   []*inode // by number

	// Where the subvolume hangs: nil for the top level.
	parent *subvolume
	dir    *inode
	index  uint64
	name   string

	tree    *treeWriter
	scratch []byte // of the item being put
	block   blockRef
	rfer    uint64 // bytes referenced: metadata and data
	direct  []*inode
}

// model is the tree cut into subvolumes.
type model struct {
	opts   *Options
	vols   []*subvolume // the top level first, then by id
	holder map[string]*subvolume
	dirs   map[string]*place
	links  map[linkKey]*inode
	first  map[uint64]*tree.Node
}

// place is a directory of the tree and the subvolume it came into.
type place struct {
	vol *subvolume
	dir *inode
}

type linkKey struct {
	vol  *subvolume
	link uint64
}

// buildModel walks the tree once and distributes it over the subvolumes.
func buildModel(ctx context.Context, t tree.Tree, opts *Options) (*model, error) {
	m := &model{opts: opts, holder: map[string]*subvolume{}, dirs: map[string]*place{},
		links: map[linkKey]*inode{}, first: map[uint64]*tree.Node{}}
	m.declare()
	if err := t.Walk(ctx, m.visit); err != nil {
		return nil, fmt.Errorf("read tree: %w", err)
	}
	m.dirs, m.links, m.first = nil, nil, nil
	if m.holder["."].root == nil {
		return nil, fmt.Errorf("read tree: it has no root")
	}
	if err := m.attach(); err != nil {
		return nil, err
	}
	for _, v := range m.vols {
		v.number()
	}
	return m, nil
}

// declare makes the subvolumes: the top level, that of the root, the others in
// the order of the options.
func (m *model) declare() {
	top := &subvolume{id: fsTreeID}
	m.vols = []*subvolume{top}
	root := top
	if m.opts.Root != "" {
		root = m.newSubvolume(m.opts.Root, Subvolume{})
	}
	root.path = "."
	root.spec.ReadOnly, root.spec.Default, root.spec.NoCOW = m.opts.RootReadOnly, m.opts.RootDefault, m.opts.RootNoCOW
	m.holder["."] = root
	for _, s := range m.opts.Subvolumes {
		v := m.newSubvolume(s.Location, s)
		if s.Path != "" {
			v.path = s.Path
			m.holder[s.Path] = v
		}
	}
}

func (m *model) newSubvolume(location string, spec Subvolume) *subvolume {
	v := &subvolume{id: firstFreeID + uint64(len(m.vols)) - 1, location: location, spec: spec}
	m.vols = append(m.vols, v)
	return v
}

// visit takes one node of the tree.
func (m *model) visit(n *tree.Node) error {
	v, starts := m.holder[n.Path]
	if starts && !n.IsDir() {
		return &ContentError{n.Path, "it is to be a subvolume but is no directory"}
	}
	if err := m.opts.checkNode(n); err != nil {
		return err
	}
	if n.Path == "." {
		v.root = &inode{node: n}
		m.dirs["."] = &place{v, v.root}
		return nil
	}
	parent := m.dirs[path.Dir(n.Path)]
	if parent == nil {
		return fmt.Errorf("%s comes before its directory", n.Path)
	}
	if err := m.enter(parent, n); err != nil {
		return err
	}
	if starts {
		v.root = &inode{node: n}
		m.dirs[n.Path] = &place{v, v.root}
	}
	return nil
}

// enter adds a node to its directory.
func (m *model) enter(parent *place, n *tree.Node) error {
	name := path.Base(n.Path)
	if k := len(parent.dir.entries); k > 0 && parent.dir.entries[k-1].name >= name {
		return fmt.Errorf("%s is out of order", n.Path)
	}
	ino := m.inodeOf(parent.vol, n)
	parent.dir.entries = append(parent.dir.entries, entry{name: name, inode: ino})
	if n.IsDir() {
		m.dirs[n.Path] = &place{parent.vol, ino}
	}
	return nil
}

// inodeOf returns the inode of a node: a new one, or the one it is another name
// of. Names of one inode in different subvolumes become different inodes.
func (m *model) inodeOf(vol *subvolume, n *tree.Node) *inode {
	if n.Link == 0 || n.IsDir() {
		return &inode{node: n}
	}
	k := linkKey{vol, n.Link}
	if ino, ok := m.links[k]; ok {
		return ino
	}
	if m.first[n.Link] == nil {
		m.first[n.Link] = n
	}
	ino := &inode{node: m.first[n.Link]}
	m.links[k] = ino
	return ino
}

// attach hangs every subvolume where it belongs.
func (m *model) attach() error {
	for _, v := range m.vols {
		if v.root == nil {
			v.root = m.emptyDir()
		}
	}
	for _, v := range m.vols[1:] {
		v.parent = m.enclosing(v.location)
	}
	for _, v := range m.vols[1:] {
		if err := m.hang(v); err != nil {
			return err
		}
	}
	return nil
}

func (m *model) emptyDir() *inode {
	return &inode{node: &tree.Node{Mode: tree.TypeDir | 0o755, MTime: m.opts.Time}}
}

// enclosing returns the subvolume with the longest location above this one.
func (m *model) enclosing(location string) *subvolume {
	best := m.vols[0]
	for _, v := range m.vols[1:] {
		if strings.HasPrefix(location, v.location+"/") && len(v.location) > len(best.location) {
			best = v
		}
	}
	return best
}

func (m *model) hang(v *subvolume) error {
	rel := strings.TrimPrefix(strings.TrimPrefix(v.location, v.parent.location), "/")
	dir := v.parent.root
	parts := strings.Split(rel, "/")
	for _, name := range parts[:len(parts)-1] {
		e := dir.entry(name)
		if e.inode == nil {
			e.inode = m.emptyDir()
		}
		if !e.inode.node.IsDir() {
			return &ContentError{v.location, "the place of the subvolume lies below " + name + ", which is no directory"}
		}
		dir = e.inode
	}
	name := parts[len(parts)-1]
	if len(name) > 255 {
		return &ContentError{v.location, "the name of the subvolume is longer than 255 bytes"}
	}
	e := dir.entry(name)
	if e.inode != nil && (!e.inode.node.IsDir() || len(e.inode.entries) > 0) {
		return &ContentError{v.location, "there is something else at the place of the subvolume"}
	}
	e.inode, e.sub = nil, v
	v.dir, v.name = dir, name
	return nil
}

// entry returns the entry of the name, a new empty one if there is none.
func (d *inode) entry(name string) *entry {
	i, found := slices.BinarySearchFunc(d.entries, name, func(e entry, s string) int {
		return strings.Compare(e.name, s)
	})
	if !found {
		d.entries = slices.Insert(d.entries, i, entry{name: name})
	}
	return &d.entries[i]
}

// number gives the inodes their numbers, each directory before what is in it.
func (v *subvolume) number() {
	v.root.num = firstFreeID
	v.root.names = []inodeName{{v.root, 0, ".."}}
	v.inodes = append(v.inodes, v.root)
	v.descend(v.root)
}

func (v *subvolume) descend(dir *inode) {
	for i, e := range dir.entries {
		index := uint64(i) + 2
		if e.sub != nil {
			e.sub.index = index
			continue
		}
		e.inode.names = append(e.inode.names, inodeName{dir, index, e.name})
		if e.inode.num != 0 {
			continue
		}
		e.inode.num = firstFreeID + uint64(len(v.inodes))
		v.inodes = append(v.inodes, e.inode)
		v.descend(e.inode)
	}
}
