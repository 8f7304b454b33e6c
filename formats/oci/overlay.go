package oci

import (
	"archive/tar"
	"crypto/sha256"
	"fmt"
	"io"
	"path"
	"strings"
)

// maxPaths is the most paths that the layers of a base image may have.
const maxPaths = 5_000_000

// flatten reads the layers of an image and returns what they add up to.
func (i *Image) flatten() (map[string]state, error) {
	o := newOverlay()
	for _, l := range i.Layers {
		err := l.members(o.add)
		if err == nil {
			err = o.next()
		}
		if err != nil {
			return nil, fmt.Errorf("read layer %s: %w", l.Digest, err)
		}
	}
	return o.paths, nil
}

// overlay is what the layers read so far add up to.
type overlay struct {
	paths map[string]state
	layer int
	own   []string // paths that this layer has put there
	lower names    // paths that those below it have, as far as they are left
}

func newOverlay() *overlay { return &overlay{paths: map[string]state{}} }

// next ends a layer.
func (o *overlay) next() error {
	for _, p := range o.own {
		o.lower.add(p)
	}
	if o.layer, o.own = o.layer+1, nil; o.lower.count > maxPaths {
		return tooMany()
	}
	return nil
}

func tooMany() error { return fmt.Errorf("more than %d paths", maxPaths) }

// add lays one member of a layer over what is there.
func (o *overlay) add(index int, h *tar.Header, content io.Reader) error {
	name := strings.TrimPrefix(path.Clean("/"+h.Name), "/")
	if name == "" {
		return nil
	}
	dir, base := path.Split(name)
	switch hidden, white := strings.CutPrefix(base, ".wh."); {
	case white && hidden == ".wh..opq" || white && hidden == "":
		o.removeBelow(strings.TrimSuffix(dir, "/"))
		return nil
	case white:
		o.remove(dir + hidden)
		return nil
	}
	s, err := o.state(name, h, content)
	if err != nil {
		return err
	}
	s.from = member{o.layer, index}
	old, there := o.paths[name]
	if there && old.node.IsDir() && !s.node.IsDir() {
		o.removeBelow(name)
	}
	if !there || old.from.layer != o.layer {
		o.own = append(o.own, name)
	}
	if o.paths[name] = s; len(o.paths) > maxPaths {
		return tooMany()
	}
	return nil
}

// state is what a member makes of its path.
func (o *overlay) state(name string, h *tar.Header, content io.Reader) (state, error) {
	s := state{node: nodeOf(name, h)}
	switch h.Typeflag {
	case tar.TypeReg:
		hash := sha256.New()
		if _, err := io.Copy(hash, content); err != nil {
			return s, err
		}
		s.sum = [sha256.Size]byte(hash.Sum(nil))
	case tar.TypeLink:
		target, ok := o.paths[strings.TrimPrefix(path.Clean("/"+h.Linkname), "/")]
		if !ok {
			return s, fmt.Errorf("hard link %s to nothing", name)
		}
		s = target
		s.node.Path, s.alias = name, target.node.Path
	}
	return s, nil
}

// remove takes away what lower layers have at a path and below it.
func (o *overlay) remove(name string) {
	o.removeBelow(name)
	o.lower.drop(name)
	o.forget(name)
}

// removeBelow takes away what lower layers have below a directory, the root being
// the empty path.
func (o *overlay) removeBelow(dir string) {
	o.lower.empty(dir, o.forget)
}

// forget takes one path away unless this layer has put it there.
func (o *overlay) forget(name string) {
	if s, there := o.paths[name]; there && s.from.layer != o.layer {
		delete(o.paths, name)
	}
}
