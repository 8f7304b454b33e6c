package archive

import (
	"context"
	"io"
	"path"
	"strings"

	"github.com/fimg/fimg/formats/compress"
	"github.com/fimg/fimg/tree"
)

// What kiwi leaves out of archives: working files of a build, and for WSL the
// file systems that its own kernel provides.
var (
	building = []string{"image", ".kconfig", ".buildenv", "run/*", "tmp/*", "var/cache/kiwi"}
	foreign  = []string{"boot", "dev", "sys", "proc"}
)

// Excluding returns an Exclude function for patterns relative to the root: a
// path with everything below it, or "DIR/*" for everything below alone. Other
// wildcards are those of path.Match.
func Excluding(patterns ...string) func(string) bool {
	var list []string
	for _, p := range patterns {
		if p = strings.Trim(p, "/ \t"); p != "" {
			list = append(list, p)
		}
	}
	return func(name string) bool {
		for _, p := range list {
			if ok, err := path.Match(p, name); ok && err == nil {
				return true
			}
		}
		return false
	}
}

// TBZ writes kiwi's root archive: an xz tar, whatever its name says.
func TBZ(ctx context.Context, t tree.Tree, out io.Writer, opts Options) error {
	opts.Compression = compress.XZ
	opts.Exclude = also(opts.Exclude, Excluding(building...))
	return Write(ctx, t, out, opts)
}

// WSL writes a distribution for the Windows Subsystem for Linux: a gzip tar with
// /etc/wsl-distribution.conf and /etc/wsl.conf in it. It is a MissingError when
// the tree lacks one of them.
func WSL(ctx context.Context, t tree.Tree, out io.Writer, opts Options) error {
	need := map[string]bool{"etc/wsl-distribution.conf": true, "etc/wsl.conf": true}
	if err := t.Walk(ctx, func(n *tree.Node) error { delete(need, n.Path); return nil }); err != nil {
		return err
	}
	for _, p := range []string{"etc/wsl-distribution.conf", "etc/wsl.conf"} {
		if need[p] {
			return &MissingError{Format: "wsl", Path: p}
		}
	}
	opts.Compression = compress.Gzip
	opts.Exclude = also(opts.Exclude, Excluding(append(foreign[:len(foreign):len(foreign)], building...)...))
	return Write(ctx, t, out, opts)
}

func also(a, b func(string) bool) func(string) bool {
	if a == nil {
		return b
	}
	return func(p string) bool { return a(p) || b(p) }
}
