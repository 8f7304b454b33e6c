package assembler

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/fimg/fimg/assembler/chroot"
	"github.com/fimg/fimg/assembler/system"
	"github.com/fimg/fimg/tree/rootfs"
)

// prepare makes the work directory and the empty root. The returned function
// takes both away.
func (b *builder) prepare(ctx context.Context) (func() error, error) {
	if b.opts.TargetDir == "" {
		return nil, usage("build: no target directory")
	}
	target, err := filepath.Abs(b.opts.TargetDir)
	if err != nil {
		return nil, fmt.Errorf("prepare target: %w", err)
	}
	b.opts.TargetDir = target
	made, lock, err := claimDir(target)
	if err != nil {
		return nil, fmt.Errorf("prepare target: %w", err)
	}
	workMade, workLock, err := b.claimWork(target)
	if err != nil {
		removeEmpty(made)
		return nil, errors.Join(fmt.Errorf("prepare work directory: %w", err), lock.Close())
	}
	b.work = filepath.Join(workDir(b.opts), workName)
	if b.opts.KeepRoot {
		b.keep = filepath.Join(workDir(b.opts), "build", "image-root")
	}
	release := func() error {
		err := b.removeWork(ctx)
		removeEmpty(append(workMade, made...)) // while nobody else can use them
		return errors.Join(err, workLock.Close(), lock.Close())
	}
	if err := b.makeRoot(); err != nil {
		b.keep = ""
		return nil, errors.Join(err, b.closeRoot(), release())
	}
	return release, nil
}

// claimWork keeps two builds with different targets out of one work directory:
// each begins by removing what an earlier one left there.
func (b *builder) claimWork(target string) (made []string, lock io.Closer, err error) {
	work, err := filepath.Abs(workDir(b.opts))
	if err != nil || work == target {
		return nil, io.NopCloser(nil), err
	}
	b.opts.WorkDir = work
	return claimDir(work)
}

const workName = ".fimg-build"

func workDir(opts BuildOptions) string {
	if opts.WorkDir != "" {
		return opts.WorkDir
	}
	return opts.TargetDir
}

func (b *builder) makeRoot() error {
	if err := errors.Join(removeTree(b.work), removeTree(b.staging())); err != nil {
		return fmt.Errorf("remove the rest of an earlier build: %w", err)
	}
	if err := os.MkdirAll(b.work, 0o755); err != nil {
		return fmt.Errorf("prepare work directory: %w", err)
	}
	if b.ready == nil {
		var err error
		if b.rootDir, err = rootfs.MakeApart(b.work, "root-"); err != nil {
			return err
		}
		b.rootToMemory()
	}
	if err := b.checkSpace(); err != nil {
		return err
	}
	if err := b.openRoot(); err != nil || b.ready != nil {
		return err
	}
	return b.sys.Skeleton()
}

// openRoot opens the root tree for everything that works in it.
func (b *builder) openRoot() error {
	root, err := rootfs.Open(b.rootDir)
	if err != nil {
		return err
	}
	b.root = root
	b.sys = &system.System{Root: root, Image: b.plan.Image, Events: b.opts.Events, Epoch: b.plan.Epoch,
		MachineID: strings.ReplaceAll(b.plan.seed().UUID("machine").String(), "-", "")}
	temporary := !b.sys.KeepsTemporary()
	b.run = &runner{root: root, events: b.opts.Events, phase: "install",
		env:     []string{fmt.Sprintf("SOURCE_DATE_EPOCH=%d", b.plan.Epoch.Unix())},
		options: chroot.Options{Arch: b.plan.Image.Arch, Tmp: temporary, Run: temporary, Network: !b.opts.Offline, Log: b.opts.Log}}
	b.sys.Run = b.run.run
	b.sys.Again = b.ready != nil
	return nil
}

// closeRoot ends everything that uses the root tree.
func (b *builder) closeRoot() (err error) {
	if b.run != nil {
		err = b.run.close()
	}
	if b.root != nil {
		err = errors.Join(err, b.root.Close())
		b.root = nil
	}
	return err
}

// dropRoot takes the root tree away, once everything is made of it, while the
// build goes on.
func (b *builder) dropRoot(ctx context.Context) error {
	if b.keep != "" || b.ready != nil {
		return nil
	}
	if err := b.closeRoot(); err != nil {
		return err
	}
	b.gone = make(chan error, 1)
	go func() { b.gone <- b.removeRoot(ctx) }()
	return nil
}

// removeRoot takes the root tree away. What its packages brought goes into the store.
func (b *builder) removeRoot(ctx context.Context) error {
	if err := b.handover.Store(ctx, b.rootDir); err != nil && b.opts.Log != nil {
		b.opts.Log.Info("packages are not kept for the next build", "error", err)
	}
	if b.memory != nil {
		if err := b.memory(); err != nil {
			return err
		}
		b.memory = nil
	}
	return removeTree(b.rootDir)
}

// rootGone waits until a root tree that was dropped is gone.
func (b *builder) rootGone() error {
	if b.gone == nil {
		return nil
	}
	err := <-b.gone
	b.gone = nil
	return err
}

// removeWork takes the work directory away, or leaves the root tree in it when
// that was asked for.
func (b *builder) removeWork(ctx context.Context) (err error) {
	switch {
	case b.ready != nil:
	case b.keep != "":
		err = b.keepRoot()
	default:
		err = errors.Join(b.rootGone(), b.removeRoot(ctx))
	}
	return errors.Join(err, removeTree(b.work), removeTree(b.staging()))
}

func (b *builder) keepRoot() error {
	if err := errors.Join(removeTree(b.keep), os.MkdirAll(filepath.Dir(b.keep), 0o755)); err != nil {
		return err
	}
	if err := os.Rename(b.rootDir, b.keep); err != nil {
		return fmt.Errorf("keep root: %w", err)
	}
	b.result.Root = b.keep
	return nil
}
