package assembler

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"github.com/fimg/fimg/assembler/manifest"
)

// publish moves every result into the target directory. Nothing of it appeared
// there before, so a failure leaves the directory as it was.
func (b *builder) publish(ctx context.Context) error {
	if err := b.listProducts(ctx); err != nil {
		return err
	}
	if err := b.rootGone(); err != nil {
		return err
	}
	from, err := b.stage(ctx)
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = moveAll(from, b.opts.TargetDir)
	}
	if err != nil {
		return fmt.Errorf("publish results: %w", err)
	}
	return nil
}

func (b *builder) listProducts(ctx context.Context) error {
	b.result.Products = make([]Product, len(b.plan.Outputs))
	group, ctx := errgroup.WithContext(ctx)
	for i := range b.plan.Outputs {
		group.Go(func() (err error) {
			b.result.Products[i], err = b.product(ctx, &b.plan.Outputs[i])
			return err
		})
	}
	return group.Wait()
}

func (b *builder) product(ctx context.Context, o *Output) (Product, error) {
	name := b.unfinished(o.File)
	sum, err := manifest.FileSum(ctx, name)
	if err != nil {
		return Product{}, err
	}
	var st unix.Stat_t
	if err := unix.Stat(name, &st); err != nil {
		return Product{}, fmt.Errorf("list results: %w", err)
	}
	return Product{Path: filepath.Join(b.opts.TargetDir, o.File), Format: o.Format, Size: st.Size, Stored: st.Blocks * 512, SHA256: sum}, nil
}

// staging is the place in the target directory for what is not to be seen there yet.
func (b *builder) staging() string { return filepath.Join(b.opts.TargetDir, workName) }

// stage brings the results from a work directory elsewhere to the file system of the
// target directory, and returns where they are.
func (b *builder) stage(ctx context.Context) (string, error) {
	from, to := b.unfinished(""), b.staging()
	if b.work == to {
		return from, nil
	}
	err := os.Rename(from, to)
	if !errors.Is(err, unix.EXDEV) {
		return to, err
	}
	entries, err := os.ReadDir(from)
	if err == nil {
		err = os.Mkdir(to, 0o755)
	}
	for _, e := range entries {
		if err == nil {
			err = copySparse(ctx, filepath.Join(from, e.Name()), filepath.Join(to, e.Name()))
		}
	}
	return to, err
}

// moveAll gives all files of a directory their names in another one, the lists of
// them last. Where one cannot have its name all go back, and what was there before is
// there again.
func moveAll(from, to string) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	slices.SortStableFunc(entries, func(a, b os.DirEntry) int { return cmp.Compare(isList(a.Name()), isList(b.Name())) })
	for i, e := range entries {
		if err := exchange(filepath.Join(from, e.Name()), filepath.Join(to, e.Name())); err != nil {
			for _, done := range slices.Backward(entries[:i]) {
				err = errors.Join(err, takeBack(filepath.Join(from, done.Name()), filepath.Join(to, done.Name())))
			}
			return err
		}
	}
	return nil
}

// isList is 1 for the lists of results and 0 for any other file.
func isList(name string) int {
	if name == ResultFile || name == tagsFile {
		return 1
	}
	return 0
}

// exchange gives a file another name; what had it gets the file's, where the file
// system can do that.
func exchange(from, to string) error {
	info, err := os.Lstat(to)
	if err == nil && info.IsDir() {
		return usage("%s is a directory", to)
	}
	if err == nil {
		err = unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, to, unix.RENAME_EXCHANGE)
		if err == nil {
			return nil
		}
	}
	return os.Rename(from, to)
}

// takeBack undoes an exchange.
func takeBack(from, to string) error {
	if _, err := os.Lstat(from); err == nil {
		return exchange(from, to)
	}
	return os.Rename(to, from)
}
