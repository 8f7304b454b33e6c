package oci

import (
	"archive/tar"
	"context"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/fimg/fimg/tree"
)

// Extract shows what the layers add up to: every path that no later layer
// replaces or removes, a directory before what it holds. The second and later
// names of a file come with the name it is linked to. Content may be read until
// fn returns.
func (i *Image) Extract(ctx context.Context, fn func(n *tree.Node, link string, content io.Reader) error) error {
	paths, err := i.flatten()
	if err != nil {
		return err
	}
	for n, l := range i.Layers {
		err := l.members(func(index int, h *tar.Header, content io.Reader) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			name := strings.TrimPrefix(path.Clean("/"+h.Name), "/")
			s, there := paths[name]
			if !there || s.from != (member{n, index}) {
				return nil
			}
			if to, linked := paths[s.alias]; s.alias != "" && (!linked || to.sum != s.sum) {
				return fmt.Errorf("%s is linked to %s, which a later layer replaces: not supported", name, s.alias)
			}
			return fn(&s.node, s.alias, content)
		})
		if err != nil {
			return fmt.Errorf("extract layer %s: %w", l.Digest, err)
		}
	}
	return nil
}

// Spool fetches every layer into a temporary file, so that reading them again
// fetches nothing. What arrives is verified.
func (i *Image) Spool(ctx context.Context, dir string) error {
	for n := range i.Layers {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := i.spool(&i.Layers[n], dir); err != nil {
			return fmt.Errorf("fetch layer %s: %w", i.Layers[n].Digest, err)
		}
	}
	return nil
}

func (i *Image) spool(l *Layer, dir string) error {
	f, err := temporary(dir)
	if err != nil {
		return err
	}
	i.close = append(i.close, f.Close)
	r, err := l.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	size, err := io.Copy(f, r)
	if err != nil {
		return err
	}
	l.open = func() (io.ReadCloser, error) { return io.NopCloser(io.NewSectionReader(f, 0, size)), nil }
	return nil
}

// Architecture is that of the configuration, as Go names it.
func (i *Image) Architecture() string { return i.config.Architecture }
