package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/fimg/fimg/assembler"
	"github.com/fimg/fimg/assembler/manifest"
	"github.com/fimg/fimg/description"
)

// work are the flags shared by verbs that resolve or build.
type work struct {
	cacheDir string
	offline  bool
	jobs     int
	proxy    string
	lock     string
	formats  []string
	seed     string
	insecure []string

	prepared *assembler.Prepared // to make images of a root tree that is there
	root     string              // of it
}

func (w *work) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&w.cacheDir, "cache-dir", "", "directory of verified downloads (default: fimg in the user's cache directory)")
	f.BoolVar(&w.offline, "offline", false, "never touch the network")
	numberVar(f, &w.jobs, "jobs", 0, 0, "work done at once (default: one for each CPU)")
	f.StringVar(&w.proxy, "proxy", "", "proxy URL, or none")
	f.StringVar(&w.lock, "lock", "", "use exactly the packages of this lock file")
	f.StringArrayVar(&w.formats, "format", nil, "make this disk format too; repeatable")
	f.StringArrayVar(&w.insecure, "insecure-registry", nil, "speak to this container registry, HOST or HOST:PORT, without TLS; repeatable")
	f.StringVar(&w.seed, "seed", "", "word that goes into all identifiers of the image")
}

// plan makes the plan of one image.
func (a *app) plan(ctx context.Context, w *work, img *description.Image, p *printer) (*assembler.Plan, error) {
	when, err := epoch()
	if err != nil {
		return nil, err
	}
	opts := assembler.Options{CacheDir: w.cacheDir, Offline: w.offline, Proxy: w.proxy, Formats: w.formats,
		InsecureRegistries: w.insecure, Seed: w.seed, Epoch: when, Events: p.event, Log: a.log}
	if w.lock != "" {
		if opts.Lock, err = readLock(w.lock); err != nil {
			return nil, err
		}
	}
	if p := w.prepared; p != nil {
		opts.Lock, opts.Epoch, opts.Seed = p.Lock, p.Epoch, p.Seed
	}
	return assembler.MakePlan(ctx, img, opts)
}

// build carries out a plan.
func (w *work) build(ctx context.Context, plan *assembler.Plan, opts assembler.BuildOptions) (*assembler.Result, error) {
	if w.prepared != nil {
		return assembler.Create(ctx, plan, w.root, opts)
	}
	return assembler.Build(ctx, plan, opts)
}

func readLock(name string) (*manifest.Lock, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, usageError{err}
	}
	defer f.Close()
	lock, err := manifest.ReadLock(f)
	var bad *manifest.LockError
	if errors.As(err, &bad) {
		bad.File = name
	}
	return lock, err
}

func newBuildCmd(a *app) *cobra.Command {
	var s selection
	var w work
	var target, workDir string
	var push []string
	var keepRoot bool
	cmd := &cobra.Command{
		Use:   "build",
		Short: "Build images",
		Long: "Build one image for each image profile that is named, from shared downloads.\n" +
			"Results appear in the target directory when all of them are whole.",
		Example: "  fimg build --profile Cloud-Base-Generic --target-dir out\n" +
			"  fimg build --profile Cloud-Base-Azure --repo ./packages --format qcow2 --target-dir out",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			private, err := a.enterBuild()
			if err != nil {
				return err
			}
			images, err := s.images(cmd.Context())
			if err != nil {
				return err
			}
			opts := assembler.BuildOptions{TargetDir: target, WorkDir: workDir, CacheDir: w.cacheDir, Offline: w.offline,
				Jobs: w.jobs, Proxy: w.proxy, InsecureRegistries: w.insecure, KeepRoot: keepRoot, PrivateMounts: private, Log: a.log}
			return a.buildAll(cmd.Context(), images, &w, opts, push)
		},
	}
	s.add(cmd)
	w.add(cmd)
	cmd.Flags().StringVar(&target, "target-dir", "out", "directory for the results")
	cmd.Flags().StringVar(&workDir, "work-dir", "", "directory for the root tree while it is built (default: memory, or in the target directory when there is not plenty)")
	cmd.Flags().StringArrayVar(&push, "push", nil, "store the finished container in a registry as HOST/NAME:TAG; repeatable")
	cmd.Flags().BoolVar(&keepRoot, "keep-root", false, "leave the root tree in build/image-root")
	return cmd
}

// enterBuild prepares the process for a build.
func (a *app) enterBuild() (private bool, err error) {
	if a.enter == nil {
		return false, nil
	}
	return a.enter()
}

// planAll plans all images, so that a mistake in one is found before hours of work
// on another.
func (a *app) planAll(ctx context.Context, images []*description.Image, w *work, push []string, p *printer) ([]*assembler.Plan, error) {
	switch {
	case len(push) > 0 && len(images) > 1:
		return nil, usageError{errors.New("push: several images cannot have one name")}
	case len(push) > 0 && w.offline:
		return nil, usageError{errors.New("push: the network may not be used")}
	}
	plans := make([]*assembler.Plan, len(images))
	for i, img := range images {
		plan, err := a.plan(ctx, w, img, p)
		if err == nil && len(push) > 0 {
			err = assembler.CanPush(plan, push...)
		}
		if err != nil {
			return nil, err
		}
		p.notes(plan)
		plans[i] = plan
	}
	return plans, nil
}

// buildAll plans all images before it builds the first. Several images get a
// directory each.
func (a *app) buildAll(ctx context.Context, images []*description.Image, w *work, opts assembler.BuildOptions, push []string) error {
	p := a.newPrinter()
	defer p.close()
	plans, err := a.planAll(ctx, images, w, push, p)
	if err != nil {
		return err
	}
	target := opts.TargetDir
	for _, plan := range plans {
		if len(plans) > 1 {
			opts.TargetDir = filepath.Join(target, plan.Image.Profiles[0])
		}
		opts.Events = p.event
		result, err := w.build(ctx, plan, opts)
		if err != nil {
			return err
		}
		p.close()
		if err := a.printResult(plan, result); err != nil {
			return err
		}
		to := assembler.PushOptions{TempDir: opts.TargetDir, InsecureRegistries: opts.InsecureRegistries, Proxy: opts.Proxy}
		for _, ref := range push {
			if err := assembler.Push(ctx, plan, result, ref, to); err != nil {
				return err
			}
		}
	}
	return nil
}

// printResult prints the outputs and where the time went.
func (a *app) printResult(plan *assembler.Plan, r *assembler.Result) error {
	if a.json {
		return json.NewEncoder(a.out).Encode(map[string]any{"type": "result", "image": plan.Image.Name,
			"profiles": plan.Image.Profiles, "products": r.Products, "times": r.Times, "seconds": r.Total.Seconds()})
	}
	return a.printTables(r)
}
