package assembler

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/fimg/fimg/description"
	"github.com/fimg/fimg/formats/archive"
	"github.com/fimg/fimg/formats/compress"
	"github.com/fimg/fimg/formats/oci"
	"github.com/fimg/fimg/tree"
)

// standard excludes of a root tree that becomes an archive or a container.
var standardExcludes = []string{"image", ".kconfig", ".buildenv", "run/*", "tmp/*", "var/cache/kiwi", "dev/*", "sys/*", "proc/*"}

// containers writes the outputs that are made of the tree and not of a disk.
func (b *builder) containers(ctx context.Context) error {
	if err := os.MkdirAll(b.unfinished(""), 0o755); err != nil {
		return fmt.Errorf("make outputs: %w", err)
	}
	t := tree.Dir(b.root.Dir(), b.treeOptions())
	for _, o := range b.plan.Outputs {
		if err := b.treeOutput(ctx, t, o); err != nil {
			return fmt.Errorf("write %s: %w", o.Format, err)
		}
	}
	return b.dropRoot(ctx)
}

// anyOf leaves out what one of two leaves out; the second may be nil.
func anyOf(first, second func(string) bool) func(string) bool {
	if second == nil {
		return first
	}
	return func(path string) bool { return first(path) || second(path) }
}

func (b *builder) treeOutput(ctx context.Context, t tree.Tree, o Output) error {
	opts := archive.Options{Workers: b.workers(), Exclude: anyOf(archive.Excluding(standardExcludes...), b.excluded), Latest: b.plan.Epoch}
	switch o.Format {
	case "wsl":
		opts.Exclude = anyOf(opts.Exclude, archive.Excluding("boot"))
		return b.toFile(o.File, func(w io.Writer) error { return archive.WSL(ctx, t, w, opts) })
	case "tbz":
		return b.toFile(o.File, func(w io.Writer) error { return archive.TBZ(ctx, t, w, opts) })
	}
	return b.containerImage(ctx, t, o)
}

// containerImage writes an oci-archive or a docker archive, packed with xz.
func (b *builder) containerImage(ctx context.Context, t tree.Tree, o Output) error {
	a := &b.plan.Image.Type.Attr
	image, err := oci.Build(ctx, t, containerConfig(b.plan), oci.Options{Base: b.base, Workers: b.workers(), TempDir: b.work,
		Exclude: anyOf(oci.DefaultExclude(a.EnsureEmptyTmpdirs.IsFalse()), b.excluded)})
	if err != nil {
		return err
	}
	defer image.Close()
	opts := oci.ArchiveOptions{Compression: compress.XZ, Workers: b.workers(), Time: b.plan.Epoch, TempDir: b.work}
	return b.toFile(o.File, func(w io.Writer) error {
		if o.Format == "docker" {
			return image.WriteDocker(ctx, w, opts)
		}
		return image.WriteArchive(ctx, w, opts)
	})
}

// containerConfig maps the description's containerconfig.
func containerConfig(p *Plan) oci.Config {
	c := oci.Config{Arch: p.Image.Arch, Created: p.Epoch}
	from := p.Image.Type.Container
	if from == nil {
		return c
	}
	c.Name, c.Tag, c.AdditionalNames = from.Name, from.Tag, from.AdditionalNames
	c.Author, c.User, c.WorkingDir, c.StopSignal = from.Maintainer, from.User, from.WorkingDir, from.StopSignal
	c.Entrypoint, c.Cmd = arguments(from.Entrypoint), arguments(from.Subcommand)
	c.Env, c.Labels = optionMap(from.Environment), optionMap(from.Labels)
	c.Ports, c.Volumes = from.Expose, from.Volumes
	c.CreatedBy, c.HistoryAuthor, c.Comment = from.History.CreatedBy, from.History.Author, from.History.Comment
	return c
}

// arguments is nil when nothing is said, and empty when a base's is cleared.
func arguments(c *description.Command) []string {
	if c == nil {
		return nil
	}
	return append([]string{}, c.Args...)
}

func optionMap(list []description.Option) map[string]string {
	m := map[string]string{}
	for _, o := range list {
		m[o.Name] = o.Value
	}
	return m
}

func (b *builder) toFile(name string, write func(io.Writer) error) error {
	f, err := os.Create(b.unfinished(name))
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}
