package minidistro

import (
	"archive/tar"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// merged moves the four top-level directories below /usr.
func merged(name string) string {
	top, _, _ := strings.Cut(name, "/")
	if slices.Contains([]string{"bin", "sbin", "lib", "lib64", "lib32", "libx32"}, top) {
		return "usr/" + name
	}
	return name
}

// unpackAll makes a package of every group of Debian packages and stages its
// files.
func (m *maker) unpackAll() error {
	members := map[string][]string{}
	for _, n := range sortedKeys(m.rpmOf) {
		members[m.rpmOf[n]] = append(members[m.rpmOf[n]], n)
	}
	for _, name := range sortedKeys(members) {
		debs := members[name]
		order := m.merge[name]
		slices.SortStableFunc(debs, func(a, b string) int { return slices.Index(order, a) - slices.Index(order, b) })
		p := m.fromDebian(name, debs)
		for _, d := range debs {
			if err := m.unpack(m.path("debs/"+m.debName(d)), p); err != nil {
				return err
			}
		}
	}
	return nil
}

func (m *maker) unpack(deb string, p *pkg) error {
	drop := globs(m.lines("drop.txt"))
	return m.tarOf(deb, func(r io.Reader) error {
		archive := tar.NewReader(r)
		for {
			h, err := archive.Next()
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return err
			}
			name := path.Clean(strings.TrimPrefix(strings.TrimPrefix(h.Name, "."), "/"))
			if name == "." || strings.HasPrefix(name, "..") {
				continue
			}
			if err := m.stage(p, archive, h, name, drop); err != nil {
				return err
			}
		}
	})
}

// stage puts one member of a .deb into a package's tree.
func (m *maker) stage(p *pkg, content io.Reader, h *tar.Header, name string, drop []*regexp.Regexp) error {
	to := merged(name)
	if matchAny(drop, to) {
		return nil
	}
	n := node{mode: uint32(h.Mode) & 0o7777, user: orRoot(h.Uname), group: orRoot(h.Gname)}
	full := p.path(to)
	if h.Typeflag == tar.TypeDir {
		if n.kind = 'd'; !p.has(to) && !isTopDir(to) {
			p.nodes[to] = n
		}
		return os.MkdirAll(full, 0o755)
	}
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		return err
	}
	os.Remove(full)
	var err error
	switch h.Typeflag {
	case tar.TypeSymlink:
		n.kind = 'l'
		err = os.Symlink(linkTarget(name, to, h.Linkname), full)
	case tar.TypeLink:
		n.kind = 'f'
		err = os.Link(p.path(merged(path.Clean(strings.TrimPrefix(h.Linkname, "./")))), full)
	case tar.TypeReg:
		n.kind = 'f'
		err = stageFile(full, content, h)
	default:
		return nil
	}
	p.nodes[to] = n
	return err
}

func isTopDir(name string) bool {
	return slices.Contains([]string{"usr/bin", "usr/sbin", "usr/lib", "usr/lib64"}, name)
}

func orRoot(name string) string {
	if name == "" {
		return "root"
	}
	return name
}

// linkTarget keeps a relative link pointing to the same file after the merge.
func linkTarget(name, to, target string) string {
	if strings.HasPrefix(target, "/") || (name == to && !strings.Contains(target, "..")) {
		return target
	}
	old := strings.TrimPrefix(path.Join("/", path.Dir(name), target), "/")
	rel, err := filepath.Rel("/"+path.Dir(to), "/"+merged(old))
	if err != nil {
		return target
	}
	return rel
}

func stageFile(full string, content io.Reader, h *tar.Header) error {
	f, err := os.OpenFile(full, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, os.FileMode(h.Mode&0o777|0o600))
	if err != nil {
		return err
	}
	if _, err := io.Copy(f, content); err != nil {
		f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Chtimes(full, h.ModTime, h.ModTime)
}
