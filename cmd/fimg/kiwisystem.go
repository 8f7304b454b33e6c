package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/fimg/fimg/assembler"
	"github.com/fimg/fimg/description"
)

func (k *kiwi) build(ctx context.Context, private bool) error {
	if k.targetDir == "" {
		return usageError{errors.New("system build needs --target-dir")}
	}
	images, err := k.images(ctx, "system build")
	if err != nil {
		return err
	}
	w, opts := k.options()
	opts.PrivateMounts = private
	return k.a.buildAll(ctx, images, w, opts, nil)
}

// images loads the description, for which everything --setenv says is set.
func (k *kiwi) images(ctx context.Context, command string) ([]*description.Image, error) {
	if k.s.description == "" {
		return nil, usageError{errors.New(command + " needs --description")}
	}
	k.s.together = true
	for _, e := range k.setEnv {
		name, value, _ := strings.Cut(e, "=")
		if err := os.Setenv(name, value); err != nil {
			return nil, usageError{err}
		}
	}
	return k.s.images(ctx)
}

// makeBundle makes the result bundle.
func (k *kiwi) makeBundle(ctx context.Context) error {
	if k.targetDir == "" || k.bundle.BundleDir == "" || k.bundle.ID == "" {
		return usageError{errors.New("result bundle needs --target-dir, --bundle-dir and --id")}
	}
	k.bundle.TargetDir = k.targetDir
	_, err := assembler.Bundle(ctx, k.bundle)
	return err
}

// options are those of every command that builds.
func (k *kiwi) options() (*work, assembler.BuildOptions) {
	w := &work{cacheDir: filepath.Join(k.sharedDir, "fimg")}
	return w, assembler.BuildOptions{TargetDir: k.targetDir, CacheDir: w.cacheDir, Log: k.a.log,
		KeepPackages: filepath.Join(k.sharedDir, "dnf", "cache", "packages")}
}

// prepare makes the root tree only.
func (k *kiwi) prepare(ctx context.Context) error {
	if k.root == "" {
		return usageError{errors.New("system prepare needs --root")}
	}
	images, err := k.images(ctx, "system prepare")
	if err != nil {
		return err
	}
	w, opts := k.options()
	p := k.a.newPrinter()
	defer p.close()
	plan, err := k.a.plan(ctx, w, images[0], p)
	if err != nil {
		return err
	}
	p.notes(plan)
	opts.Events = p.event
	_, err = assembler.Prepare(ctx, plan, k.root, k.allow, opts)
	return err
}

// create makes the images of a root tree that prepare made, as the description and
// the record in it say. Other profiles and another type may be asked for.
func (k *kiwi) create(ctx context.Context) error {
	if k.root == "" || k.targetDir == "" {
		return usageError{errors.New("system create needs --root and --target-dir")}
	}
	prepared, err := assembler.ReadPrepared(k.root)
	if err != nil {
		return err
	}
	k.s.description, k.s.file, k.s.arch = filepath.Join(k.root, assembler.DescriptionDir), "", prepared.Arch
	if len(k.s.profiles) == 0 {
		k.s.profiles = prepared.Profiles
	}
	if k.s.kind == "" {
		k.s.kind = prepared.Type
	}
	images, err := k.images(ctx, "system create")
	if err != nil {
		return err
	}
	w, opts := k.options()
	w.prepared, w.root = prepared, k.root
	return k.a.buildAll(ctx, images, w, opts, nil)
}
